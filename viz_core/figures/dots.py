"""Things as dots of a plane, near where they are alike: each with a letter and a colour for its kind."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import axis_title, layout
from viz_core.figures.labels import literal
from viz_core.figures.palette import ThemeName

SIZES = ((40, 22), (160, 13))  # up to so many dots, so many pixels wide
SMALLEST, ROOM = 8, 0.08  # pixels; of the plane's reach, around the outermost dots
RING = 5  # pixels from the edge of the chosen dot
CLOSE = 0.06  # of the reach: of dots so near to the chosen one names would lie on each other
NO_KIND = 255


def dots(
    points: NDArray[np.float64],
    says: Sequence[str],
    *,
    kinds: NDArray[np.uint8],
    letters: Sequence[str],
    chosen: int,
    joined: Sequence[int],
    names: Sequence[str],
    title: str,
    subtitle: str,
    axes: tuple[str, str],
    theme: ThemeName,
    height: int = 480,
) -> go.Figure:
    """points [dot, 2], one scale on both axes.

    says     the hover of each dot; its first line is its name
    kinds    of each dot, an index of `letters` and of the palette's categories, or NO_KIND
    chosen   the dot with a ring
    joined   dots to which lines lead from it
    names    written beside the chosen dot and the joined ones, in that order, where there is room
    """
    size = next((size for most, size in SIZES if len(points) <= most), SMALLEST)
    inks = [palette.FAINT[theme] if kind == NO_KIND else palette.CATEGORIES[theme][kind] for kind in kinds]
    x, y = points.astype(np.float32).T
    reach = float(np.ptp(points, axis=0).max())
    drawn = go.Scatter(
        x=x,
        y=y,
        mode="markers+text",
        marker={
            "size": size,
            "color": inks,
            "opacity": 1,
            "line": {"color": palette.BACKGROUND[theme], "width": 1},
        },
        text=["" if kind == NO_KIND else f"<b>{letters[kind]}</b>" for kind in kinds],
        textfont={"size": max(8, size - 9), "color": palette.BACKGROUND[theme]},
        hovertext=[literal(one).replace("\n", "<br>") for one in says],
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        cliponaxis=False,
    )
    line = {"color": palette.CHOSEN[theme], "width": 1.5, "dash": "dot"}
    lines = [
        {"type": "line", "x0": x[chosen], "y0": y[chosen], "x1": x[dot], "y1": y[dot], "line": line, "layer": "below"}
        for dot in joined
    ]
    frame = layout(title, subtitle, theme, height)
    around = size / 2 + RING
    ring = {
        "type": "circle",
        "xsizemode": "pixel",
        "ysizemode": "pixel",
        "xanchor": x[chosen],
        "yanchor": y[chosen],
        "x0": -around,
        "x1": around,
        "y0": -around,
        "y1": around,
        "line": {"color": palette.CHOSEN[theme], "width": 3},
    }
    axis = {
        "gridcolor": palette.LINE[theme],
        "zeroline": False,
        "nticks": 7,
        "fixedrange": True,
        "constrain": "domain",
        "tickfont": {"size": 11, "color": palette.MUTED[theme]},
    }
    frame |= {
        "dragmode": False,
        "margin": frame["margin"] | {"l": 52, "b": 46, "r": 12},
        "shapes": [*lines, ring],
        "annotations": [
            _name(x[dot], y[dot], name, size, theme)
            for dot, name in zip([chosen, *joined], names, strict=True)
            if dot == chosen or np.abs(points[dot] - points[chosen]).max() > CLOSE * reach
        ],
        "xaxis": axis | {"title": axis_title(axes[0], theme), "range": _range(x), "constraintoward": "left"},
        "yaxis": axis
        | {"title": axis_title(axes[1], theme), "range": _range(y), "scaleanchor": "x", "constraintoward": "top"},
    }
    return go.Figure(drawn, frame)


def _range(values: NDArray[np.float32]) -> list[float]:
    low, high = float(values.min()), float(values.max())
    room = ROOM * ((high - low) or 1.0)
    return [low - room, high + room]


def _name(x: float, y: float, name: str, size: int, theme: ThemeName) -> dict[str, object]:
    return {
        "x": float(x),
        "y": float(y),
        "text": literal(name),
        "showarrow": False,
        "yshift": size / 2 + 15,
        "font": {"size": 12, "color": palette.TEXT[theme]},
        "bgcolor": palette.BACKGROUND[theme],
        "opacity": 0.85,
        "borderpad": 1,
    }
