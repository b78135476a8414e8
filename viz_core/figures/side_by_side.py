"""Several maps of the same tokens in one figure, each with its own colours; a zoom in one is a zoom in all."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from viz_core.figures.heatmaps import COLOURBAR, layout
from viz_core.figures.palette import ThemeName

ACROSS = 2
WIDE, HIGH = 430, 400  # pixels of one map with its names
BAR_LENGTH = 150
TIED = {"scaleanchor", "constrain", "constraintoward"}  # cells are made square here, by the places of the maps


def side_by_side(
    maps: Sequence[go.Figure], *, title: str, subtitle: str, theme: ThemeName, note: str = ""
) -> go.Figure:
    """The maps two on a line, in the order they are given: figures of `attention_heatmap`, drawn small."""
    down = -(-len(maps) // ACROSS)
    frame = layout(title, subtitle, theme, 0, note=note)
    top = frame["margin"]["t"]
    wide, high = ACROSS * WIDE, down * HIGH
    frame |= {"width": wide + 16, "height": top + high + 8, "margin": {"l": 8, "r": 8, "t": top, "b": 8}}
    frame |= {"annotations": [], "images": [], "dragmode": "zoom"}
    traces = []
    for index, drawn in enumerate(maps):
        column, row = index % ACROSS, index // ACROSS
        short = "" if index == 0 else str(index + 1)
        own = drawn.layout.margin
        left, above = column * WIDE + own.l, row * HIGH + own.t
        right, under = (column + 1) * WIDE - 24, (row + 1) * HIGH - COLOURBAR - 14
        x, y = drawn.layout.xaxis.to_plotly_json(), drawn.layout.yaxis.to_plotly_json()
        cell = min((right - left) / _length(x), (under - above) / _length(y))
        right, under = left + cell * _length(x), above + cell * _length(y)
        domain = [left / wide, right / wide], [1 - under / high, 1 - above / high]
        for name, axis, at in (("x", x, domain[0]), ("y", y, domain[1])):
            free = {key: value for key, value in axis.items() if key not in TIED}
            other = {"anchor": f"{'y' if name == 'x' else 'x'}{short}"}
            frame[f"{name}axis{short}"] = free | other | {"domain": at} | ({"matches": name} if index else {})
        bar = {"xref": "paper", "x": left / wide, "yref": "paper", "y": domain[1][0], "yanchor": "top"}
        for trace in drawn.data:
            given = trace.to_plotly_json() | {
                "xaxis": f"x{short}",
                "yaxis": f"y{short}",
                "name": drawn.layout.title.text,
            }
            if trace.showscale is not False:
                given["colorbar"] = given["colorbar"] | bar | {"len": BAR_LENGTH}
            traces.append(given)
        frame["images"] += [
            image.to_plotly_json() | {"xref": f"x{short}", "yref": f"y{short}"} for image in drawn.layout.images
        ]
        frame["annotations"].append(
            {"text": drawn.layout.title.text, "xref": "paper", "yref": "paper", "align": "left", "showarrow": False}
            | {
                "x": column / ACROSS,
                "xanchor": "left",
                "xshift": 0 if column else -8,
                "y": 1 - row / down,
                "yanchor": "top",
            }
        )
    return go.Figure(traces, frame)


def _length(axis: dict[str, Any]) -> float:
    """How many cells it shows."""
    return abs(float(axis["range"][1]) - float(axis["range"][0]))
