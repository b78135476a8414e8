"""A figure as tables to read on the page: its numbers under the names of rows and columns. The file has all of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import contents
from viz_core.figures.taken import Cells
from viz_core.language import _

MOST_CELLS = 1600  # of a table: 40 × 40
MOST_TABLES = 4


@dataclass(frozen=True, eq=False)
class Table:
    """values [row, column], NaN where there is none: no name of a row or of a column is there twice.

    of  how many numbers there are, where these are only a row of a larger map, or the first; else 0
    """

    name: str
    rows: list[str]
    columns: list[str]
    values: NDArray[np.floating]
    of: int = 0


def tables(figure: go.Figure, cells: Cells | None = None, row: int = 0) -> list[Table]:
    """A table for each of its maps, at most MOST_TABLES, or one of its bars and curves.

    cells  every number of a map that may be drawn with fewer
    row    which one to tell where a map has more than MOST_CELLS: then its columns go down
    """
    maps = contents.maps(figure)
    if not maps:
        return _of_points(figure)
    if cells is not None and contents.pooled(figure) != (1, 1):
        shown = cells.values if cells.allowed is None else np.where(cells.allowed, cells.values, np.nan)
        return [_of_map("", shown, _counted(cells.rows, shown.shape[0]), _counted(cells.columns, shown.shape[1]), row)]
    found = []
    for trace in maps[:MOST_TABLES]:
        values = contents.values(trace)
        if values.ndim == 2 and values.dtype.kind in "fiu":
            rows, columns = (
                contents.places(figure, trace, axis, n) for axis, n in zip("yx", values.shape, strict=True)
            )
            found.append(_of_map(contents.plain(trace.name or ""), values, rows, columns, row))
    return found


def _counted(names: Sequence[str], count: int) -> list[tuple[str, str]]:
    return [(str(at), names[at] if at < len(names) else "") for at in range(count)]


def _of_map(
    name: str,
    values: NDArray[np.floating],
    rows: Sequence[tuple[str, str]],
    columns: Sequence[tuple[str, str]],
    row: int,
) -> Table:
    down, across = _names(rows), _names(columns)
    if values.size <= MOST_CELLS:
        return Table(name, down, across, values)
    numbers = [int(at) if at.lstrip("-").isdigit() else index for index, (at, _name) in enumerate(rows)]
    told = max((index for index, at in enumerate(numbers) if at <= row), default=0)
    return Table(name, across, [down[told]], values[told][:, None], of=values.size)


def _names(places: Sequence[tuple[str, str]]) -> list[str]:
    """Tokens with their numbers, which tell one "the" from another; numbers alone where there is no token."""
    return _unique([f"{at} {name}" if name else at for at, name in places])


def _unique(names: Sequence[str]) -> list[str]:
    often, seen = Counter(names), Counter[str]()
    told = []
    for name in names:
        seen[name] += 1
        told.append(name if often[name] == 1 else f"{name} ({seen[name]})")
    return told


def _of_points(figure: go.Figure) -> list[Table]:
    """A row for each place along the axis, a column for each set of bars and each curve; where one of these is at a
    place more than once, a row for each time."""
    drawn = [trace for trace in contents.points(figure) if trace.y is not None]
    rows: dict[tuple[object, int], str] = {}
    names: list[str] = []
    columns: list[dict[tuple[object, int], float]] = []
    for trace in drawn:
        lying = trace.type == "bar" and trace.orientation == "h"
        along, lengths = (trace.y, trace.x) if lying else (trace.x, trace.y)
        numbers = np.asarray(lengths)
        if numbers.dtype.kind not in "fiu":
            continue
        ticks = contents.ticks(figure, trace, "y" if lying else "x")
        places = _told_apart(along)
        rows |= {place: ticks.get(contents.place_key(place[0])) or contents.plain(_place(place[0])) for place in places}
        names.append(contents.plain(trace.name or "") or _("value"))
        columns.append(dict(zip(places, numbers.tolist(), strict=False)))
    if not columns:
        return []
    most = MOST_CELLS // len(columns)
    kept = list(rows)[:most]
    values = np.array([[column.get(place, np.nan) for column in columns] for place in kept], dtype=np.float64)
    of = len(rows) * len(columns)
    return [
        Table("", _unique([rows[place] for place in kept]), _unique(names), values, 0 if len(kept) == len(rows) else of)
    ]


def _told_apart(along: Iterable[object]) -> list[tuple[object, int]]:
    """Each place, and how often it was there before."""
    seen = Counter[object]()
    found = []
    for place in along:
        found.append((place, seen[place]))
        seen[place] += 1
    return found


def _place(place: object) -> str:
    return f"{place:g}" if isinstance(place, float) else str(place)
