"""Shares with their intervals, for a few things side by side: what was counted, and how sure the count makes one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.curves import DASHES, LEGEND_ROW, rows_of_legend
from viz_core.figures.heatmaps import axis_title, layout
from viz_core.figures.labels import literal
from viz_core.figures.palette import ThemeName

APART = 0.09  # of a place, so that intervals of several things do not cover each other
AXIS = 62  # pixels: names of places, and the axis' title
SYMBOLS = ("circle", "square", "diamond", "triangle-up")


Point = tuple[float, float, float, str]  # a share, its interval and what the hover says of it, e.g. "57 of 186"


@dataclass(frozen=True)
class Counts:
    """A point at each place; None: nothing counted there."""

    name: str
    ink: dict[str, str]
    points: Sequence[Point | None]


def intervals(
    drawn: Sequence[Counts],
    places: Sequence[str],
    *,
    counts: Sequence[int],
    title: str,
    subtitle: str,
    x_title: str,
    y_title: str,
    theme: ThemeName,
    most: float = 1.0,
    height: int = 330,
) -> go.Figure:
    """A line for each, with upright intervals; the axis runs from 0 to `most`. `counts` stand under the places."""
    traces = [_trace(counts, index - (len(drawn) - 1) / 2, index, theme) for index, counts in enumerate(drawn)]
    legend = LEGEND_ROW * rows_of_legend([counts.name for counts in drawn])
    tall = height + legend
    frame = layout(title, subtitle, theme, tall)
    grid = {"gridcolor": palette.LINE[theme], "zeroline": False, "fixedrange": True}
    frame |= {
        "margin": frame["margin"] | {"l": 58, "r": 12, "b": AXIS + legend},
        "dragmode": False,
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "xref": "container", "yref": "container"}
        | {"y": legend / tall, "yanchor": "top"},
        "xaxis": grid
        | {"showgrid": False, "title": axis_title(x_title, theme), "range": [-0.4, len(places) - 0.6]}
        | {"tickvals": np.arange(len(places)), "ticktext": _ticks(places, counts)}
        | {"ticks": "", "ticklabelstandoff": 6},
        "yaxis": grid | {"title": axis_title(y_title, theme), "tickformat": ".0%", "range": [0, 1.02 * most]},
    }
    return go.Figure(traces, frame)


def _ticks(places: Sequence[str], counts: Sequence[int]) -> list[str]:
    return [f"{literal(place)}<br>n = {count:,}" for place, count in zip(places, counts, strict=True)]


def _trace(counts: Counts, beside: float, index: int, theme: ThemeName) -> go.Scatter:
    known = [(place, *point) for place, point in enumerate(counts.points) if point is not None]
    at, values, lows, highs = (np.array([point[i] for point in known], dtype=np.float32) for i in range(4))
    ink = counts.ink[theme]
    told: list[Any] = [point[4] for point in known]
    return go.Scatter(
        x=at + np.float32(APART * beside),
        y=values,
        error_y={"array": highs - values, "arrayminus": values - lows, "thickness": 1.5, "width": 4, "color": ink},
        mode="lines+markers",
        cliponaxis=False,
        name=literal(counts.name),
        line={"color": ink, "width": 2, "dash": DASHES[index % len(DASHES)]},
        marker={"color": ink, "size": 8, "symbol": SYMBOLS[index % len(SYMBOLS)]},
        text=list(map(literal, told)),
        customdata=np.stack([lows, highs], axis=-1),
        hovertemplate=(
            "%{fullData.name} <b>%{y:.1%}</b><br>%{text}<br>95 %: %{customdata[0]:.1%} – %{customdata[1]:.1%}"
            "<extra></extra>"
        ),
    )
