"""Arrows in a plane: two components of a vector, before and after it is turned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.heatmaps import axis_title, layout
from viz_core.figures.labels import literal
from viz_core.figures.palette import ThemeName


@dataclass(frozen=True)
class Turn:
    """An arrow from the origin to `before`, and to `after`, where it is once turned by `angle` radians."""

    name: str
    before: tuple[float, float]
    after: tuple[float, float]
    angle: float
    ink: dict[str, str]


def turns(
    drawn: Sequence[Turn],
    *,
    title: str,
    subtitle: str,
    axes: tuple[str, str],
    names: tuple[str, str],
    theme: ThemeName,
    height: int = 420,
) -> go.Figure:
    """Each vector thin and dashed before, full after, with the arc between; one scale on both axes.

    names  what is before and what after, e.g. ("before", "after")
    """
    traces = [trace for turn in drawn for trace in _traces(turn, names, theme)]
    reach = 1.15 * max((max(map(abs, (*turn.before, *turn.after))) for turn in drawn), default=1.0) or 1.0
    frame = layout(title, subtitle, theme, height)
    line = {
        "range": [-reach, reach],
        "gridcolor": palette.LINE[theme],
        "zerolinecolor": palette.MUTED[theme],
        "nticks": 6,
        "constrain": "domain",
        "fixedrange": True,
    }
    frame |= {
        "dragmode": False,
        "margin": frame["margin"] | {"l": 52, "b": 96},
        "legend": {"orientation": "h", "x": 0, "xref": "container", "y": 0, "yref": "container", "yanchor": "bottom"},
        "xaxis": line | {"title": axis_title(axes[0], theme), "constraintoward": "left"},
        "yaxis": line | {"title": axis_title(axes[1], theme), "scaleanchor": "x", "constraintoward": "top"},
    }
    return go.Figure(traces, frame)


def _traces(turn: Turn, names: tuple[str, str], theme: ThemeName) -> list[go.Scatter]:
    ink = turn.ink[theme]
    arrows = [
        go.Scatter(
            x=np.array([0, end[0]], dtype=np.float32),
            y=np.array([0, end[1]], dtype=np.float32),
            name=literal(f"{turn.name} {name}"),
            mode="lines+markers",
            line={"color": ink, "width": width, "dash": dash},
            marker={"color": ink, "symbol": ["circle", "arrow"], "size": [1, size], "angleref": "previous"},
            hovertemplate="%{fullData.name}<br>(%{x:.4~g}, %{y:.4~g})<extra></extra>",
        )
        for name, end, width, dash, size in zip(
            names, (turn.before, turn.after), (1.5, 3), ("dot", "solid"), (10, 15), strict=True
        )
    ]
    start, length = np.arctan2(turn.before[1], turn.before[0]), 0.35 * np.hypot(*turn.before)
    along = start + np.linspace(0, np.clip(turn.angle, -2 * np.pi, 2 * np.pi), 65)
    arc = go.Scatter(
        x=(length * np.cos(along)).astype(np.float32),
        y=(length * np.sin(along)).astype(np.float32),
        mode="lines",
        line={"color": ink, "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    return [*arrows, arc]
