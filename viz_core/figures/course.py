"""The course of a training: curves over its steps, what is predicted at one of them, heads in order of a number."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.bars import next_token_bars
from viz_core.figures.curves import Curve, curves
from viz_core.figures.heatmaps import axis_title, label_width, layout
from viz_core.figures.palette import ThemeName


def course_curves(
    drawn: Sequence[Curve],
    *,
    now: float,
    event: float,
    event_says: str,
    theme: ThemeName,
    span: tuple[float, float],
    **rule: Any,
) -> go.Figure:
    """Curves over training steps; `rule` goes to `curves`. The first of its shapes, an upright line, is where one is
    `now`; the second, dotted, is an `event` and what it is. `span` are the steps to show."""
    figure = curves(drawn, theme=theme, mark=now, **rule)
    dotted = {"color": palette.MUTED[theme], "width": 1.5, "dash": "dot"}
    figure.add_shape(type="line", x0=event, x1=event, yref="paper", y0=0, y1=1, line=dotted, layer="below")
    figure.add_annotation(
        x=event,
        y=1,
        yref="paper",
        yanchor="bottom",
        text=event_says,
        showarrow=False,
        font={"size": 12, "color": palette.MUTED[theme]},
    )
    figure.update_xaxes(tickformat=",d", range=span)
    figure.update_layout(margin_t=figure.layout.margin.t + 18)
    return figure


def heading(title: str, subtitle: str, theme: ThemeName) -> str:
    """A figure's title as Plotly has it, for one that changes in the browser."""
    text: str = layout(title, subtitle, theme, 0)["title"]["text"]
    return text


def next_tokens_at(
    labels: Sequence[str],
    probabilities: Sequence[float],
    *,
    of: Sequence[str],
    highest: float,
    theme: ThemeName,
    height: int,
) -> go.Figure:
    """What comes next at one of several moments that share an axis: `of` are the labels of all, `highest` the largest
    probability of all."""
    figure = next_token_bars(labels, probabilities, theme=theme, height=height)
    return figure.update_layout(margin_l=label_width(of) + 4, xaxis_range=[0, highest * 1.02])


def head_bars(
    names: Sequence[str],
    values: Sequence[float],
    *,
    chosen: int,
    title: str,
    subtitle: str,
    x_title: str,
    theme: ThemeName,
) -> go.Figure:
    """A bar a head, the first on top, the chosen one in its own colour. Values from 0 to 1."""
    place = np.arange(len(names))
    inks = [palette.CHOSEN[theme] if index == chosen else palette.FAINT[theme] for index in range(len(names))]
    bars = go.Bar(
        x=np.asarray(values, dtype=np.float32),
        y=place,
        orientation="h",
        marker={"color": inks},
        text=[f"{value:.2f}" for value in values],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y} <b>%{x:.4~g}</b><extra></extra>",
    )
    frame = layout(title, subtitle, theme, 110 + 30 * len(names))
    grid = {"fixedrange": True, "zeroline": False}
    frame |= {
        "margin": frame["margin"] | {"l": label_width(names) + 8, "r": 44, "b": 44},
        "bargap": 0.25,
        "dragmode": False,
        "xaxis": grid | {"range": [0, 1], "gridcolor": palette.LINE[theme], "title": axis_title(x_title, theme)},
        "yaxis": grid | {"tickvals": place, "ticktext": list(names), "autorange": "reversed", "showgrid": False},
    }
    return go.Figure(bars, frame)
