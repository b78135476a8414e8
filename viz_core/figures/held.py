"""Colour scales that stay as they were, so that the maps of two heads can be compared by their colours."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz_core.language import _


def limit_of(drawn: go.Figure) -> float | None:
    """Where the colours of a figure's maps end, from 0 or from −limit; None where they have no end of their own: a
    figure without maps, or with maps of shares from 0 to 1."""
    ends = {float(trace.zmax) for trace in _maps(drawn)}
    return max(ends) if ends and ends != {1.0} else None


def held(drawn: go.Figure, limit: float) -> go.Figure:
    """The same figure with its colours from −limit, or from 0, to limit; its colour bar says so, and that stronger
    cells have the last colour, where there are any."""
    figure = go.Figure(drawn)
    for trace in _maps(figure):
        lowest = -limit if trace.zmin < 0 else 0.0
        values = np.asarray(trace.z, dtype=np.float32)
        beyond = np.nanmax(values, initial=0) > limit, np.nanmin(values, initial=0) < lowest
        trace.update(zmin=lowest, zmax=limit)
        ends = [
            f"≤ {_said(lowest)}" if beyond[1] else _said(lowest),
            f"≥ {_said(limit)}" if beyond[0] else _said(limit),
        ]
        title = " · ".join(filter(None, [trace.colorbar.title.text, _("locked")]))
        trace.colorbar.update(tickvals=[lowest, limit], ticktext=ends, title_text=title)
    return figure


def _maps(drawn: go.Figure) -> list[Any]:
    return [
        trace
        for trace in drawn.data
        if trace.type == "heatmap" and trace.showscale is not False and trace.zmax and trace.zmin in {0, -trace.zmax}
    ]


def _said(number: float) -> str:
    return f"{number:.3g}".replace("-", "−")
