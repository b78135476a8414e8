"""Maps whose rows may be another text than their columns: cross-attention, and self-attention drawn beside it."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from viz_core.figures.heatmaps import Array, attention_heatmap

LONGER = 1.6  # times as many columns as rows, or rows as columns: then cells need not be square


def across_heatmap(
    values: Array,
    columns: Sequence[str],
    rows: Sequence[str],
    *,
    first: tuple[int, int] | None = None,
    labels: int = 0,
    **rule: Any,
) -> go.Figure:
    """values [row, column]; `rule` goes to `attention_heatmap`. The whole map is shown: no zoom.

    first   the numbers of its first row and column on a page whose maps show several texts (see the page's bridge)
    labels  pixels of the names of tokens together along an edge, for a map with less room than the usual one
    """
    figure = attention_heatmap(values, columns, rows=rows, **rule)
    frame = figure.layout
    frame.dragmode = False
    if first is not None:
        frame.meta = {**frame.meta, "first": first}
    if labels:
        size = max(8, min(12, labels // max(values.shape)))
        frame.xaxis.tickfont.size = frame.yaxis.tickfont.size = size
    if max(values.shape) > LONGER * min(values.shape):
        frame.yaxis.scaleanchor = None
    return figure
