"""A map of scores with the tiles drawn over it that are walked one by one."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.heatmaps import Array, attention_heatmap
from viz_core.figures.palette import ThemeName

Box = tuple[int, int, int, int]  # first row, one past the last, first key, one past the last
VEIL = {"light": "rgba(255,255,255,0.74)", "dark": "rgba(15,18,24,0.72)"}  # over what is not done yet
MOST_LINES = 64  # of the grid, above which it would be all that one sees


def tile_map(
    scores: Array,
    tokens: Sequence[str],
    *,
    size: tuple[int, int],
    walked: tuple[int, int],
    current: Box,
    skipped: Sequence[Box],
    theme: ThemeName,
    **rule: Any,
) -> go.Figure:
    """Masked scores [query, key] in tiles of `size`, rows × keys.

    walked   first row of the walk and one past its last: rows outside it are veiled
    current  the tile that is computed, framed; what comes after it, row block by row block, is veiled. The first three
             shapes of the figure say so: a browser that plays moves them
    skipped  tiles of which nothing is computed: crossed out
    rule     goes to `attention_heatmap`
    """
    n_query, n_key = scores.shape
    figure = attention_heatmap(scores, tokens, theme=theme, **rule)
    top, bottom, _left, right = current
    first, last = walked
    veil: dict[str, Any] = {"fillcolor": VEIL[theme], "line": {"width": 0}}
    frame: dict[str, Any] = {"line": {"color": palette.TEXT[theme], "width": 3}}  # the chosen cell has its own colour
    thin: dict[str, Any] = {"type": "path", "line": {"color": palette.MUTED[theme], "width": 1}}
    shapes = [
        _rectangle((top, bottom, right, n_key)) | veil,
        _rectangle((bottom, n_query, 0, n_key)) | veil,
        _rectangle(current) | frame,
        _rectangle((0, first, 0, n_key)) | veil,
    ]
    lines = _grid((first, last), n_key, size)
    if lines:
        shapes.append(thin | {"path": lines, "opacity": 0.6})
    if skipped:
        shapes.append(thin | {"path": _crosses(skipped), "opacity": 0.5})
    return figure.update_layout(shapes=shapes)


def _rectangle(box: Box) -> dict[str, Any]:
    top, bottom, left, right = box
    return {"type": "rect", "x0": left - 0.5, "x1": right - 0.5, "y0": top - 0.5, "y1": bottom - 0.5}


def _grid(rows: tuple[int, int], n_key: int, size: tuple[int, int]) -> str:
    """All lines between tiles as one path: each shape more costs time."""
    first, last = rows
    down = range(first, last + 1, size[0])
    across = range(0, n_key + 1, size[1])
    drawn = [f"M-0.5,{y - 0.5}L{n_key - 0.5},{y - 0.5}" for y in down] if len(down) <= MOST_LINES else []
    if len(across) <= MOST_LINES:
        drawn += [f"M{x - 0.5},{first - 0.5}L{x - 0.5},{last - 0.5}" for x in across]
    return "".join(drawn)


def _crosses(boxes: Sequence[Box]) -> str:
    return "".join(
        f"M{left - 0.5},{top - 0.5}L{right - 0.5},{bottom - 0.5}M{right - 0.5},{top - 0.5}L{left - 0.5},{bottom - 0.5}"
        for top, bottom, left, right in boxes
    )
