"""Small maps with their numbers written in the cells, and what rows or columns sum to beside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.heatmaps import AXIS_TITLE, COLOURBAR, TITLE_HEIGHT, Array, attention_heatmap, vectors_heatmap
from viz_core.figures.palette import ThemeName

MOST_PRECISE = 5  # columns that leave room for four decimals
MOST_WRITTEN = 12  # columns that leave room for any number
CELL = 72  # pixels, at most
AROUND = 150  # pixels: title, names and the bar of colours
NAMES = 20  # pixels: names of columns, level
ROW = (30, 300)  # pixels: the most for one vector, and for all together
MOST_SUMS = 8  # columns that leave room for what each sums to
LONG = 1e4  # a number from which decimals are not written
SUMS = 48  # pixels for a number beside each row
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
    columns = columns if m <= MOST_WRITTEN else list(map(str, range(m)))  # many: their numbers alone have room
    figure = attention_heatmap(values, columns, rows=rows, theme=theme, **rule)
    figure.data[-1].texttemplate = _template(values, m, decimals=bool(rule.get("weights")))
    sums = _row_sums(values, theme) if row_sums else []
    sums += _column_sums(values, theme) if column_sums else []
    return figure.update_layout(
        xaxis_tickangle=0,
        margin={"t": TITLE_HEIGHT + AXIS_TITLE + NAMES, "r": beside, "b": COLOURBAR + under},
        annotations=sums,
    )


def numbered_vectors(values: Array, names: Sequence[str], *, theme: ThemeName, **rule: Any) -> go.Figure:
    """One vector a row; `rule` goes to `vectors_heatmap`."""
    n, d = values.shape
    figure = vectors_heatmap(values, names, theme=theme, height=round(110 + min(ROW[0] * n, ROW[1])), **rule)
    return figure.update_traces(texttemplate=_template(values, d), xgap=1, ygap=1)


def _template(values: Array, columns: int, *, decimals: bool = False) -> str:
    """The format of the numbers in the cells; "" where they have no room."""
    if columns > MOST_WRITTEN:
        return ""
    finite = values[np.isfinite(values)]
    if finite.size and np.abs(finite).max() >= LONG:
        return "%{z:.2~g}" if columns <= MOST_PRECISE else ""
    places = 4 if columns <= MOST_PRECISE else 2
    return f"%{{z:.{places}{'' if decimals else '~'}f}}"


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
