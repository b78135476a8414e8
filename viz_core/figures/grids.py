"""Numbers over two whole-number axes that are no tokens: positions and components, positions and positions."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import COLOURBAR, Array, axis_title, colourbar, layout, limits_of
from viz_core.figures.palette import ThemeName

MOST_CELLS = (256, 512)  # rows and columns; a larger grid is not drawn


def grid(
    values: Array,
    *,
    title: str,
    subtitle: str,
    x_title: str,
    y_title: str,
    theme: ThemeName,
    says: str,
    told: NDArray[np.float32] | None = None,
    limit: float | None = None,
    framed: tuple[int, int] | None = None,
    square: bool = False,
    height: int = 400,
) -> go.Figure:
    """values [row, column], signed, row 0 on top.

    says    the hover, in Plotly's format: %{x}, %{y}, %{z} and, of `told` [row, column, k], %{customdata[k]}
    framed  the (row, column) to frame, with lines that lead to it
    square  cells are square

    Raises ValueError on more cells than MOST_CELLS.
    """
    rows, columns = values.shape
    if rows > MOST_CELLS[0] or columns > MOST_CELLS[1]:
        raise ValueError(f"values is {[rows, columns]}; expected at most {list(MOST_CELLS)}")
    limit = limit or limits_of(values)
    heatmap = go.Heatmap(
        z=values.astype(np.float32),
        customdata=None if told is None else told.astype(np.float32),
        colorscale=palette.colorscale(palette.SIGNED[theme]),
        zmin=-limit,
        zmax=limit,
        hovertemplate=f"{says}<extra></extra>",
        colorbar=colourbar("", -limit, limit, theme),
    )
    frame = layout(title, subtitle, theme, height)
    plain = {"showgrid": False, "zeroline": False, "nticks": 9, "ticks": "", "constrain": "domain"}
    frame |= {
        "dragmode": False,
        "margin": frame["margin"] | {"l": 48, "b": COLOURBAR + 40},
        "xaxis": plain
        | {"title": axis_title(x_title, theme), "range": [-0.5, columns - 0.5], "constraintoward": "left"},
        "yaxis": plain
        | {"title": axis_title(y_title, theme), "range": [rows - 0.5, -0.5], "constraintoward": "top"}
        | ({"scaleanchor": "x"} if square else {}),
    }
    if framed is not None:
        frame["shapes"] = _cross(*framed, rows, theme)
    return go.Figure(heatmap, frame)


def _cross(row: int, column: int, rows: int, theme: ThemeName) -> list[dict[str, Any]]:
    """Dark on a light edge, or the other way round: seen on every colour."""
    ink, edge = palette.TEXT[theme], palette.BACKGROUND[theme]
    cell: dict[str, Any] = {"type": "rect", "x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
    across: dict[str, Any] = {"type": "line", "x0": -0.5, "x1": column - 0.5, "y0": row, "y1": row}
    down: dict[str, Any] = {"type": "line", "x0": column, "x1": column, "y0": row + 0.5, "y1": rows - 0.5}
    drawn = [(across, 1.5, "dash"), (down, 1.5, "dash"), (cell, 3, "solid")]
    return [
        shape | {"line": {"color": colour, "width": width + wider, "dash": dash}}
        for colour, wider in ((edge, 2.5), (ink, 0))
        for shape, width, dash in drawn
    ]
