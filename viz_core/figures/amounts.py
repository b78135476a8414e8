"""Bars with their numbers written: one amount, or a few to compare, for each of a few things."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.heatmaps import label_width, layout
from viz_core.figures.palette import ThemeName


def amounts(
    labels: Sequence[str],
    groups: Mapping[str, Sequence[float]],
    *,
    title: str,
    subtitle: str,
    unit: str,
    theme: ThemeName,
    framed: int | None = None,
) -> go.Figure:
    """Lying bars from 0, one a label and group; `framed` is the label that is chosen, `unit` is told by the hover."""
    inks = [palette.OUTPUT[theme]] if len(groups) == 1 else [palette.FAINT[theme], palette.KEY[theme]]
    place = np.arange(len(labels))
    traces = [
        go.Bar(
            x=np.asarray(values, dtype=np.float32),
            y=place,
            orientation="h",
            name=name,
            marker={"color": ink},
            text=[f"{value:.4g}" for value in values],
            textposition="outside",
            textfont={"size": 12, "color": palette.TEXT[theme]},
            cliponaxis=False,
            hovertemplate=f"%{{y}} {name} <b>%{{x:.4~g}}</b> {unit}<extra></extra>",
        )
        for (name, values), ink in zip(groups.items(), inks, strict=True)
    ]
    several = len(groups) > 1
    below = 22 * len(groups) + 6 if several else 8
    frame = layout(title, subtitle, theme, 62 + (18 * len(groups) + 14) * len(labels) + below)
    most = max((value for values in groups.values() for value in values), default=1.0)
    bold = [f"<b>{label}</b>" if index == framed else label for index, label in enumerate(labels)]
    frame |= {
        "margin": frame["margin"] | {"l": label_width(labels) + 6, "r": 60, "b": below},
        "bargap": 0.25,
        "bargroupgap": 0.04,
        "dragmode": False,
        "showlegend": several,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xref": "container",
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "traceorder": "normal",
        },
        "xaxis": {"visible": False, "range": [0, (most or 1) * 1.02], "fixedrange": True},
        "yaxis": {"tickvals": place, "ticktext": bold, "autorange": "reversed", "showgrid": False, "fixedrange": True},
    }
    return go.Figure(traces, frame)
