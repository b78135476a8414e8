"""Both maps on one scale and one axis, the difference between them, and what they say in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from torch import Tensor

from viz_core.analysis.comparison import NONE
from viz_core.figures.aligned import aligned_heatmap
from viz_core.figures.heatmaps import Window, limits_of
from viz_core.figures.palette import ThemeName
from viz_core.figures.taken import Cells
from viz_core.language import _
from viz_core.ui import show, store
from viz_core.ui.questions.compare.sides import Pair, Side
from viz_core.ui.show import number, quoted, signed

LEAST_LIMIT = 0.05  # smaller differences do not get full colours
MANY, TALL = 14, 480  # tokens from which a map is taller, and how tall, in pixels
MOST_IN_A_ROW, MOST_LETTERS = 10, 38  # tokens, and letters of a title, with which three maps fit beside each other
MOST_LISTED = 12  # tokens
KEYS = ("compare-a", "compare-b", "compare-difference")


@dataclass(frozen=True)
class _Map:
    """One of the three: 0 = A, 1 = B, 2 = A − B."""

    at: int
    title: str
    subtitle: str


def in_a_row(pair: Pair) -> bool:
    """Whether all three maps are legible beside each other."""
    longest = max(len(_title(side)) for side in (pair.first, pair.second))
    return pair.size <= MOST_IN_A_ROW and longest <= MOST_LETTERS and not pair.first.words


def maps(pair: Pair, theme: ThemeName, window: Window | None, *, with_difference: bool) -> None:
    """A | B, or A | B | A − B."""
    columns = st.columns(2 + with_difference, gap="medium")
    for column, side, at in zip(columns, (pair.first, pair.second), (0, 1), strict=False):
        with column:
            subtitle = _("row looks at column")
            if side.words:
                subtitle += "; " + _("words: sum over keys, mean over queries")
            _show(pair, _Map(at, _title(side), subtitle), theme, window)
    if with_difference:
        with columns[2]:
            difference(pair, theme, window)


def _title(side: Side) -> str:
    return " · ".join(filter(None, (side.letter, side.name, side.says)))


def difference(pair: Pair, theme: ThemeName, window: Window | None) -> None:
    _show(pair, _Map(2, "A − B", _("orange: A looks there more; blue: B does")), theme, window)


def _show(pair: Pair, one: _Map, theme: ThemeName, window: Window | None) -> None:
    figure = store.figure((*pair.identity, one, theme, window), lambda: _figure(pair, one, theme=theme, window=window))
    values, allowed = _values(pair, one.at)
    show.figure(
        figure,
        KEYS[one.at],
        f"{one.title}. {one.subtitle}",
        cells=lambda: Cells(values.numpy(), pair.marked, pair.marked, allowed.numpy()),
    )


def _values(pair: Pair, at: int) -> tuple[Tensor, Tensor]:
    """Of A, of B or of A − B: what is drawn, and where it may be looked at."""
    if at < 2:
        return pair.weights[at], pair.allowed[at]
    return pair.difference, pair.allowed[0] | pair.allowed[1]


def _figure(pair: Pair, one: _Map, **rule: Any) -> go.Figure:
    has = [np.array(side) != NONE for side in (pair.alignment.first, pair.alignment.second)]
    found, allowed = _values(pair, one.at)
    values = found.numpy()
    if one.at < 2:
        here = has[one.at]
        rule |= {"weights": True, "unit": _("weight")}
    else:
        here = has[0] & has[1]
        limit = max(LEAST_LIMIT, limits_of(values)) if pair.alignment.shared else 1.0
        rule |= {"limit": limit, "unit": _("difference")}
    rule |= {"height": TALL if pair.size > MANY else 0}
    rule |= {"title": one.title, "subtitle": one.subtitle, "allowed": allowed.numpy()}
    return aligned_heatmap(values, pair.tokens, pair.owners, here, **rule)


# -- in words ------------------------------------------------------------------------------------------------


def of_cell(pair: Pair, row: int, column: int) -> str:
    """The numbers of the chosen cell."""
    first, second = (float(weights[row, column]) for weights in pair.weights)
    ends = {"row": quoted(pair.tokens[row]), "column": quoted(pair.tokens[column]), "at": row, "to": column}
    cell = _("**{row}** ({at}) **→ {column}** ({to})").format(**ends)
    if np.isnan(first) and np.isnan(second):
        return _("{cell} stand together in neither text.").format(cell=cell)
    if np.isnan(first) or np.isnan(second):
        has, value = ("A", first) if np.isnan(second) else ("B", second)
        return _("{cell} is a cell of {has} alone: weight {value}.").format(cell=cell, has=has, value=number(value))
    weights = [
        number(weight) if allowed[row, column] else _("may not look there")
        for weight, allowed in zip((first, second), pair.allowed, strict=True)
    ]
    words = _("{cell}: A {first}, B {second}, difference {difference}.")
    return words.format(cell=cell, first=weights[0], second=weights[1], difference=signed(first - second))


def of_tokens(pair: Pair) -> str:
    """Which tokens are shared, and how much of the weight lies on the others; "" where all are."""
    if pair.whole:
        return _replaced(pair)
    alignment = pair.alignment
    sizes = {"one": len(pair.first.units), "other": len(pair.second.units), "shared": len(alignment.shared)}
    units = _units(pair.first.words, sizes["shared"])
    if not alignment.shared:
        return _("A and B have no token in common, in any order: there is no cell to take a difference of.")
    said = _("A and B share **{shared}** {units}, in the same order (A has {one}, B {other}).").format(
        units=units, **sizes
    )
    for letter, places in (("A", alignment.only_first), ("B", alignment.only_second)):
        if places:
            listed = _listed([pair.tokens[at] for at in places])
            said += " " + _("Only in {letter}: {tokens}.").format(letter=letter, tokens=listed)
    lost = _lost(dict(zip("AB", pair.unshared(), strict=True)))
    return " ".join(filter(None, (said, lost, _replaced(pair))))


def _lost(shares: dict[str, float | None]) -> str:
    """How much of the weight the difference leaves out."""
    known = {letter: show.share(share) for letter, share in shares.items() if share is not None}
    if not known:
        return ""
    if len(known) == 2:
        words = _("Of the weight of shared rows, {A} in A and {B} in B lies on these; the difference leaves it out.")
        return words.format(**known)
    words = _("Of the weight of shared rows, {share} in {letter} lies on these; the difference leaves it out.")
    return words.format(letter=next(iter(known)), share=next(iter(known.values())))


def _units(words: bool, count: int) -> str:
    if words:
        return _("word") if count == 1 else _("words")
    return _("token") if count == 1 else _("tokens")


def _replaced(pair: Pair) -> str:
    """What counts as shared though it is not the same."""
    if not pair.replaced:
        return ""
    listed = [f"{quoted(pair.first.units[one])} → {quoted(pair.second.units[other])}" for one, other in pair.replaced]
    shown = ", ".join(listed[:MOST_LISTED]) + (" …" if len(listed) > MOST_LISTED else "")
    return _("Replaced, and compared one for one: {tokens}.").format(tokens=shown)


def _listed(tokens: Sequence[str]) -> str:
    shown = ", ".join(quoted(token) for token in tokens[:MOST_LISTED])
    return (
        shown
        if len(tokens) <= MOST_LISTED
        else _("{tokens} and {count} more").format(tokens=shown, count=len(tokens) - MOST_LISTED)
    )


def of_masks(pair: Pair) -> str:
    """Where the two may look at different cells, "" where at the same."""
    first, second = (
        allowed[tokens[:, None], tokens]
        for allowed, tokens in zip(
            (side.cells[1][0] for side in (pair.first, pair.second)), pair.alignment.pairs, strict=True
        )
    )
    only_one = int((first != second).sum())
    if not only_one:
        return ""
    words = _("The masks differ: {count} of {all} shared cells may be looked at in one of the two only.")
    return words.format(count=f"{only_one:,}", all=f"{first.numel():,}")


def how_aligned(pair: Pair) -> str:
    """How it was decided which tokens are the same."""
    if pair.first.words:
        sizes = (len(side.recording.tokens) for side in (pair.first, pair.second))
        return _(
            "The two cut the text differently ({one} and {other} tokens), so tokens are merged to words: the sum over "
            "a word's keys, the mean over its queries. Words that spell the same are matched."
        ).format(**dict(zip(("one", "other"), sizes, strict=True)))
    if pair.whole and not pair.replaced:
        return ""
    return _(
        "Tokens are matched by a longest common subsequence: the same tokens in the same order. A word "
        "with and without a blank before it is two tokens."
    )


def shortened(text: str, most: int = 34) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
