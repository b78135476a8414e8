"""Means with their spread, a row each, beside other numbers of the same thing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import lying, palette
from viz_core.figures.curves import LEGEND_ROW, rows_of_legend
from viz_core.figures.heatmaps import axis_title, layout
from viz_core.figures.labels import literal
from viz_core.figures.palette import ThemeName

ROW, AXIS = 26, 44  # pixels


@dataclass(frozen=True, eq=False)
class Beside:
    """Other numbers of the same rows, NaN where there is none."""

    name: str
    values: NDArray[np.float32]
    symbol: str
    ink: dict[str, str]


def measured(
    labels: Sequence[str],
    means: NDArray[np.float32],
    spreads: NDArray[np.float32],
    beside: Sequence[Beside],
    *,
    name: str,
    line: tuple[str, float],
    chosen: int | None,
    title: str,
    subtitle: str,
    x_title: str,
    theme: ThemeName,
) -> go.Figure:
    """Shares from 0 to 1, the first row on top.

    spreads  drawn to either side of the mean; NaN: none
    line     what an upright line stands for, and where
    chosen   the row whose label is bold
    """
    place = np.arange(len(labels), dtype=np.float32)
    ink = palette.WEIGHTS[theme][4]
    dots = go.Scatter(
        x=means,
        y=place,
        error_x={"array": np.nan_to_num(spreads), "thickness": 2, "width": 5, "color": ink},
        mode="markers",
        name=literal(name),
        marker={"color": ink, "size": 10},
        customdata=spreads,
        hovertemplate="%{y}: <b>%{x:.3f}</b> ± %{customdata:.3f}<extra></extra>",
        cliponaxis=False,
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )
    others = [
        go.Scatter(
            x=one.values,
            y=place,
            mode="markers",
            name=literal(one.name),
            marker={
                "symbol": one.symbol,
                "size": 11,
                "color": one.ink[theme],
                "line": {"color": one.ink[theme], "width": 2},
            },
            hovertemplate="%{y}, %{fullData.name}: <b>%{x:.3f}</b><extra></extra>",
            cliponaxis=False,
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
        )
        for one in beside
    ]
    said, where = line
    even = go.Scatter(
        x=np.array([where, where], np.float32),
        y=np.array([-0.5, len(labels) - 0.5], np.float32),
        mode="lines",
        name=literal(said),
        line={"color": palette.MUTED[theme], "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )
    legend = LEGEND_ROW * rows_of_legend([name, said, *(one.name for one in beside)])
    tall = 62 + ROW * len(labels) + AXIS + legend
    frame = layout(title, subtitle, theme, tall)
    frame |= lying.rows(labels, bold=chosen)
    frame["margin"] |= {"l": lying.room(labels) + 6, "r": 16, "b": AXIS + legend}
    frame["xaxis"] |= {
        "visible": True,
        "range": [0, 1],
        "gridcolor": palette.LINE[theme],
        "zeroline": False,
        "title": axis_title(x_title, theme),
    }
    frame |= {
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "xref": "container", "yref": "container"}
        | {"y": legend / tall, "yanchor": "top"},
    }
    return go.Figure([dots, *others, even], frame)
