"""Fewer cells: what a window, one with gaps, and one with global tokens leave of a head, and of the prediction."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis.predictions import Change
from viz_core.edits import AS_IT_IS, Cells, Edits
from viz_core.efficiency import sparse
from viz_core.efficiency.sparse import Kept, Pattern
from viz_core.figures import attention_heatmap
from viz_core.language import _
from viz_core.ui import controls, maps, show, state, store, whatif
from viz_core.ui.mechanism import where
from viz_core.ui.mechanism.efficient import widths
from viz_core.ui.mechanism.masks import kinds
from viz_core.ui.scene import Scene
from viz_core.ui.show import quoted

MAP_HEIGHT = 440


@dataclass(frozen=True, eq=False)
class Shown:
    """A pattern, or the head's own cells, on this text.

    kind    as the mask lab calls it
    kept    of the head's weight as it is
    change  of the prediction, with the pattern set where the visitor said
    """

    kind: str
    name: str
    pattern: Pattern | None
    allowed: Tensor
    kept: Kept
    change: Change

    @property
    def cells(self) -> int:
        return int(self.allowed.sum())


def fewer_cells(scene: Scene) -> list[str]:
    window, step, everyone, scope = _asked(scene)
    if len(scene.tokens) == 1:
        st.info(_("A text of one token has one cell, the token itself: there is nothing to leave out."))
    shown = _patterns(scene, window, step, everyone, scope)
    linked = []
    for start in range(0, len(shown), 2):
        for column, one in zip(st.columns(2, gap="medium"), shown[start : start + 2], strict=True):
            with column:
                linked.append(_map(scene, one))
    st.markdown(_said(scene, shown))
    _table(scene, shown)
    st.caption(
        _(
            "Each line is a run of the whole model, which was trained with all cells: not how well one trained with "
            "the pattern would do. A mask alone saves nothing, only a kernel that never computes the cells left out."
        )
    )
    _links(shown)
    if len(scene.tokens) > 1:
        widths.against_width(scene, window, scope)
        widths.heads_and_lengths(scene, shown[1].pattern, [(one.name, one.pattern) for one in shown[1:]])
    return linked


def _asked(scene: Scene) -> tuple[int, int, tuple[int, ...], str]:
    """Window, step, global tokens, and where a pattern is set: "head", "layer" or "all"."""
    heads, place = st.columns([1.2, 1], gap="medium", vertical_alignment="bottom")
    with heads:
        fields = ("layer", "head", "query") if scene.model.both_sides else ("layer", "head")
        controls.head_and_cell(scene.choice, scene.recording, fields)
    with place:
        scope = where.asked("set_in", _("Pattern set in"), default="all")
    window, step, everyone = kinds.numbers(scene)
    return window, step, tuple(everyone), scope


def _patterns(scene: Scene, window: int, step: int, everyone: tuple[int, ...], scope: str) -> list[Shown]:
    """The head as it is first."""
    both = scene.model.both_sides
    made: Mapping[str, tuple[str, Pattern | None]] = {
        kinds.default(scene): (_("as it is"), None),
        "window": (_("window, w = {window}").format(window=window), Pattern(window, both_sides=both)),
        "dilated": (
            _("dilated, w = {window}, step {step}").format(window=window, step=step),
            Pattern(window, step, both_sides=both),
        ),
        "global": (
            _("w = {window}, {count} global").format(window=window, count=len(everyone)),
            Pattern(window, everyone=everyone, both_sides=both),
        ),
    }
    return [_shown(scene, kind, name, pattern, scope) for kind, (name, pattern) in made.items()]


def _shown(scene: Scene, kind: str, name: str, pattern: Pattern | None, scope: str) -> Shown:
    own = kinds.own(scene)
    allowed = own if pattern is None else pattern.allowed(len(scene.tokens))
    same = torch.equal(allowed, own)
    edits = AS_IT_IS if same else Edits(allowed=Cells.of(allowed), at=where.heads(scene, scope))
    of = ("kept", *scene.choice.identity(scene.model, scene.text), pattern)
    found = store.finding(of, lambda: sparse.kept(_weights(scene), allowed))
    return Shown(kind, name, pattern, allowed, found, whatif.changed(scene, edits))


def _weights(scene: Scene) -> Tensor:
    return store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head).weights[0]


def _map(scene: Scene, one: Shown) -> str:
    key = f"pattern-{one.kind}" if one.pattern else "pattern-own"
    subtitle = _("weight kept {kept} · cells {cells}").format(
        kept=show.share(one.kept.mean), cells=show.share(one.cells / one.allowed.numel())
    )
    of = (key, *scene.choice.identity(scene.model, scene.text), one.pattern, scene.window, scene.theme)
    drawn = store.figure(
        of,
        lambda: attention_heatmap(
            _weights(scene).numpy(),
            scene.tokens,
            title=one.name,
            subtitle=subtitle,
            theme=scene.theme,
            weights=True,
            allowed=one.allowed.numpy(),
            unit=_("weight"),
            height=MAP_HEIGHT,
            window=scene.window,
        ),
    )
    rule = {"allowed": one.allowed.numpy()}
    said = f"{scene.title(one.name)}. {subtitle}"
    show.figure(drawn, key, said, cells=lambda: maps.every(_weights(scene), scene.tokens, rule))
    return key


def _said(scene: Scene, shown: list[Shown]) -> str:
    own, sparser = shown[0], shown[1:]
    said = [
        _("Colours: the weights of {head} as they are; grey: left out. Row looks at column.").format(
            head=scene.choice.name
        )
    ]
    if scene.model.both_sides:
        said.append(_("In this encoder w counts to each side, the token itself included."))
    less = [one for one in sparser if one.cells < own.cells]
    if not less:
        return " ".join([*said, _("None of the three leaves anything out of this text.")])
    words = _("“{name}” keeps **{kept}** of the head's weight on {cells} of its {all} cells.")
    first = less[0]
    said.append(
        words.format(name=first.name, kept=show.share(first.kept.mean), cells=f"{first.cells:,}", all=f"{own.cells:,}")
    )
    return " ".join([*said, _worst(scene, first), *_of_global(scene, shown[1], shown[3])])


def _of_global(scene: Scene, window: Shown, everyone: Shown) -> list[str]:
    """What global tokens add to a window, which they contain; and what a window with as many cells would."""
    more = everyone.cells - window.cells
    if not more or everyone.pattern is None:
        return []
    n = len(scene.tokens)
    wide = sparse.as_wide(everyone.pattern, n)
    of = ("kept by width", *scene.choice.identity(scene.model, scene.text))
    mean, _worst_row = store.finding(of, lambda: sparse.kept_by_width(_weights(scene)))
    words = _(
        "To the window, global tokens ({count}) add {cells} cells and **{points} points** of weight; a plain window "
        "with about as many cells (w = {wide}) would add **{others}**."
    )
    return [
        words.format(
            count=len(everyone.pattern.everyone),
            cells=f"{more:,}",
            points=show.number(round(100 * (everyone.kept.mean - window.kept.mean), 1)),
            wide=wide,
            others=show.number(round(100 * (float(mean[wide - 1]) - window.kept.mean), 1)),
        )
    ]


def _worst(scene: Scene, one: Shown) -> str:
    """The row that a pattern takes most from, and where it looks."""
    row = one.kept.worst_row
    key = int(_weights(scene)[row].argmax())
    words = _("With “{name}” row {row} ({token}) keeps only {worst}: ")
    looks = (
        _("it looks most at {other} ({key}), {distance} tokens away, which is left out.")
        if not one.allowed[row, key]
        else _("its weight is spread over many.")
    )
    return words.format(name=one.name, row=row, token=quoted(scene.tokens[row]), worst=show.share(one.kept.worst)) + (
        looks.format(other=quoted(scene.tokens[key]), key=key, distance=abs(row - key))
    )


def _table(scene: Scene, shown: list[Shown]) -> None:
    st.markdown("**" + whatif.heading(scene) + "**")
    lines = [
        (
            {
                _("pattern"): one.name,
                _("cells of its own"): show.share(one.cells / shown[0].cells),
                _("weight kept"): show.share(one.kept.mean),
                _("worst row"): show.share(one.kept.worst),
            },
            one.change,
        )
        for one in shown
    ]
    whatif.table(scene, lines)


def _links(shown: list[Shown]) -> None:
    """The same numbers in the mask lab, where a pattern can be painted on."""
    st.markdown("**" + _("Look closer, or paint your own, in the mask lab") + "**")
    address = {name: value for name, value in state.address_of(state.current()).items() if name != "part"}
    with st.container(horizontal=True, gap="medium"):
        for one in shown[1:]:
            st.page_link(
                "pages/masks.py",
                label=one.name,
                icon=":material/grid_off:",
                query_params=address | {"mask": one.kind},
                width="content",
            )
