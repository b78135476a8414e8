"""The course of a training: curves over its steps, what is predicted at one of them, heads in order of a number."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from viz_core.figures import lying, palette
from viz_core.figures.bars import next_token_bars
from viz_core.figures.curves import Curve, curves
from viz_core.figures.heatmaps import layout
from viz_core.figures.labels import literal
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
        text=literal(event_says),
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
    return figure.update_layout(margin_l=lying.room(of), xaxis_range=[0, highest * 1.02])
