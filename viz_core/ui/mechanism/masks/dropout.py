"""Dropout on attention weights, as a mask that a seed decides."""

import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis import masking
from viz_core.analysis.masking import Dropped
from viz_core.edits import AS_IT_IS, Edits
from viz_core.figures import palette
from viz_core.figures.mask_maps import weights_with_sums
from viz_core.language import _
from viz_core.ui import controls, maps, settings, show, store, whatif
from viz_core.ui.mechanism import where
from viz_core.ui.mechanism.masks import rows
from viz_core.ui.scene import Scene

RATES = [round(0.05 * step, 2) for step in range(19)]  # 0 to 0.9
SEEDS = 10_000
HEIGHT = 470


def dropout(scene: Scene) -> list[str]:
    maps.explain(
        _(r"\tilde w_{ij} = \frac{r_{ij}}{1-p}\, w_{ij} \qquad r_{ij}=0 \text{ with probability } p"),
        _(
            "In training, each weight is set to 0 with probability p, and the survivors are divided by 1 − p, so that "
            "a row still sums to 1 **on average**. When the model is used, dropout is off."
        ),
    )
    edits = _asked(scene)
    before = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head).weights[0]
    found = _found(scene, edits)
    left, right = st.columns(2, gap="medium")
    with left:
        _map(scene, "own", before, torch.ones_like(before), AS_IT_IS)
    with right:
        _map(scene, "dropped", before, found.kept, edits)
    st.markdown(_said(scene, found, edits))
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        _sums(scene, found, edits)
    with right:
        name = _("dropout {rate:.0%}, seed {seed}").format(rate=edits.dropout, seed=edits.seed)
        whatif.prediction(scene, edits if edits.dropout else AS_IT_IS, key="change", name=name)
        st.caption(
            _(
                "Another seed, another prediction: one reason why dropout is switched off when the model is used. The "
                "maps above show this head's own weights; under the prediction, later layers also see what was dropped "
                "before them."
            )
        )
    return ["own", "dropped"]


def _asked(scene: Scene) -> Edits:
    heads, by, one, place = st.columns([1.2, 1.3, 0.9, 1.5], gap="medium")
    with heads:
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    with by:
        rate = settings.slider("rate", _("Rate p"), RATES, default=0.1, says=lambda value: f"{value:.0%}")
    with one:
        seed = settings.whole_number("seed", _("Seed"), 0, SEEDS, default=0)
    with place:
        scope = where.asked("set_in", _("Dropout in"), default="all")
    return Edits(dropout=rate, seed=seed, at=where.heads(scene, scope))


def _found(scene: Scene, edits: Edits) -> Dropped:
    layer, head = scene.choice.layer, scene.choice.head

    def found() -> Dropped:
        return masking.dropped(scene.recording.blocks[layer].attention, layer, head, edits)

    key = ("dropout", *scene.choice.identity(scene.model, scene.text), edits)
    return store.measurement(key, lambda _note: found(), heavy=False)


def _map(scene: Scene, key: str, weights: Tensor, kept: Tensor, edits: Edits) -> None:
    """The weights as they mix the values: kept [query, key] times what they are."""
    mixing = weights * kept
    title = scene.title(_("weights after dropout") if edits.dropout else _("weights"))
    drawn = store.figure(
        (*scene.choice.identity(scene.model, scene.text), "dropout", key, scene.theme, scene.window, edits),
        lambda: weights_with_sums(
            mixing.numpy(),
            scene.tokens,
            mixing.sum(-1).numpy(),
            title=title,
            sums_are=_("what the row sums to"),
            theme=scene.theme,
            allowed=scene.allowed.numpy(),
            dropped=((kept == 0) & scene.allowed).numpy(),
            height=HEIGHT,
            window=scene.window,
        ),
    )
    show.figure(drawn, key, _("{title}: row looks at column, with the sum of every row").format(title=title))


def _said(scene: Scene, found: Dropped, edits: Edits) -> str:
    if not edits.dropout:
        return _("The rate is 0: nothing is dropped, every row keeps its sum of 1.")
    may = scene.allowed
    gone = int(((found.kept == 0) & may).sum())
    empty = tuple(int(row) for row in (found.sums == 0).nonzero().flatten())
    words = _(
        "This seed drops {gone:,} of the {cells:,} weights ({share:.1%}) and multiplies the others by {factor:.3g}. "
        "Rows now sum to {least:.2f} to {most:.2f}; over {seeds} seeds the average of a row is "
        "**{low:.2f} to {high:.2f}**, all rows together **{mean:.3f}**."
    )
    said = words.format(
        gone=gone,
        cells=int(may.sum()),
        share=gone / int(may.sum()),
        factor=1 / (1 - edits.dropout),
        least=float(found.sums.min()),
        most=float(found.sums.max()),
        seeds=found.seeds,
        low=float(found.mean.min()),
        high=float(found.mean.max()),
        mean=float(found.mean.mean()),
    )
    if not empty:
        return said
    lost = _("Nothing is left of {rows}: no value arrives there from this head.")
    return said + " " + lost.format(rows=rows.named(scene, empty))


def _sums(scene: Scene, found: Dropped, edits: Edits) -> None:
    drawn: list[maps.Line] = [
        (_("seed {seed}").format(seed=edits.seed), found.sums, {"like": "measured", "ink": palette.QUERY}),
        (_("mean of {seeds} seeds").format(seeds=found.seeds), found.mean, {"ink": palette.KEY}),
        (_("without dropout: 1"), torch.ones_like(found.mean), {"like": "theory", "ink": palette.MUTED}),
    ]
    title, subtitle = _("What each row's weights sum to"), _("one draw, and the average of many")
    maps.by_row(scene, "sums", drawn, title=title, subtitle=subtitle, unit=_("sum"))
