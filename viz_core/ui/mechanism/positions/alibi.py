"""Positions: ALiBi. A slope for each head, the bias it makes, and what that does to a real head's weights."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import streamlit as st
from torch import Tensor

from viz_core import positions
from viz_core.analysis import places
from viz_core.edits import Edits
from viz_core.figures import Curve, curves, palette
from viz_core.figures.amounts import amounts
from viz_core.language import _
from viz_core.ui import controls, maps, show, store, whatif
from viz_core.ui.mechanism.positions import borrowed
from viz_core.ui.scene import Scene
from viz_core.ui.show import number


def alibi(loaded: Scene) -> list[str]:
    maps.explain(
        r"\begin{array}{l} S_{ij} = \dfrac{q_i\cdot k_j}{\sqrt{d_k}} - m_h\,(i-j) \\[10pt] "
        r"m_h = 2^{-8(h+1)/H} \quad (h=0\ldots H-1) \end{array}",
        _(
            "ALiBi adds nothing to the tokens. Every head takes from each score its own **slope** times the distance, "
            "so far keys lose. Slopes are fixed: a steep head looks near, a flat one may look far."
        ),
        ""
        if loaded.config.n_head & (loaded.config.n_head - 1) == 0 or loaded.config.positions != "alibi"
        else _("For other than 2, 4, 8, … heads the slopes between are filled in (the paper's footnote 3)."),
    )
    scene = borrowed.scene_with(loaded, "alibi")
    if scene is None:
        return []
    controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    keys = _maps(scene)
    if len(scene.tokens) == 1:
        st.markdown(_("A single token is no distance away from itself: the bias is 0, and the one weight is 1 anyway."))
    left, right = st.columns(2, gap="medium")
    with left:
        keys.append(_bias(scene))
    with right:
        _slopes(scene)
    left, right = st.columns(2, gap="medium")
    with left:
        _reach(scene)
    with right:
        whatif.prediction(scene, Edits(positions="zeroed"), key="unbiased", name=_("without the bias"))
        st.caption(
            _(
                "Here the bias is taken from every head of every layer. The model was trained with it: what it does "
                "without is no measure of a model that was trained without."
            )
        )
    return keys if scene is loaded else []


def _maps(scene: Scene) -> list[str]:
    at, record = scene.choice, scene.record
    weights = store.stages(scene.model, scene.text, at.layer, at.head).weights[0]
    other = store.finding(
        ("unbiased", *at.identity(scene.model, scene.text)), lambda: replace(record, bias=None).weights[0]
    )
    rule: dict[str, Any] = {"unit": _("weight"), "weights": True, "allowed": scene.allowed.numpy()}
    left, right = st.columns(2, gap="medium")
    with left:
        maps.cells(scene, "biased", weights, _("weights, as it is"), _("row looks at column"), **rule)
    with right:
        words = _("weights without the bias"), _("the same q and k; row looks at column")
        maps.cells(scene, "plain", other, *words, **rule)
    return ["biased", "plain"]


def _bias(scene: Scene) -> str:
    says = _("added to the scaled score: −{slope} for each token of distance").format(slope=number(_slope(scene)))
    bias, allowed = cast(Tensor, scene.record.bias)[0], scene.allowed.numpy()
    return maps.cells(scene, "bias", bias, _("bias"), says, unit=_("bias"), allowed=allowed)


def _slope(scene: Scene) -> float:
    return float(positions.alibi_slopes(scene.config.n_head)[scene.choice.head])


def _slopes(scene: Scene) -> None:
    slopes = positions.alibi_slopes(scene.config.n_head).tolist()
    drawn = amounts(
        [f"H{head}" for head in range(len(slopes))],
        {_("slope"): slopes},
        title=_("Slope of each head"),
        subtitle=_("taken off for each token of distance, in every layer"),
        unit="",
        theme=scene.theme,
        framed=scene.choice.head,
    )
    show.figure(drawn, "slopes", _("ALiBi slopes of all heads"))
    slope = _slope(scene)
    st.markdown(
        _(
            "H{head} takes {slope} for each token of distance: of two keys that match equally well, the farther one "
            "gets half the weight when it is **{half} tokens** farther (ln 2 / {slope})."
        ).format(head=scene.choice.head, slope=number(slope), half=number(np.log(2) / slope))
    )


def _reach(scene: Scene) -> None:
    at = scene.choice

    def found() -> list[tuple[places.Distances, float]]:
        records = (scene.record, replace(scene.record, bias=None))
        return [(places.by_distance(record.weights), places.tokens_back(record.weights)) for record in records]

    key = ("alibi distances", *at.identity(scene.model, scene.text))
    (biased, back), (plain, back_without) = store.finding(key, found)
    x = np.arange(len(biased.mean))
    drawn = curves(
        [
            Curve(_("as it is"), x, biased.mean.numpy(), ink=palette.KEY),
            Curve(_("without the bias"), x, plain.mean.numpy(), ink=palette.QUERY),
        ],
        title=_("Weight against distance"),
        subtitle=_("mean over all pairs of tokens that far apart"),
        x_title=_("tokens back"),
        y_title=_("weight"),
        theme=scene.theme,
        zero=True,
        height=300,
    )
    show.figure(drawn, "reach", _("Mean weight against distance, with and without the bias"))
    st.markdown(
        _("On average a row of {head} looks **{back}** tokens back with the bias, and **{without}** without.").format(
            head=at.name, back=number(back), without=number(back_without)
        )
    )
