"""The three ways to "zero" the upper triangle: one is right, two are mistakes, side by side on a real head."""

from collections.abc import Callable

import streamlit as st
import torch
from torch import Tensor

from viz_core import masks
from viz_core.analysis import masking
from viz_core.analysis.masking import ThreeWays
from viz_core.figures import palette
from viz_core.figures.heatmaps import MOST_LABELS
from viz_core.figures.mask_maps import weights_with_sums
from viz_core.language import _
from viz_core.ui import controls, maps, show, store
from viz_core.ui.mechanism.masks import kinds, rows
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

HEIGHT = 380


def ways(scene: Scene) -> list[str]:
    heads, what = st.columns([1, 3], gap="medium", vertical_alignment="bottom")
    with heads:
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    what.markdown(
        _(
            "“The mask sets the upper triangle to 0”, it is often said. That can be meant in three ways, and one "
            "works: below, this head's own scaled scores $s_{ij}$, in each."
        )
    )
    allowed = masks.causal(len(scene.tokens))
    three = masking.three_ways(scene.record, allowed)
    if scene.model.both_sides:
        st.caption(_("This model is an encoder: the causal triangle is a what-if here, on this head's real scores."))
    elif not torch.equal(kinds.own(scene), allowed):
        st.caption(_("This head's own mask leaves out more than the upper triangle; here it is the triangle alone."))
    keys, panels = ["infinite", "after", "zeroed"], zip(three, _formulas(), _titles(), _verdicts(), strict=True)
    for key, column, panel in zip(keys, st.columns(3, gap="medium"), panels, strict=True):
        weights, formula, title, verdict = panel
        with column:
            st.latex(formula)
            _map(scene, key, weights, allowed, title)
            st.markdown(verdict + " " + _MEASURES[key](scene, three, allowed))
    if len(scene.tokens) > MOST_LABELS:  # too many to write beside the rows
        _sums_as_curves(scene, three, allowed)
    st.caption(_closing(scene, three, allowed))
    return keys


def _formulas() -> tuple[str, str, str]:
    return (
        _(r"\mathrm{softmax}\big(s_{ij},\ -\infty \text{ if } j>i\big)"),
        r"\mathrm{softmax}(s_{ij})\cdot[\,j\le i\,]",
        _(r"\mathrm{softmax}\big(s_{ij},\ 0 \text{ if } j>i\big)"),
    )


def _titles() -> list[str]:
    return [_("−∞ before the softmax"), _("0 after the softmax"), _("0 before the softmax")]


def _verdicts() -> list[str]:
    return [
        ":material/check_circle: " + _("**Right.** exp(−∞) is 0: the row is shared out among the allowed cells alone."),
        ":material/cancel: " + _("**Wrong: rows lose weight.** What went to later tokens is thrown away."),
        ":material/cancel: "
        + _("**Wrong: it leaks.** A score of 0 is no zero: exp(0) = 1, so every later token gets weight."),
    ]


def _map(scene: Scene, key: str, weights: Tensor, allowed: Tensor, title: str) -> None:
    leaks = key == "zeroed"
    sums = masking.on_allowed(weights, allowed)
    drawn = store.figure(
        (*scene.choice.identity(scene.model, scene.text), "ways", key, scene.theme, scene.window),
        lambda: weights_with_sums(
            weights.numpy(),
            scene.tokens,
            sums.numpy(),
            title=title,
            sums_are=_("sum of allowed cells"),
            theme=scene.theme,
            allowed=None if leaks else allowed.numpy(),
            outlined=leaks,
            small=True,
            height=HEIGHT,
            window=scene.window,
        ),
    )
    show.figure(drawn, key, _("{title}: row looks at column, with the sum of every row").format(title=title))


def _sums_as_curves(scene: Scene, three: ThreeWays, allowed: Tensor) -> None:
    inks = (palette.KEY, palette.QUERY, palette.VALUE)
    drawn: list[maps.Line] = [
        (title, masking.on_allowed(weights, allowed), {"ink": ink})
        for title, weights, ink in zip(_titles(), three, inks, strict=True)
    ]
    title, subtitle = _("What is left on the allowed cells"), _("sum of each row's weights there; 1 is right")
    maps.by_row(scene, "ways-sums", drawn, title=title, subtitle=subtitle, unit=_("sum"))


def _sums(_scene: Scene, three: ThreeWays, _allowed: Tensor) -> str:
    error = float((three.infinite.sum(-1) - 1).abs().max())
    return _("Every row sums to 1, within {error}.").format(error=number(error))


def _lost(scene: Scene, three: ThreeWays, _allowed: Tensor) -> str:
    sums = three.after.sum(-1)
    least = int(sums.argmin())
    if len(sums) == 1:
        return _("A single token has no later ones: here all three are the same.")
    return _(
        "Rows sum to {mean:.2f} on average, that of {token} ({row}) to **{least}**; only the last is whole."
    ).format(mean=float(sums.mean()), token=quoted(scene.tokens[least]), row=least, least=number(float(sums[least])))


def _leaked(scene: Scene, three: ThreeWays, allowed: Tensor) -> str:
    n = len(scene.tokens)
    if n == 1:
        return _("A single token has no later ones: here all three are the same.")
    future = 1 - masking.on_allowed(three.zeroed, allowed)
    row = int(future.argmax())
    words = _(
        "Row {token} ({row}) gives **{share:.1%}** to the {later} after it, on average rows give {mean:.1%}; "
        "the first gives {first:.1%} (were its own score 0 too, it would be {even} = {n1}/{n})."
    )
    return words.format(
        token=quoted(scene.tokens[row]),
        row=row,
        share=float(future[row]),
        later=rows.tokens(n - 1 - row),
        mean=float(future.mean()),
        first=float(future[0]),
        even=f"{(n - 1) / n:.1%}",
        n1=n - 1,
        n=n,
    )


_MEASURES: dict[str, Callable[[Scene, ThreeWays, Tensor], str]] = {"infinite": _sums, "after": _lost, "zeroed": _leaked}


def _closing(scene: Scene, three: ThreeWays, allowed: Tensor) -> str:
    """The usual stand-in for −∞, and that dividing after (b) is (a) again."""
    finite = masking.finite_mask(scene.record, allowed)
    difference = float((finite - three.infinite).abs().max())
    again = three.after / three.after.sum(-1, keepdim=True)
    redone = float(torch.nan_to_num(again - three.infinite).abs().max())
    words = _(
        "Many programs write −10⁹ for −∞: on this head the weights then differ by {difference} at most. It is not the "
        "same for a row that may look nowhere: −∞ gives 0/0 there, −10⁹ gives 1/n to every token; and half precision "
        "(float16) ends at 65,504, so −10⁹ does not fit. Dividing the second map's rows by their sums would give the "
        "first again (within {redone})."
    )
    return words.format(difference=number(difference), redone=number(redone))
