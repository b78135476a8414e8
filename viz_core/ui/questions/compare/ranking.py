"""All heads by how far apart they are: a table of every head and a ranked list, each of which chooses."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from viz_core.analysis import comparison
from viz_core.figures.palette import ThemeName
from viz_core.figures.ranked import ranked_bars
from viz_core.language import _
from viz_core.ui import maps, show, store, waiting
from viz_core.ui.components.head_map import head_map
from viz_core.ui.questions.compare.sides import Pair, Side
from viz_core.ui.roles import NONE, head_name
from viz_core.ui.show import number
from viz_core.ui.workshop import Progress

MOST_BARS = 14
LEAST_AXIS, ROOM = 0.05, 1.1  # the axis of the bars: it ends at no less, and so far beyond the longest
NOTHING = 1e-3  # a distance below it is none to speak of
Place = tuple[int, int]


@dataclass(frozen=True, eq=False, kw_only=True)
class Ranking:
    """values   [row, column] of the table, NaN where there is no head, or nothing to compare
    names    of a place, as the list says it
    own      the place of A's head in the table, or None: it is not compared with itself
    nearest  whether the most alike come first
    listed   the places of the list, all of them unless given
    axes     what rows and columns of the table are called: layers and heads unless given
    """

    values: NDArray[np.float32]
    chosen: Place
    choose: Callable[[Place], None]
    title: str
    subtitle: str
    names: Callable[[Place], str] = lambda place: head_name(*place)
    own: Place | None = None
    nearest: bool = False
    listed: Sequence[Place] | None = None
    axes: tuple[str, str] = ("L", "H")

    def order(self) -> list[Place]:
        """The places of the list, first the one that is asked for most."""
        places = (
            self.listed
            if self.listed is not None
            else [(int(at[0]), int(at[1])) for at in np.ndindex(self.values.shape)]
        )
        known = [place for place in places if place != self.own and np.isfinite(self.values[place])]
        return sorted(known, key=lambda place: float(self.values[place]) * (1 if self.nearest else -1))


# -- computed ------------------------------------------------------------------------------------------------


def changes(pair: Pair, place: DeltaGenerator) -> NDArray[np.float32]:
    """[layer, head]: each head of A against the same head of B."""
    return _measured(
        ("changed heads", *pair.runs),
        lambda note: comparison.changes(pair.first.reading, pair.second.reading, pair.alignment, note),
        place,
        heavy=_is_heavy(pair.first, pair.second),
    )


def likeness(pair: Pair, place: DeltaGenerator) -> NDArray[np.float32]:
    """[layer, head]: A's chosen head against each head of B."""
    first = pair.first
    return _measured(
        ("heads like it", *first.identity, *pair.runs),
        lambda note: comparison.likeness(first.cells, pair.second.reading, pair.alignment, note),
        place,
        heavy=_is_heavy(pair.second),
    )


def pairs(pair: Pair, layers: tuple[int, int], place: DeltaGenerator) -> NDArray[np.float32]:
    """[head, head]: each head of a layer of A against each of a layer of B."""

    def found(_note: Callable[..., None]) -> list[Tensor]:
        return list(comparison.pairs(pair.first.reading, pair.second.reading, layers, pair.alignment))

    return _measured(
        ("heads of two layers", *pair.runs, layers), found, place, heavy=_is_heavy(pair.first, pair.second)
    )


def _is_heavy(*sides: Side) -> bool:
    return any(store.is_heavy_to_derive(side.model, len(side.recording.token_ids)) for side in sides)


def _measured(
    of: tuple[Hashable, ...],
    compute: Callable[[Callable[..., None]], list[Tensor]],
    place: DeltaGenerator,
    *,
    heavy: bool,
) -> NDArray[np.float32]:
    def measure(note: Callable[..., None]) -> NDArray[np.float32]:
        rows = compute(note)
        table = torch.full((len(rows), max(map(len, rows))), torch.nan)
        for at, row in enumerate(rows):
            table[at, : len(row)] = row
        return table.numpy()

    with waiting.shown(place, "compare", _comparing) as report:
        return store.measurement(of, measure, report, heavy=heavy)


def _comparing(progress: Progress) -> str:
    words = _("Comparing all heads: layer {done} of {total}")
    if not progress.total:
        return _("Comparing all heads …")
    return words.format(done=progress.done + 1, total=progress.total)


def most_changed(values: NDArray[np.float32]) -> Place | None:
    """None where nothing could be compared, or nothing has changed."""
    if not np.isfinite(values).any() or np.nanmax(values) < NOTHING:
        return None
    layer, head = np.unravel_index(np.nanargmax(values), values.shape)
    return int(layer), int(head)


# -- drawn ---------------------------------------------------------------------------------------------------


def table(ranking: Ranking) -> None:
    """Every head, coloured by its distance; a click chooses."""
    values = ranking.values
    st.markdown("**" + ranking.title + "**")
    marks = np.full(values.shape, NONE, np.uint8)
    if ranking.own is not None:
        marks[ranking.own] = 0
    head_map(
        values,
        unit=_("Jensen–Shannon distance"),
        says=[_says(ranking, (int(at[0]), int(at[1]))) for at in np.ndindex(values.shape)],
        marks=marks,
        letters=["A"],
        names=ranking.axes,
        key="compared-heads",
    )
    st.caption(ranking.subtitle)


def _says(ranking: Ranking, place: Place) -> str:
    value = float(ranking.values[place])
    if np.isnan(value):
        return ranking.names(place)
    own = "\n" + _("this is A’s head") if place == ranking.own else ""
    return f"{ranking.names(place)}\n" + _("distance {value}").format(value=said(value)) + own


def said(distance: float) -> str:
    """A distance as it is written: what is not 0 never reads as 0, and rounding has no digits."""
    return "< 0.001" if 0 < distance < NOTHING else number(distance)


def bars(ranking: Ranking, theme: ThemeName) -> None:
    """The ranked list; a click chooses."""
    order = ranking.order()
    if not order:
        return
    shown = order[:MOST_BARS]
    if ranking.chosen in order and ranking.chosen not in shown:
        shown = [*shown[:-1], ranking.chosen]
    labels = [f"{order.index(place) + 1}. {ranking.names(place)}" for place in shown]
    title = _("The most alike first") if ranking.nearest else _("The most changed first")
    words = (
        _("{shown} of {all}, the others in the table of heads; a click shows that one")
        if len(shown) < len(order)
        else _("all {all}; a click shows that one")
    )
    more = words.format(shown=len(shown), all=len(order))
    drawn = ranked_bars(
        labels,
        [float(ranking.values[place]) for place in shown],
        title=title,
        subtitle=more,
        chosen=shown.index(ranking.chosen) if ranking.chosen in shown else None,
        texts=[said(float(ranking.values[place])) for place in shown],
        x_title=_("Jensen–Shannon distance (at most 1)"),
        theme=theme,
        signed=False,
    )
    largest = max(LEAST_AXIS, *(float(ranking.values[place]) for place in shown))
    drawn.update_xaxes(range=[0, min(ROOM * largest, 1.0)])
    show.figure(drawn, "compared-bars", f"{title}. {more}", on_bar=lambda bar: ranking.choose(shown[bar]))


def measure_in_words(pair: Pair) -> None:
    """The measure, its source, and what it does not say."""
    kept = (
        _("Every row is taken among the shared tokens alone and divided by the share of weight it keeps there.") + " "
        if not pair.whole
        else ""
    )
    maps.explain(
        r"\begin{aligned}d(p,q)^2&=\tfrac12\sum_j p_j\log_2\frac{p_j}{m_j}\\"
        r"&+\tfrac12\sum_j q_j\log_2\frac{q_j}{m_j}\\m&=\tfrac{p+q}{2}\end{aligned}",
        kept
        + _(
            "A head’s distance is the mean over the rows that both sides have: 0 = they look alike, 1 = at no token in "
            "common. Rows that may look at one token only are left out (Jensen–Shannon distance: Lin 1991, Endres & "
            "Schindelin 2003)."
        ),
        _(
            "It does **not** say that a difference matters: a head may look elsewhere and bring the same, or look the "
            "same and bring something else."
        ),
    )
