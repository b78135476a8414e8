"""Where a model may look and how much it does, small, with the row framed that makes a prediction."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import Array, attention_heatmap
from viz_core.figures.palette import ThemeName
from viz_core.language import _

HEIGHT = 340


def seen_by(
    weights: Array,
    tokens: Sequence[str],
    allowed: NDArray[np.bool_],
    *,
    row: int,
    title: str,
    subtitle: str,
    theme: ThemeName,
) -> go.Figure:
    """weights, allowed [query, key]; grey where not allowed. Colours end at the largest weight of the rows that
    may look at more than one place: a mean over many heads is pale on a scale to 1."""
    figure = attention_heatmap(
        weights,
        tokens,
        title=title,
        subtitle=subtitle,
        theme=theme,
        weights=True,
        allowed=allowed,
        unit=_("weight"),
        small=True,
        height=HEIGHT,
    )
    highest = float(weights[allowed & (allowed.sum(-1, keepdims=True) > 1)].max(initial=0)) or 1.0
    figure.data[-1].update(zmax=highest, colorbar_tickvals=[0, highest / 2, highest])
    return figure.update_layout(shapes=[row_frame(row, len(tokens), theme)])


def row_frame(row: int, columns: int, theme: ThemeName) -> dict[str, Any]:
    """Round all cells of a row."""
    edge = {"color": palette.CHOSEN[theme], "width": 2}
    return {"type": "rect", "x0": -0.5, "x1": columns - 0.5, "y0": row - 0.5, "y1": row + 0.5, "line": edge}
