"""Where a model may look and how much it does, small, with the row framed that makes a prediction."""

from collections.abc import Sequence

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
    """weights, allowed [query, key]; grey where not allowed."""
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
    edge = {"color": palette.CHOSEN[theme], "width": 2}
    frame = {"type": "rect", "x0": -0.5, "x1": len(tokens) - 0.5, "y0": row - 0.5, "y1": row + 0.5, "line": edge}
    return figure.update_layout(shapes=[frame])
