"""Small maps with their numbers written in the cells, and what rows or columns sum to beside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import AXIS_TITLE, COLOURBAR, TITLE_HEIGHT, Array, attention_heatmap, vectors_heatmap
from viz_core.figures.palette import ThemeName
from viz_core.language import _

MOST_PRECISE = 5  # columns that leave room for four decimals
MOST_WRITTEN = 12  # columns that leave room for any number
CELL = 72  # pixels, at most
AROUND = 150  # pixels: title, names and the bar of colours
NAMES = 20  # pixels: names of columns, level
ROW = (30, 300)  # pixels: the most for one vector, and for all together
MOST_SUMS = 8  # columns that leave room for what each sums to
LONG = 1e4  # a number from which decimals are not written
LONGER = 1e7  # likewise as a whole number
DIGITS = 4  # significant ones of a number that long
LOW = 90  # pixels of a map that the whole title of its rows has room beside
LINE = 30  # likewise a word
LETTER = 0.65  # of a font's size: the width of a digit, and some air
SUMS = 48  # pixels for a number beside each row
EVEN = 0.179  # the relative luminance on which black and white have the same contrast, 4.6
CLEAR = "rgba(0,0,0,0)"
UNSEEN = "\u200b"  # a letter without width: keeps the place of one that the other map writes
MOST_SIZE = 13
BAR_FROM = 22  # pixels: room for the first number under a bar
UNDER = 22  # likewise under each column


def numbered_map(
    values: Array,
    columns: Sequence[str],
    *,
    rows: Sequence[str],
    theme: ThemeName,
    width: int,
    row_sums: bool = False,
    column_sums: bool = False,
    **rule: Any,
) -> go.Figure:
    """One stage, [query, key], of at most about `width` pixels; `rule` goes to `attention_heatmap`.

    row_sums, column_sums  what each sums to stands beside it, of columns where there is room
    """
    n, m = values.shape
    column_sums &= m <= MOST_SUMS
    beside, under = (SUMS if row_sums else 8), (UNDER if column_sums else 0)
    cell = min(CELL, (width - beside) / m)
    rule["height"] = round(AROUND + n * cell + under)
    rule["axes"] = _("key (column)"), _title_of_rows(n * cell)
    columns = columns if m <= MOST_WRITTEN else list(map(str, range(m)))  # many: their numbers alone have room
    figure = attention_heatmap(values, columns, rows=rows, theme=theme, **rule)
    places = _places(values, m)
    _write(figure, _texts(values, places, padded=bool(rule.get("weights"))), cell)
    sums = _row_sums(values, theme) if row_sums else []
    sums += _column_sums(values, theme) if column_sums else []
    return figure.update_layout(
        xaxis_tickangle=0,
        margin={"t": TITLE_HEIGHT + AXIS_TITLE + NAMES, "r": beside, "b": COLOURBAR + under},
        annotations=sums,
    )


def numbered_vectors(values: Array, names: Sequence[str], *, theme: ThemeName, width: int, **rule: Any) -> go.Figure:
    """One vector a row; `rule` goes to `vectors_heatmap`."""
    n, d = values.shape
    figure = vectors_heatmap(values, names, theme=theme, height=round(110 + min(ROW[0] * n, ROW[1])), **rule)
    figure.update_traces(xgap=1, ygap=1)
    return _write(figure, _texts(values, _places(values, d)), width / d)


def _title_of_rows(height: float) -> str:
    """What fits beside a map so high."""
    return _("query (row)") if height >= LOW else _("query") if height >= LINE else ""


# -- the numbers -----------------------------------------------------------------------------------------------


def _places(values: Array, columns: int) -> int | None:
    """Decimals that numbers have room for; None where whole numbers have none."""
    finite = values[np.isfinite(values)]
    if columns > MOST_WRITTEN or (columns > MOST_PRECISE and finite.size and np.abs(finite).max() >= LONG):
        return None
    return 4 if columns <= MOST_PRECISE else 2


def _texts(values: Array, places: int | None, *, padded: bool = False) -> list[list[str]]:
    """`padded`: all with the same decimals."""
    if places is None:
        return []
    return [[_text(value, places, padded=padded) if np.isfinite(value) else "" for value in row] for row in values]


def _text(value: float, places: int, *, padded: bool) -> str:
    if abs(value) >= LONGER:
        mantissa, _e, power = f"{value:.{DIGITS - 1}e}".partition("e")
        text = f"{mantissa}e{int(power)}"
    elif abs(value) >= LONG:
        text = f"{value:.0f}"
    else:
        text = f"{value:.{places}f}"
        text = text if padded else text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def _write(figure: go.Figure, texts: list[list[str]], cell: float) -> go.Figure:
    """Into the cells of the last map, each black or white by what it stands on: Plotly's own choice is grey. A second
    map, unseen, holds the white ones, since a map has one colour of text."""
    drawn = figure.data[-1]
    drawn.colorbar.update(title={"text": ""}, xpad=BAR_FROM)  # its unit would touch the first number; the title says it
    if not texts:
        drawn.texttemplate = ""
        return figure
    white = [[_luminance(_colour(drawn, value)) < EVEN for value in row] for row in drawn.z.tolist()]
    size = _size(texts, cell)
    over = go.Heatmap(z=drawn.z, x0=drawn.x0, dx=drawn.dx, y0=drawn.y0, dy=drawn.dy, xgap=drawn.xgap, ygap=drawn.ygap)
    over.update(
        colorscale=[(0, CLEAR), (1, CLEAR)], showscale=False, hoverinfo="skip", zmin=drawn.zmin, zmax=drawn.zmax
    )
    for trace, colour, wanted in ((drawn, "#000000", False), (over, "#FFFFFF", True)):
        own = [
            [text if is_white is wanted else UNSEEN * len(text) for text, is_white in zip(row, whites, strict=True)]
            for row, whites in zip(texts, white, strict=True)
        ]
        trace.update(text=own, texttemplate="%{text}", textfont={"color": colour, **size})
    return figure.add_trace(over)


def _size(texts: list[list[str]], cell: float) -> dict[str, int]:
    """Of the letters: Plotly fits them to the cells, but where there is one row only it does not."""
    longest = max(len(text) for row in texts for text in row)
    return {"size": min(MOST_SIZE, int(cell / max(longest, 1) / LETTER))} if len(texts) == 1 else {}


def _colour(drawn: go.Heatmap, value: float | None) -> NDArray[np.float64]:
    """Red, green and blue, 0 to 1, that the map draws a value with."""
    places = np.array([place for place, _stop in drawn.colorscale])
    stops = np.array([[int(stop[i : i + 2], 16) / 255 for i in (1, 3, 5)] for _place, stop in drawn.colorscale])
    share = ((value or 0.0) - drawn.zmin) / (drawn.zmax - drawn.zmin)
    return np.array([np.interp(share, places, stops[:, channel]) for channel in range(3)])


def _luminance(colour: NDArray[np.float64]) -> float:
    """Relative, as in WCAG 2."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


# -- sums ------------------------------------------------------------------------------------------------------


def _row_sums(values: Array, theme: ThemeName) -> list[dict[str, Any]]:
    n, m = values.shape
    place = {"x": m - 0.5, "xanchor": "left", "xshift": 4}
    sums = enumerate(values.sum(1).tolist())
    return [_sum(total, theme, 12 if n <= MOST_WRITTEN else 9) | place | {"y": i} for i, total in sums]


def _column_sums(values: Array, theme: ThemeName) -> list[dict[str, Any]]:
    place = {"y": len(values) - 0.5, "yanchor": "top", "yshift": -2}
    return [_sum(total, theme) | place | {"x": j} for j, total in enumerate(values.sum(0).tolist())]


def _sum(total: float, theme: ThemeName, size: int = 12) -> dict[str, Any]:
    font = {"size": size, "color": palette.TEXT[theme]}
    return {"text": f"Σ {total:.2f}", "showarrow": False, "font": font}
