"""Bars with their numbers written: one amount, or a few to compare, for each of a few things."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from viz_core.figures import lying, palette
from viz_core.figures.heatmaps import layout
from viz_core.figures.labels import literal
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
    hover = f"%{{y}} %{{fullData.name}} <b>%{{x:.4~g}}</b> {literal(unit)}"
    traces = [
        lying.bars(values, ink=ink, texts=[f"{value:.4g}" for value in values], theme=theme, hover=hover, name=name)
        for (name, values), ink in zip(groups.items(), inks, strict=True)
    ]
    several = len(groups) > 1
    below = 22 * len(groups) + 6 if several else 8
    frame = layout(title, subtitle, theme, 62 + (18 * len(groups) + 14) * len(labels) + below)
    frame |= lying.rows(
        labels, most=max((max(values, default=0) for values in groups.values()), default=0), bold=framed
    )
    frame |= {
        "margin": frame["margin"] | {"l": lying.room(labels), "r": 60, "b": below},
        "showlegend": several,
        "legend": lying.LEGEND,
    }
    return go.Figure(traces, frame)
