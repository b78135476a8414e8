"""Lines and points over a number: how something grows, falls or lies around zero."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import axis_title, layout
from viz_core.figures.labels import label_width, literal
from viz_core.figures.palette import ThemeName

LEGEND_ROW, LEGEND_LINE, NARROWEST = 22, 44, 300  # pixels
NAME_SIZE, MOST_NAMES = 12, 24
STEEP = 30  # times, from which an axis is better logarithmic
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")  # so that lines differ by more than colour


@dataclass(frozen=True, eq=False)
class Curve:
    """y over x. `like` says what it stands for: measured (points), theory (a thin dashed line), or a plain line.

    ink     a colour of the palette by theme, or None: the next of the categories
    hover   further text for each point
    """

    name: str
    x: NDArray[Any]
    y: NDArray[Any]
    like: Literal["line", "measured", "theory", "bars"] = "line"
    ink: dict[str, str] | None = None
    hover: Sequence[str] = field(default=())


def steep(values: NDArray[np.floating]) -> bool:
    """Whether a logarithmic axis shows them better: none of them 0, and the largest far above the smallest."""
    return float(values.max()) > STEEP * float(values.min()) > 0


def curves(
    drawn: Sequence[Curve],
    *,
    title: str,
    subtitle: str,
    x_title: str,
    y_title: str,
    theme: ThemeName,
    height: int = 340,
    log_x: bool = False,
    log_y: bool = False,
    zero: bool = False,
    mark: float | None = None,
    names: Sequence[str] = (),
) -> go.Figure:
    """Curves in one frame, each with a name, a colour and a dash of its own.

    zero   the vertical axis begins at 0
    mark   an x to draw an upright line at: where one is now
    names  words for x = 0, 1, …, such as tokens (`numbered`), in place of the numbers and of `x_title`
    """
    lines = [_trace(curve, index, theme) for index, curve in enumerate(drawn)]
    frame = layout(title, subtitle, theme, height)
    grid = {"gridcolor": palette.LINE[theme], "zerolinecolor": palette.MUTED[theme], "fixedrange": True}
    below = label_width(names, NAME_SIZE - 2) + 6 if names else 40  # digits are narrow
    legend = LEGEND_ROW * rows_of_legend([curve.name for curve in drawn])
    tall = height + legend + (below - 40)
    frame |= {
        "height": tall,
        "margin": frame["margin"] | {"l": 58, "r": 12, "t": frame["margin"]["t"] + 8, "b": below + legend},
        "showlegend": len(drawn) > 1,
        "legend": {"orientation": "h", "x": 0, "xref": "container", "yref": "container"}
        | {"y": legend / tall, "yanchor": "top"},
        "bargap": 0.05,
        "dragmode": False,
        "xaxis": grid | {"showgrid": False, "zeroline": False} | _across(x_title, names, theme, log=log_x),
        "yaxis": grid
        | {"title": axis_title(y_title, theme), "nticks": 6, "exponentformat": "power"}
        | ({"type": "log", "dtick": 1} if log_y else {})
        | ({"rangemode": "tozero"} if zero else {}),
    }
    if mark is not None:
        here = {"type": "line", "x0": mark, "x1": mark, "yref": "paper", "y0": 0, "y1": 1}
        frame["shapes"] = [here | {"line": {"color": palette.CHOSEN[theme], "width": 2}}]
    return go.Figure(lines, frame)


def rows_of_legend(names: Sequence[str]) -> int:
    """On the narrowest figure: Plotly gives all entries the width of the widest."""
    if len(names) < 2:
        return 0
    across = max(1, NARROWEST // (max(label_width([name]) for name in names) + LEGEND_LINE))
    return -(-len(names) // across)


def _across(title: str, names: Sequence[str], theme: ThemeName, *, log: bool) -> dict[str, Any]:
    """The axis along the bottom; names of places say themselves what they are."""
    if names:
        step = 1 + len(names) // MOST_NAMES
        ticks = {"tickvals": np.arange(0, len(names), step), "ticktext": list(map(literal, names[::step]))}
        return ticks | {"tickangle": -90, "tickfont": {"size": NAME_SIZE}}
    powers = {"type": "log", "tickvals": 2.0 ** np.arange(-4, 24), "ticktext": [f"{2.0**p:g}" for p in range(-4, 24)]}
    return {"title": axis_title(title, theme)} | (powers if log else {})


def _trace(curve: Curve, index: int, theme: ThemeName) -> go.Scatter | go.Bar:
    ink = (curve.ink or {})[theme] if curve.ink else palette.CATEGORIES[theme][index % len(palette.CATEGORIES[theme])]
    x, y = np.asarray(curve.x), np.asarray(curve.y, dtype=np.float32)
    further = "%{text}<br>" if curve.hover else ""
    told: dict[str, Any] = {
        "name": literal(curve.name),
        "x": x,
        "y": y,
        "text": list(map(literal, curve.hover)) or None,
        "hovertemplate": f"{further}%{{fullData.name}} <b>%{{y:.4~g}}</b> (%{{x}})<extra></extra>",
    }
    if curve.like == "bars":
        return go.Bar(marker={"color": ink, "line": {"width": 0}}, textposition="none", **told)
    if curve.like == "measured":
        return go.Scatter(mode="markers", marker={"color": ink, "size": 8}, **told)
    if curve.like == "theory":
        return go.Scatter(mode="lines", line={"color": ink, "width": 2, "dash": "dash"}, **told)
    line = {"color": ink, "width": 2, "dash": DASHES[index % len(DASHES)]}
    return go.Scatter(mode="lines+markers" if len(x) <= 40 else "lines", line=line, marker={"size": 5}, **told)
