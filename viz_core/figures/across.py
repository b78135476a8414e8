"""Maps whose rows may be another text than their columns: cross-attention, and self-attention drawn beside it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz_core.figures.allowed import row_frame
from viz_core.figures.heatmaps import Array, attention_heatmap

LONGER = 1.6  # times as many columns as rows, or rows as columns: then cells need not be square


def across_heatmap(
    values: Array,
    columns: Sequence[str],
    rows: Sequence[str],
    *,
    first: tuple[int, int] | None = None,
    there: tuple[int, int] | None = None,
    framed: int | None = None,
    labels: int = 0,
    **rule: Any,
) -> go.Figure:
    """values [row, column]; `rule` goes to `attention_heatmap`. The whole map is shown: no zoom.

    first   the numbers of its first row and column on a page whose maps show several texts (see the page's bridge)
    there   so many rows and columns are drawn, in the place that all have: the others are yet to come
    framed  a row to frame, for a map whose cells are not chosen
    labels  size of the names of tokens, for one of several maps on a line: no titles of axes, no numbers in cells
    """
    figure = attention_heatmap(values, columns, rows=rows, small=labels > 0, **rule)
    frame = figure.layout
    frame.dragmode = False
    if first is not None:
        frame.meta = {**frame.meta, "first": first}
    if framed is not None:
        frame.shapes = [row_frame(framed, len(columns), rule["theme"])]
    if there is not None and there < values.shape:
        _leave_out(figure, there)
    if labels:
        frame.xaxis.tickfont.size = frame.yaxis.tickfont.size = labels
        figure.data[-1].texttemplate = None
    if max(values.shape) > LONGER * min(values.shape):
        frame.yaxis.scaleanchor = None
    return figure


def _leave_out(figure: go.Figure, there: tuple[int, int]) -> None:
    """What comes after so many rows and columns, and its names."""
    rows, columns = there
    for layer in figure.data:
        cells = np.array(layer.z, dtype=np.float32)
        cells[rows:] = cells[:, columns:] = np.nan
        layer.update(z=cells, hoverongaps=False)
    for image in figure.layout.images:  # the hatching
        image.update(sizex=columns, sizey=rows)
    for axis, count in ((figure.layout.yaxis, rows), (figure.layout.xaxis, columns)):
        axis.ticktext = [text if at < count else "" for at, text in enumerate(axis.ticktext)]
