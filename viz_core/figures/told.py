"""A figure in words, for those who do not see it: where its largest numbers are. Computed from what it draws."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import contents
from viz_core.language import _

MOST = 3  # numbers told of a map, bars told, lines told of
LONGEST = 24  # characters of a name: a legend may be a sentence
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
QUOTES = "“"  # a name that has them quotes its token itself


def largest(figure: go.Figure) -> str:
    """Its largest numbers in one sentence, e.g. "Largest: “bit” → “dog” 0.41; …"; "" for a drawing without numbers.

    Of a map the cells of largest magnitude that a row may look at; of bars the longest; of each curve its highest
    point. At most MOST of each.
    """
    if not contents.has_numbers(figure):
        return ""
    maps = contents.maps(figure)
    said = [_of_map(figure, trace, named=len(maps) > 1) for trace in maps[:MOST]]
    if not maps:
        said = [_of_bars(figure), _of_curves(figure)]
    return " ".join(sentence for sentence in said if sentence)


def number(value: float) -> str:
    """Three significant digits, more of a number that has more before its point; no computer's e-05."""
    size = abs(value)
    if size >= 1000:
        said = f"{value:,.0f}"
    elif 0 < size < 0.001:
        mantissa, _e, exponent = f"{value:.2e}".partition("e")
        said = f"{float(mantissa):g}·10" + str(int(exponent)).translate(RAISED)
    else:
        said = f"{value:.3g}"
    return said.replace("-", "−")


def _of_map(figure: go.Figure, trace: go.Heatmap, *, named: bool) -> str:
    numbers = contents.values(trace)
    if numbers.ndim != 2 or numbers.dtype.kind not in "fiu":
        return ""
    rows = _named(contents.places(figure, trace, "y", numbers.shape[0]), "row")
    columns = _named(contents.places(figure, trace, "x", numbers.shape[1]), "column")
    cells = [
        f"{rows[row]} → {columns[column]} {number(numbers[row, column])}"
        for row, column in (divmod(int(index), numbers.shape[1]) for index in _longest(numbers.ravel()))
    ]
    if not cells:
        return ""
    name = contents.plain(trace.name or "") if named else ""
    return _sentence("; ".join(cells), name)


def _sentence(what: str, name: str = "") -> str:
    if name:
        return _("Largest in {name}: {what}.").format(name=name, what=what)
    return _("Largest: {what}.").format(what=what)


def _longest(values: NDArray[Any], most: int = MOST) -> list[int]:
    """Where the largest magnitudes are, the first of equals first."""
    sizes = np.where(np.isfinite(values), np.abs(values), -1)
    few = min(most, int((sizes > 0).sum()))
    if not few:
        return []
    bound = np.partition(sizes, len(sizes) - few)[-few]
    above, equal = np.flatnonzero(sizes > bound), np.flatnonzero(sizes == bound)
    found = np.concatenate([above, equal[: few - len(above)]])
    return [int(at) for at in found[np.lexsort((found, -sizes[found]))]]


def _named(places: Sequence[tuple[str, str]], kind: str) -> list[str]:
    """A token in quotes, with its number where another has the same; a place without a token by its number."""
    often = Counter(name for _at, name in places)
    numbered = _("row {number}") if kind == "row" else _("column {number}")

    def named(at: str, name: str) -> str:
        if not name:
            return numbered.format(number=at)
        quoted = name if QUOTES in name else f"“{name}”"
        return quoted if often[name] == 1 else f"{quoted} ({at})"

    return [named(at, name) for at, name in places]


def _of_bars(figure: go.Figure) -> str:
    drawn = [trace for trace in contents.points(figure) if trace.type == "bar"]
    bars: list[tuple[float, str]] = []
    for trace in drawn:
        lying = trace.orientation == "h"
        values, along = (trace.x, trace.y) if lying else (trace.y, trace.x)
        if along is None:
            continue
        lengths = np.asarray(values, dtype=float)
        names = contents.ticks(figure, trace, "y" if lying else "x")
        whose = f" ({_short(trace.name)})" if len(drawn) > 1 and trace.name else ""
        bars += [(lengths[at], f"{_place(names, along[at])}{whose} {number(lengths[at])}") for at in _longest(lengths)]
    found = _longest(np.array([length for length, _said in bars]))
    return _sentence("; ".join(bars[at][1] for at in found)) if found else ""


def _of_curves(figure: go.Figure) -> str:
    drawn = [trace for trace in contents.points(figure) if trace.type == "scatter" and trace.y is not None]
    said = []
    for trace in drawn[:MOST]:
        heights = np.asarray(trace.y)
        if heights.dtype.kind not in "fiu" or not np.isfinite(heights).any():
            continue
        at = int(np.nanargmax(np.where(np.isfinite(heights), heights, np.nan)))
        name = f"{_short(trace.name)} " if trace.name else ""
        place = _place(contents.ticks(figure, trace, "x"), trace.x[at])
        said.append(_("{name}{height} at {place}").format(name=name, height=number(heights[at]), place=place))
    return _("Highest: {what}.").format(what="; ".join(said)) if said else ""


def _place(names: dict[Any, str], at: Any) -> str:
    name = names.get(contents.place_key(at), "")
    if name:
        return name if QUOTES in name else f"“{name}”"
    if not isinstance(at, contents.NUMBER):
        return contents.plain(str(at))
    return f"{at:,.0f}" if float(at).is_integer() else number(float(at))


def _short(name: str) -> str:
    name = contents.plain(name)
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
