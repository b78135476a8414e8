"""How things grow: on two logarithmic axes, where a power of x is a straight line, and its exponent the slope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.curves import Curve, curves
from viz_core.figures.labels import literal
from viz_core.figures.palette import ThemeName

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")


@dataclass(frozen=True)
class Slope:
    """y ∝ xᵖ through a point, drawn from `first` to it; named at its lower end. `of` is the number of its curve."""

    x: float
    y: float
    power: float
    first: float
    name: str
    of: int


def growth(
    drawn: Sequence[Curve],
    *,
    title: str,
    subtitle: str,
    x_title: str,
    y_title: str,
    theme: ThemeName,
    x_ticks: Mapping[float, str],
    y_ticks: Mapping[float, str] | None = None,
    points: Sequence[tuple[float, float]] = (),
    slopes: Sequence[Slope] = (),
    until: Sequence[float] = (),
    mark: float | None = None,
    height: int = 380,
) -> go.Figure:
    """Curves on logarithmic axes, with ticks of one's own.

    points  (x, y) that are circled; the subtitle says why
    until   for each curve, the x from which on it is dotted: said of what nobody has made; ∞ for nowhere
    mark    an x to draw an upright line at
    """
    figure = curves(
        drawn,
        title=title,
        subtitle=subtitle,
        x_title=x_title,
        y_title=y_title,
        theme=theme,
        log_x=True,
        log_y=True,
        mark=mark,
        height=height,
    )
    traces: list[Any] = list(figure.data)
    if until or slopes:  # dots and dashes have a meaning: curves differ by their marks
        for number, trace in enumerate(traces):
            trace.line.dash, trace.marker.symbol, trace.marker.size = "solid", SYMBOLS[number % len(SYMBOLS)], 7
    for number, last in enumerate(until):
        traces += _cut(traces[number], last)
    traces += [_line(slope, theme) for slope in slopes]
    if points:
        traces.append(_points(points, theme))
    names = [_named(slope, theme) for slope in slopes]
    axis = {"tickvals": list(x_ticks), "ticktext": [literal(text) for text in x_ticks.values()]}
    up: dict[str, Any] = {}
    if y_ticks is not None:
        up = {"tickvals": list(y_ticks), "ticktext": [literal(text) for text in y_ticks.values()], "dtick": None}
    drawn_all = go.Figure(traces, figure.layout)
    return drawn_all.update_layout(xaxis=axis, yaxis=up, annotations=names)


def _cut(trace: Any, last: float) -> list[go.Scatter]:
    """Makes a trace end at `last`; returns what of it is farther right, dotted."""
    x, y = np.asarray(trace.x), np.asarray(trace.y)
    if not (x > last).any():
        return []
    within = x <= last
    rest = slice(max(int(within.sum()) - 1, 0), None)
    beyond = go.Scatter(
        x=x[rest],
        y=y[rest],
        mode="lines",
        line={"color": trace.line.color, "width": 1.5, "dash": "dot"},
        name=trace.name,
        legendgroup=trace.name,
        showlegend=not within.any(),
        hovertemplate=trace.hovertemplate,
        text=None if trace.text is None else list(trace.text)[rest],
    )
    trace.update(
        x=x[within],
        y=y[within],
        text=None if trace.text is None else [text for text, here in zip(trace.text, within, strict=True) if here],
        legendgroup=trace.name,
        showlegend=bool(within.any()),
    )
    return [beyond]


def _line(slope: Slope, theme: ThemeName) -> go.Scatter:
    x = np.geomspace(slope.first, slope.x, 2)
    return go.Scatter(
        x=x,
        y=slope.y * (x / slope.x) ** slope.power,
        mode="lines",
        line={"color": _ink(slope, theme), "width": 1.5, "dash": "dash"},
        showlegend=False,
        hoverinfo="skip",
    )


def _named(slope: Slope, theme: ThemeName) -> dict[str, Any]:
    """Where annotations stand is told in powers of ten on a logarithmic axis."""
    return {
        "x": float(np.log10(slope.first)),
        "y": float(np.log10(slope.y * (slope.first / slope.x) ** slope.power)),
        "text": literal(slope.name),
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "top",
        "font": {"size": 12, "color": _ink(slope, theme)},
    }


def _ink(slope: Slope, theme: ThemeName) -> str:
    return palette.CATEGORIES[theme][slope.of % len(palette.CATEGORIES[theme])]


def _points(points: Sequence[tuple[float, float]], theme: ThemeName) -> go.Scatter:
    return go.Scatter(
        x=np.array([x for x, _y in points], dtype=np.float32),
        y=np.array([y for _x, y in points], dtype=np.float32),
        mode="markers",
        marker={"size": 10, "symbol": "circle-open", "line": {"width": 2}, "color": palette.TEXT[theme]},
        showlegend=False,
        hoverinfo="skip",
        cliponaxis=False,
    )
