"""Maps: [query, key] cells of one stage, and [token, component] vectors.

Axis values are integers and tokens only tick text: with tokens as axis values Plotly would merge the two
"the" of a sentence into one column. Rows are queries, from the top; columns are keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.hatched import hatching
from viz_core.figures.labels import label_width, literal, tick_text
from viz_core.figures.palette import ThemeName
from viz_core.language import _

Array = NDArray[np.float32]

TITLE_HEIGHT = 46  # pixels: the name and the line that says what a cell means
NOTE_HEIGHT = 20
AXIS_TITLE = 24  # pixels beside the names of rows
COLOURBAR = 42  # pixels under the map
MOST_LABELS = 40  # above, ticks would overlap: tokens are read from the hover alone
MOST_DRAWN = 256  # cells along an edge; a longer text is drawn pooled, and cell by cell where the visitor zooms in
MOST_VECTORS = (256, 512)  # rows and columns of a map of vectors; a larger one is drawn pooled
MOST_HOVER_NUMBERS = 128  # above, only the drawn stage is sent: n² numbers for each further one weigh too much
CLEAR = "rgba(0,0,0,0)"
MOST_WRITTEN = 12  # above, a number does not fit into its cell
Window = tuple[int, int, int, int]  # first row, last row, first column, last column
ROWS_ARE: dict[str, dict[str, Any] | None] = {  # what the page's bridge reads
    "query": {"linked": "cells", "rows_only": True},
    "key": {"linked": "cells", "columns": "key-rows"},
    "": None,
}
# the app's own (static/), then those of a machine that reads a figure elsewhere
FONT = (
    "Attention Sans, Attention Sans More, Source Sans, Pretendard, Noto Sans KR, Noto Sans CJK KR, "
    "Apple SD Gothic Neo, Malgun Gothic, sans-serif"
)


def attention_heatmap(
    values: Array,
    tokens: Sequence[str],
    *,
    title: str,
    subtitle: str,
    theme: ThemeName,
    weights: bool = False,
    from_zero: bool = False,
    allowed: NDArray[np.bool_] | None = None,
    limit: float | None = None,
    unit: str,
    also: dict[str, Array] | None = None,
    relation: str = "",
    axes: tuple[str, str] | None = None,
    below: Sequence[go.Heatmap] = (),
    small: bool = False,
    height: int = 0,
    window: Window | None = None,
    rows: Sequence[str] | None = None,
) -> go.Figure:
    """One stage of one head, [query, key].

    weights: the values are shares from 0 to 1 (one hue), else signed numbers around 0 (two hues).
    from_zero: signed values that are all above 0 have the colours above 0 alone.
    allowed: where False the cell is drawn in the "not allowed" grey, whatever its value.
    limit: colours of signed values run from −limit to limit; give compared panels the same (`limits_of`). Colours of
        weights end there, at 1 unless said otherwise.
    axes: what columns and what rows are; key and query unless said otherwise.
    below: layers of cells that are seen where a value is NaN.
    small: one of several on a line: smaller names, no titles of axes.
    height: in pixels; 0 = taller for longer texts, so that labels stay apart
    also: further numbers the hover tells, e.g. {"score": scores}, each [query, key].
    relation: how the hover joins {row} and {column}; "{row} looks at {column}" unless said otherwise.
    window: the part to draw; of more than MOST_DRAWN rows or columns each cell drawn is the strongest of several.
    rows: names of the rows, where these are another text than the columns: cross-attention.
    """
    n_query, n_key = values.shape
    drawn = values if allowed is None else np.where(allowed, values, np.float32(np.nan))
    highest = limit or (1.0 if weights else limits_of(drawn))
    lowest = 0.0 if weights or from_zero else -highest
    part = _part(drawn, window)
    told = dict(also or {}) if part.size == 1 and max(part.cells.shape) <= MOST_HOVER_NUMBERS else {}
    further = "".join(f"<br>{name} %{{customdata[{i}]:.4~g}}" for i, name in enumerate(told))
    looks, forbidden = relation or _("{row} looks at {column}"), _("{row} may not look at {column}")
    most = max(part.cells.shape)
    heatmap = go.Heatmap(
        z=part.cells,
        **part.axes,
        customdata=np.stack([part.cut(more) for more in told.values()], axis=-1) if told else part.strongest,
        colorscale=palette.colorscale(_stops(theme, weights=weights, from_zero=from_zero)),
        zmin=lowest,
        zmax=highest,
        hovertemplate=f"{part.between(looks)}<br>{part.says(unit)}{further}<extra></extra>",
        hoverongaps=False,
        xgap=1 if most <= MOST_LABELS else 0,
        ygap=1 if most <= MOST_LABELS else 0,
        texttemplate="%{z:.2f}" if most <= MOST_WRITTEN else None,
        colorbar=colourbar(unit, lowest, highest, theme),
    )
    masked = allowed is not None and not allowed.all()
    grey = [_forbidden_cells(part, np.isnan(part.cells), part.between(forbidden), theme)] if masked else []
    columns, down = part.ticks(tokens[:n_key], 1), part.ticks(tokens[-n_query:] if rows is None else rows, 0)
    ranges = part.ranges
    names = axes or (_("key (column)"), _("query (row)"))
    titled = [{} if small else {"title": axis_title(name, theme)} for name in names]
    title_height = 0 if small else AXIS_TITLE
    height_drawn, width_drawn = part.cells.shape
    over, beside = _room(columns[1], width_drawn, small=small), _room(down[1], height_drawn, small=small)
    frame = layout(title, subtitle, theme, height or (430 if n_query <= 24 else 540), note=part.note)
    frame |= {
        "dragmode": "zoom" if n_query > MOST_LABELS else "pan",
        "meta": {"linked": "cells", "size": part.size, "window": window is not None},
        "margin": frame["margin"]
        | {"t": frame["margin"]["t"] + title_height + over, "l": title_height + beside, "b": COLOURBAR},
        # cells are square and the map stands at the left, under its name
        "xaxis": _token_axis(*columns, width_drawn, theme, small=small)
        | titled[0]
        | {"side": "top", "tickangle": -90}
        | {"range": ranges[0], "constrain": "domain", "constraintoward": "left"},
        "yaxis": _token_axis(*down, height_drawn, theme, small=small)
        | titled[1]
        | {"range": ranges[1], "scaleanchor": "x", "constrain": "domain", "constraintoward": "top"},
    }
    if masked:
        frame["images"] = [hatching(theme, ranges[0], ranges[1][::-1])]
    return go.Figure([*grey, *below, heatmap], frame)  # at once: every update_… of a figure costs milliseconds


@dataclass(frozen=True, eq=False)
class _Part:
    """What is drawn of a map: its cells from `first` on, each the strongest of size × size."""

    cells: Array
    strongest: NDArray[np.uint16] | None  # which of the covered cells is shown: row · size + column
    first: tuple[int, int]
    last: tuple[int, int]
    size: int
    whole: bool

    @property
    def axes(self) -> dict[str, float]:
        """Where the cells lie: axis values are token numbers, whatever a cell covers."""
        middle = (self.size - 1) / 2
        return {"y0": self.first[0] + middle, "dy": self.size, "x0": self.first[1] + middle, "dx": self.size}

    @property
    def ranges(self) -> tuple[list[float], list[float]]:
        (row, column), (last_row, last_column) = self.first, self.last
        return [column - 0.5, last_column + 0.5], [last_row + 0.5, row - 0.5]

    @property
    def note(self) -> str:
        if self.size > 1:
            return _("each cell: the strongest of {size} × {size}. Drag a box to zoom in").format(size=self.size)
        return "" if self.whole else _("a part of the map, every cell as it is. Double-click for all")

    def cut(self, other: Array) -> Array:
        (row, column), (last_row, last_column) = self.first, self.last
        return other[row : last_row + 1, column : last_column + 1].astype(np.float32)

    def between(self, says: str) -> str:
        """Hover words: {row} and {column} with their numbers, which tell one "the" of a text from another."""
        if self.size > 1:
            return says.format(row="%{y}", column="%{x}")
        return says.format(row="“%{y}” (%{y:d})", column="“%{x}” (%{x:d})")

    def says(self, unit: str) -> str:
        number = f"<b>{unit} %{{z:.4~g}}</b>"
        return number if self.size == 1 else _("strongest: {number}").format(number=number)

    def ticks(self, tokens: Sequence[str], axis: int) -> tuple[NDArray[np.float32], list[str]]:
        """Of the drawn rows (axis 0) or columns (axis 1)."""
        return _ticks(tokens, self.first[axis], self.last[axis], self.size)


def _ticks(tokens: Sequence[str], first: int, last: int, size: int) -> tuple[NDArray[np.float32], list[str]]:
    """Positions and texts along an axis whose cells cover `size` tokens each."""
    starts = range(first, min(last + 1, len(tokens)), size)
    if size == 1:
        return np.array(starts, dtype=np.float32), [tick_text(token) for token in tokens[first : last + 1]]
    spans = [(start, min(start + size - 1, last)) for start in starts]
    texts = [f"“{tick_text(tokens[a])} … {tick_text(tokens[b])}” ({a}–{b})" for a, b in spans]
    return np.array(starts, dtype=np.float32) + np.float32((size - 1) / 2), texts


def _part(values: Array, window: Window | None) -> _Part:
    """The cells to draw; NaN cells are shown only where all covered ones are."""
    n_query, n_key = values.shape
    top, bottom, left, right = window or (0, n_query - 1, 0, n_key - 1)
    cells = values[top : bottom + 1, left : right + 1].astype(np.float32)
    size = -(-max(cells.shape) // MOST_DRAWN)
    which = None
    if size > 1:
        cells, which = strongest(cells, size, size)
    return _Part(cells, which, (top, left), (bottom, right), size, window is None)


def strongest(values: Array, down: int, across: int) -> tuple[Array, NDArray[np.uint16]]:
    """The value of largest magnitude of every down × across values, and which one it was: row · across + column. NaN
    is shown only where all of them are."""
    rows, columns = -(-values.shape[0] // down), -(-values.shape[1] // across)
    room = [(0, rows * down - values.shape[0]), (0, columns * across - values.shape[1])]
    padded = np.pad(values, room, constant_values=np.nan).reshape(rows, down, columns, across)
    blocks = padded.swapaxes(1, 2).reshape(rows, columns, down * across)
    which = np.nan_to_num(np.abs(blocks), nan=-1).argmax(-1)
    return np.take_along_axis(blocks, which[..., None], axis=-1)[..., 0], which.astype(np.uint16)


def vectors_heatmap(
    values: Array,
    tokens: Sequence[str],
    *,
    title: str,
    subtitle: str,
    theme: ThemeName,
    hue: dict[str, str] | None = None,
    limit: float | None = None,
    rows_are: str = "query",
    height: int = 320,
    framed: tuple[int, int] | None = None,
) -> go.Figure:
    """One vector a row, [token, component]: X, Q, K, V, context, output. `hue` colours the title.

    rows_are says which end of the chosen cell a row stands for, "query", "key" or "" for neither.
    framed: a range of columns to frame, first and one past the last.
    Rows without tokens (a weight matrix) are numbered. Of a matrix larger than MOST_VECTORS each cell drawn is the
    strongest of several.
    """
    n, d = values.shape
    limit = limit or limits_of(values)
    down, across = -(-n // MOST_VECTORS[0]), -(-d // MOST_VECTORS[1])
    pooled = down * across > 1
    component = _("component") + (" %{x}" if across == 1 else " %{customdata}–%{text}")
    row = "“%{y}” (%{y:d})" if down == 1 else "%{y}"
    prefix = _("strongest: ") if pooled else ""
    heatmap = go.Heatmap(
        z=strongest(values.astype(np.float32), down, across)[0] if pooled else values.astype(np.float32),
        y0=(down - 1) / 2,
        dy=down,
        x0=(across - 1) / 2,
        dx=across,
        **(_spans(n, d, down, across) if across > 1 else {}),
        colorscale=palette.colorscale(palette.SIGNED[theme]),
        zmin=-limit,
        zmax=limit,
        hovertemplate=f"{row}, {component}<br>{prefix}<b>%{{z:.4~g}}</b><extra></extra>",
        colorbar=colourbar("", -limit, limit, theme),
    )
    note = _("each cell: the strongest of {down} × {across}").format(down=down, across=across) if pooled else ""
    frame = layout(title, subtitle, theme, height, note=note)
    if hue is not None:
        frame["title"]["font"]["color"] = hue[theme]
    if len(tokens) and (meta := ROWS_ARE[rows_are]):
        frame["meta"] = {**meta, "size": down}
    if framed is not None:
        line = {"color": palette.CHOSEN[theme], "width": 2}
        frame["shapes"] = [
            {"type": "rect", "x0": framed[0] - 0.5, "x1": framed[1] - 0.5, "y0": -0.5, "y1": n - 0.5, "line": line}
        ]
    frame["xaxis"] = {
        "range": [-0.5, d - 0.5],
        "showgrid": False,
        "zeroline": False,
        "showticklabels": False,
        "ticks": "",
    }
    ticks = _ticks(tokens, 0, n - 1, down)
    named = _token_axis(*ticks, n, theme) if len(tokens) else {}
    frame["margin"] |= {"b": COLOURBAR, "l": _room(ticks[1], n) if len(tokens) else 32}
    frame["yaxis"] = named | {"range": [n - 0.5, -0.5], "showgrid": False, "zeroline": False}
    return go.Figure(heatmap, frame)


def _spans(n: int, d: int, down: int, across: int) -> dict[str, NDArray[np.uint16]]:
    """First and last component that each drawn cell covers."""
    first = np.arange(0, d, across, dtype=np.uint16)
    last = np.minimum(first + across, d).astype(np.uint16) - np.uint16(1)
    rows = -(-n // down)
    return {"customdata": np.tile(first, (rows, 1)), "text": np.tile(last, (rows, 1))}


def limits_of(*arrays: Array, share: float = 1.0) -> float:
    """The magnitude that `share` of all finite values stay below: one scale for panels that are compared."""
    magnitudes = np.concatenate([np.abs(array[np.isfinite(array)]) for array in arrays])
    if not magnitudes.size:
        return 1.0
    return float(magnitudes.max() if share == 1 else np.quantile(magnitudes, share)) or 1.0


def _stops(theme: ThemeName, *, weights: bool, from_zero: bool) -> list[str]:
    if weights:
        return palette.WEIGHTS[theme]
    colours = palette.SIGNED[theme]
    return colours[len(colours) // 2 :] if from_zero else colours


def _room(texts: Sequence[str], n: int, *, small: bool = False) -> int:
    """Pixels for the names of tokens along an axis: none where they are not written."""
    return label_width(texts, _label_size(n, small=small)) + 4 if n <= MOST_LABELS else 4


def _label_size(n: int, *, small: bool) -> int:
    return max(7, min(13, 170 // max(n, 1))) if small else max(8, min(13, 300 // max(n, 1)))


def _forbidden_cells(part: _Part, forbidden: NDArray[np.bool_], says: str, theme: ThemeName) -> go.Heatmap:
    """A layer below the values, so that "not allowed" has a hover of its own. It is clear there, for the hatching to be
    seen, and grey between the cells that are allowed."""
    return go.Heatmap(
        z=forbidden.astype(np.uint8),
        **part.axes,
        colorscale=[(0, palette.NOT_ALLOWED[theme]), (1, CLEAR)],
        zmin=0,
        zmax=1,
        showscale=False,
        hovertemplate=f"{says}<extra></extra>",
    )


def layout(title: str, subtitle: str, theme: ThemeName, height: int, note: str = "") -> dict[str, Any]:
    """What every figure has: its name, a line that says what it shows, and perhaps one on how to look at it."""
    lines = [f'<span style="font-size:13px;color:{palette.MUTED[theme]}">{literal(subtitle)}</span>']
    if note:
        lines.append(f'<span style="font-size:12px;color:{palette.MUTED[theme]}">{literal(note)}</span>')
    return {
        "title": {
            "text": "<br>".join([f"<b>{literal(title)}</b>", *lines]),
            "font": {"size": 16, "color": palette.TEXT[theme]},
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 20},
        },
        "font": {"family": FONT, "size": 13, "color": palette.TEXT[theme]},
        "height": height,
        "margin": {"l": 8, "r": 8, "t": TITLE_HEIGHT + 4 + (NOTE_HEIGHT if note else 0), "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"font": {"family": FONT, "size": 14}, "align": "left"},
        "dragmode": "pan",
    }


def _token_axis(
    places: NDArray[np.float32], texts: Sequence[str], n: int, theme: ThemeName, *, small: bool = False
) -> dict[str, Any]:
    """`n` are shown at once; above MOST_LABELS their names would touch and are told by the hover alone."""
    return {
        "tickmode": "array",
        "tickvals": places,
        "ticktext": list(texts),
        "showticklabels": n <= MOST_LABELS,
        "tickfont": {"size": _label_size(n, small=small), "color": palette.TEXT[theme]},
        "ticklabelstandoff": 4,  # px: a frame reaches so far over the map
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
    }


def axis_title(text: str, theme: ThemeName) -> dict[str, Any]:
    return {"text": literal(text), "font": {"size": 12, "color": palette.MUTED[theme]}, "standoff": 6}


def colourbar(unit: str, lowest: float, highest: float, theme: ThemeName) -> dict[str, Any]:
    """Under the map, so that on a small screen the map has the whole width. Placed in the container: where a colour bar
    is placed in the plot, Plotly draws everything twice to make room for it."""
    return {
        "title": {"text": literal(unit), "side": "right", "font": {"size": 12, "color": palette.MUTED[theme]}},
        "orientation": "h",
        "xref": "container",
        "yref": "container",
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "bottom",
        "xpad": 10 if unit else 22,  # room for the first number, which stands under the bar's left end
        "ypad": 2,
        "len": 180,
        "lenmode": "pixels",
        "thickness": 8,
        "outlinewidth": 0,
        "tickfont": {"size": 11, "color": palette.MUTED[theme]},
        "tickvals": [lowest, (lowest + highest) / 2, highest],
        "tickformat": ".3~g",
    }
