"""How every comparison is laid out: both maps, their difference beside the table of heads, the list, the next token."""

import math
from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from viz_core.analysis.comparison import NONE
from viz_core.language import _
from viz_core.ui import state, window
from viz_core.ui.components.bridge import bridge
from viz_core.ui.questions.compare import cell, pictures, ranking
from viz_core.ui.questions.compare.ranking import Ranking
from viz_core.ui.questions.compare.sides import Pair
from viz_core.ui.scene import Scene


def drawn(scene: Scene, pair: Pair, heads: Ranking, next_token: Callable[[Scene], None]) -> list[str]:
    """Returns the keys of the maps, whose cells are linked; `next_token` draws what would be said next."""
    row, column = cell.chosen(pair, scene.choice)
    part = window.of(scene.model.name, _text(pair), (pair.size, pair.size))
    pictures.maps(pair, scene.theme, part)
    said = (
        _apart(heads),
        pictures.of_cell(pair, row, column),
        pictures.of_tokens(pair),
        pictures.of_masks(pair),
    )
    st.markdown("  \n".join(filter(None, said)))
    left, right = st.columns(2, gap="medium")
    with left:
        pictures.difference(pair, scene.theme, part)
    with right:
        ranking.table(heads)
    left, right = st.columns(2, gap="medium")
    with left:
        ranking.bars(heads, scene.theme)
    with right:
        if pair.first.model.predicts and pair.second.model.predicts:
            next_token(_at_row(scene, pair, row))
        else:
            st.caption(_("One of the two reads and predicts no token, so there are no predictions to compare."))
    ranking.measure_in_words(pair)
    aligned = pictures.how_aligned(pair)
    if aligned:
        st.caption(aligned)
    _link(scene, pair, heads, (row, column))
    return list(pictures.KEYS)


def _apart(heads: Ranking) -> str:
    """How far the two maps are apart, and where that stands among all."""
    distance = float(heads.values[heads.chosen])
    if math.isnan(distance):
        return ""
    said = _("Jensen–Shannon distance of these two maps: **{distance}**").format(distance=ranking.said(distance))
    order = heads.order()
    if heads.chosen not in order:
        return said + "."
    rank = order.index(heads.chosen) + 1
    words = (
        _("; {rank} of {all}, the most alike first.") if heads.nearest else _("; {rank} of {all}, most changed first.")
    )
    return said + words.format(rank=rank, all=len(order))


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
        on_choose=choose,
        on_window=lambda part: window.keep(scene.model.name, _text(pair), part),
    )


def _text(pair: Pair) -> str:
    """What the maps' rows and columns are."""
    return f"{pair.first.text} | {pair.second.text} | {pair.second.model.name}"


def choose_head(place: tuple[int, int]) -> None:
    """A's, and with it B's where both show the same head."""
    state.show(layer=place[0], head=place[1], key=-1)
