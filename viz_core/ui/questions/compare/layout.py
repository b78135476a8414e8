"""How every comparison is laid out: both maps, their difference beside the table of heads, the list, the next token."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st

from viz_core.analysis.comparison import NONE
from viz_core.language import _
from viz_core.ui import state, window
from viz_core.ui.components.bridge import bridge
from viz_core.ui.questions.compare import cell, pictures, ranking
from viz_core.ui.questions.compare.ranking import Ranking
from viz_core.ui.questions.compare.sides import Pair
from viz_core.ui.scene import Scene
from viz_core.ui.show import quoted


def drawn(scene: Scene, pair: Pair, heads: Ranking, next_token: Callable[[Scene], None]) -> list[str]:
    """Returns the keys of the maps, whose cells are linked; `next_token` draws what would be said next."""
    row, column = cell.chosen(pair, scene.choice)
    part = window.of(scene.model.name, _text(pair), (pair.size, pair.size))
    st.markdown(_headline(pair, heads))
    said = (pictures.of_cell(pair, row, column), pictures.of_tokens(pair), pictures.of_masks(pair))
    comparable = bool(np.isfinite(heads.values).any())
    together = pictures.in_a_row(pair)
    pictures.maps(pair, scene.theme, part, with_difference=together)
    st.markdown("  \n".join(filter(None, said)))
    if not comparable:
        words = _("No row that both sides have may look at two shared tokens, so there is nothing that could differ.")
        st.info(words, icon=":material/info:")
    parts: list[Callable[[], None]] = [] if together else [lambda: pictures.difference(pair, scene.theme, part)]
    parts += [lambda: ranking.table(heads), lambda: ranking.bars(heads, scene.theme)] if comparable else []
    _beside(*parts, lambda: _next(scene, pair, row, next_token))
    ranking.measure_in_words(pair)
    aligned = pictures.how_aligned(pair)
    if aligned:
        st.caption(aligned)
    _link(scene, pair, heads, (row, column))
    return list(pictures.KEYS)


def _beside(*parts: Callable[[], None]) -> None:
    """Two in a row; one that is left over has a row of its own."""
    for start in range(0, len(parts), 2):
        here = parts[start : start + 2]
        for column, part in zip(st.columns(len(here), gap="medium"), here, strict=True):
            with column:
                part()


def _next(scene: Scene, pair: Pair, row: int, next_token: Callable[[Scene], None]) -> None:
    if pair.first.model.predicts and pair.second.model.predicts:
        next_token(_at_row(scene, pair, row))
    else:
        st.caption(_("One of the two reads and predicts no token, so there are no predictions to compare."))


def _headline(pair: Pair, heads: Ranking) -> str:
    """What came out: how far the two maps are apart, where that stands among all, and what is said next."""
    return " ".join(filter(None, (_apart(heads), _said_next(pair))))


def _apart(heads: Ranking) -> str:
    distance = float(heads.values[heads.chosen])
    if math.isnan(distance):
        return ""
    scale = _("(Jensen–Shannon distance **{distance}**; 0 = the same, 1 = nothing in common).")
    return _rank(heads, distance) + " " + scale.format(distance=ranking.said(distance))


def _rank(heads: Ranking, distance: float) -> str:
    order = heads.order()
    if heads.chosen == heads.own:
        words = _("**{name}** is A’s own head")
    elif heads.chosen not in order:
        words = _("**{name}** is not among the best matches")
    elif not heads.nearest and not distance:
        words = _("**{name}** has not changed, of {all} heads")
    elif len(order) == 1:
        words = _("**{name}**, the only one to compare")
    elif not heads.nearest:
        words = (
            _("**{name}** changed most of {all} heads")
            if heads.chosen == order[0]
            else _("**{name}** is number {rank} of {all} heads, most changed first")
        )
    else:
        words = (
            _("**{name}** is the most alike of {all}")
            if heads.chosen == order[0]
            else _("**{name}** is number {rank} of {all}, the most alike first")
        )
    rank = order.index(heads.chosen) + 1 if heads.chosen in order else 0
    return words.format(name=heads.names(heads.chosen), rank=rank, all=len(order))


def _said_next(pair: Pair) -> str:
    """What two decoders, or one decoder run twice, would say next."""
    sides = (pair.first, pair.second)
    once = pair.first.recording is pair.second.recording
    if once or any(side.model.both_sides or not side.model.predicts for side in sides):
        return ""
    one, other = (quoted(side.model.labels([int(side.recording.logits[-1].argmax())])[0]) for side in sides)
    words = _("Likeliest next: {one} in both.") if one == other else _("Likeliest next: {one} in A, {other} in B.")
    return words.format(one=one, other=other)


def _at_row(scene: Scene, pair: Pair, row: int) -> Scene:
    """The scene with the chosen row, where A has it: an encoder's guess is shown there."""
    unit = pair.alignment.first[row]
    return scene if unit == NONE else replace(scene, choice=replace(scene.choice, query=pair.first.token_of(unit)))


def _link(scene: Scene, pair: Pair, heads: Ranking, at: tuple[int, int]) -> None:
    """The page's bridge, on the axis of both; the head it knows is the one that the table of heads frames."""

    def choose(layer: int, head: int, query: int, key: int) -> None:
        if (layer, head) != heads.chosen:
            heads.choose((layer, head))
        cell.choose(pair, query, key)

    rows, columns = heads.values.shape
    bridge(
        pictures.KEYS,
        of=f"{scene.model.name} {_text(pair)}",
        chosen={"layer": heads.chosen[0], "head": heads.chosen[1], "query": at[0], "key": at[1]},
        limits={"layer": rows, "head": columns, "query": pair.size, "key": pair.size},
        window=window.of(scene.model.name, _text(pair), (pair.size, pair.size)),
        on_choose=choose,
        on_window=lambda part: window.keep(scene.model.name, _text(pair), part),
    )


def _text(pair: Pair) -> str:
    """What the maps' rows and columns are."""
    return f"{pair.first.text} | {pair.second.text} | {pair.second.model.name}"


def choose_head(place: tuple[int, int]) -> None:
    """A's, and with it B's where both show the same head."""
    state.show(layer=place[0], head=place[1], key=-1)
