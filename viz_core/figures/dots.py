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
ACROSS = 240  # pixels: of the plane's reach on a narrow screen, where names come nearest to each other
NAME = (52, 20)  # pixels: of a name, wide and high
AROUND = ((0, -1), (0, 1), (1.4, 0), (-1.4, 0), (1.4, -1), (-1.4, -1), (1.4, 1), (-1.4, 1))  # where a name may stand
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
    height: int = 440,
) -> go.Figure:
    """points [dot, 2], one scale on both axes.

    says     the hover of each dot; its first line is its name
    kinds    of each dot, an index of `letters` and of the palette's categories, or NO_KIND
    chosen   the dot with a ring
    joined   dots to which lines lead from it
    names    written beside the chosen dot and the joined ones, in that order, none on another
    """
    size = next((size for most, size in SIZES if len(points) <= most), SMALLEST)
    inks = [palette.FAINT[theme] if kind == NO_KIND else palette.CATEGORIES[theme][kind] for kind in kinds]
    x, y = points.astype(np.float32).T
    named = [chosen, *joined]
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
        "constrain": "range",  # the plane fills its box at every width
        "tickfont": {"size": 11, "color": palette.MUTED[theme]},
    }
    frame |= {
        "dragmode": False,
        "margin": frame["margin"] | {"l": 52, "b": 46, "r": 12},
        "shapes": [*lines, ring],
        "annotations": [
            _name(points[dot], away, name, size, theme)
            for dot, away, name in zip(
                named, _beside(points[named] / (reach or 1.0) * ACROSS, size), names, strict=True
            )
        ],
        "xaxis": axis | {"title": axis_title(axes[0], theme), "range": _range(x)},
        "yaxis": axis | {"title": axis_title(axes[1], theme), "range": _range(y), "scaleanchor": "x"},
    }
    return go.Figure(drawn, frame)


def _range(values: NDArray[np.float32]) -> list[float]:
    low, high = float(values.min()), float(values.max())
    room = ROOM * ((high - low) or 1.0)
    return [low - room, high + room]


def _beside(points: NDArray[np.float64], size: int) -> list[tuple[float, float]]:
    """How far from its point each name stands, in pixels to the right and down: where it lies on no name before it.

    points  [name, 2], in pixels to the right and up
    """
    taken: list[NDArray[np.float64]] = []
    found = []
    for point in points * [1, -1]:
        steps = [np.array(way) * (size / 2 + 15 + 22 * ring) for ring in range(4) for way in AROUND]
        free = [step for step in steps if all((np.abs(point + step - one) >= NAME).any() for one in taken)]
        away = (free or steps)[0]
        taken.append(point + away)
        found.append((float(away[0]), float(away[1])))
    return found


def _name(
    point: NDArray[np.float64], away: tuple[float, float], name: str, size: int, theme: ThemeName
) -> dict[str, object]:
    """A name beside its dot, a thin line between them."""
    return {
        "x": float(point[0]),
        "y": float(point[1]),
        "text": literal(name),
        "showarrow": True,
        "arrowhead": 0,
        "arrowwidth": 1,
        "arrowcolor": palette.MUTED[theme],
        "standoff": size / 2,
        "ax": away[0],
        "ay": away[1],
        "font": {"size": 12, "color": palette.TEXT[theme]},
        "bgcolor": palette.BACKGROUND[theme],
        "opacity": 0.85,
        "borderpad": 1,
    }
