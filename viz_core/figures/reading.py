"""Maps of something else than plain weights: of words, without the first column, of what weights carry."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.heatmaps import MOST_DRAWN, NOTE_HEIGHT, Array, attention_heatmap
from viz_core.figures.labels import literal
from viz_core.figures.palette import ThemeName
from viz_core.language import _

MOST_WRITTEN = 16  # rows: of more, columns are too narrow for words along them


def reading_heatmap(
    values: Array,
    names: Sequence[str],
    *,
    theme: ThemeName,
    unit: str,
    more: str = "",
    hidden: Array | None = None,
    said: str = "",
    starts: Sequence[int] = (),
    **rule: Any,
) -> go.Figure:
    """values [query, key]; `rule` goes to `attention_heatmap`.

    more    a second line under the title
    hidden  what the first column held, [query]: it is left out, which its place says
    said    what is written there, e.g. how much it held
    starts  of maps of words, the token each begins with: the page's bridge then chooses and frames by tokens
    """
    below = [] if hidden is None else [_what_is_hidden(hidden, unit, theme)]
    figure = attention_heatmap(values, names, theme=theme, unit=unit, below=below, **rule)
    frame = figure.layout
    if not rule.get("weights") and figure.data[-1].texttemplate:
        figure.data[-1].texttemplate = "%{z:.2~g}"
    if more:
        _add_line(frame, more, theme)
    if starts:
        pooled = max(values.shape) > MOST_DRAWN
        frame.meta = {} if pooled else {"linked": "cells", "words": list(starts)}
    if hidden is not None and max(values.shape) <= MOST_DRAWN:
        frame.shapes = [_outlined(len(values), theme)]
        if len(values) <= MOST_WRITTEN:
            frame.annotations = [_written(len(values), said, theme)]
    return figure


def _add_line(frame: go.Layout, more: str, theme: ThemeName) -> None:
    """After the name and what a cell is, before how to look at it."""
    lines = frame.title.text.split("<br>")
    said = f'<span style="font-size:13px;color:{palette.MUTED[theme]}">{literal(more)}</span>'
    frame.title.text = "<br>".join([*lines[:2], said, *lines[2:]])
    frame.margin.t += NOTE_HEIGHT


def _what_is_hidden(hidden: Array, unit: str, theme: ThemeName) -> go.Heatmap:
    """The page's background in the first column, with a hover of its own."""
    says = _("hidden: {unit} {number}").format(unit=literal(unit), number="%{z:.4~g}")
    return go.Heatmap(
        z=hidden.astype(np.float32)[:, None],
        x0=0,
        dx=1,
        y0=0,
        dy=1,
        colorscale=[(0, palette.BACKGROUND[theme]), (1, palette.BACKGROUND[theme])],
        showscale=False,
        hovertemplate=f"“%{{y}}” (%{{y:d}}) · “%{{x}}” (%{{x:d}})<br><b>{says}</b><extra></extra>",
    )


def _outlined(rows: int, theme: ThemeName) -> dict[str, Any]:
    line = {"color": palette.MUTED[theme], "width": 1, "dash": "dot"}
    return {"type": "rect", "x0": -0.45, "x1": 0.45, "y0": -0.45, "y1": rows - 0.55, "line": line}


def _written(rows: int, said: str, theme: ThemeName) -> dict[str, Any]:
    """Along the column, where it stands empty."""
    return {
        "text": literal(said),
        "x": 0,
        "y": (rows - 1) / 2,
        "textangle": -90,
        "showarrow": False,
        "font": {"size": 11, "color": palette.MUTED[theme]},
    }
