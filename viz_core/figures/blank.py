"""A map before it is seen: its tokens and the cells that may be looked at, without any weight."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import attention_heatmap
from viz_core.figures.palette import ThemeName
from viz_core.language import _


def blank_map(allowed: NDArray[np.bool_], tokens: Sequence[str], *, title: str, theme: ThemeName) -> go.Figure:
    """allowed [query, key]; its cells can be chosen like those of every map."""
    figure = attention_heatmap(
        np.zeros(allowed.shape, np.float32),
        tokens,
        title=title,
        subtitle=_("row looks at column; grey: may not"),
        theme=theme,
        weights=True,
        allowed=allowed,
        unit=_("weight"),
    )
    cells = figure.data[-1]
    cells.update(
        colorscale=palette.colorscale([palette.WEIGHTS[theme][1]] * 2),
        showscale=False,
        textfont={"color": "rgba(0, 0, 0, 0)"},  # the page's bridge writes a cell's number where it fits
        hovertemplate=_("“%{y}” (%{y:d}) looks at “%{x}” (%{x:d})") + "<extra></extra>",
    )
    return figure
