"""A block as a drawing: what runs where, from top to bottom, the residual stream as the straight line at the left."""

from typing import Any, Literal

import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.heatmaps import layout
from viz_core.figures.labels import literal
from viz_core.figures.palette import ThemeName

STREAM, BRANCH, WIDTH = 2.6, 7.0, 10.0  # across: where the stream and the sublayers stand
HEIGHT, HALF = 0.62, 1.9  # of a box: how high, and how wide to either side
SUBLAYER = 3.9  # down, from one name of the stream to the next
PIXELS = 44  # a unit down


def wiring(
    place: Literal["pre", "post"], *, title: str, subtitle: str, theme: ThemeName, norm: str, layers: tuple[str, str]
) -> go.Figure:
    """One block: LN(x + f(x)) where place is "post", x + f(LN(x)) where it is "pre".

    norm    what its norms are called, e.g. "LN"
    layers  what its two sublayers are called
    """
    drawing = _Drawing(theme, place == "pre")
    for index, layer in enumerate(layers):
        drawing.sublayer(index * SUBLAYER, layer, norm)
    for index, name in enumerate(("x", "x′", "x″")):
        drawing.write(STREAM - 0.5, index * SUBLAYER, f"<i>{name}</i>", anchor="right")
    depth = len(layers) * SUBLAYER
    frame = layout(title, subtitle, theme, 0)
    hidden = {"visible": False, "fixedrange": True}
    frame |= {
        "height": frame["margin"]["t"] + round(PIXELS * (depth + 0.7)),
        "dragmode": False,
        "hovermode": False,
        "shapes": drawing.shapes,
        "annotations": drawing.annotations,
        "margin": frame["margin"] | {"b": 0},
        "xaxis": hidden | {"range": [0, WIDTH]},
        "yaxis": hidden | {"range": [depth + 0.4, -0.3]},
    }
    ring = {"size": 26, "color": palette.BACKGROUND[theme], "line": {"color": palette.OUTPUT[theme], "width": 2}}
    sums = go.Scatter(x=[STREAM] * len(drawing.sums), y=drawing.sums, mode="markers", marker=ring)
    return go.Figure(sums, frame)


class _Drawing:
    """Shapes and words, added one by one."""

    def __init__(self, theme: ThemeName, pre: bool) -> None:
        self.theme, self.pre = theme, pre
        self.shapes: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.sums: list[float] = []

    def sublayer(self, top: float, layer: str, norm: str) -> None:
        """From one name of the stream to the next: out of it, through the layer, and back by a sum."""
        fork, end = top + 0.45, top + SUBLAYER
        first, second = top + 1.2, top + 2.1
        back = top + 2.9 if self.pre else top + 2.1
        self.line(STREAM, top - 0.05, STREAM, end + 0.05, stream=True)
        self.line(STREAM, fork, BRANCH, fork)
        self.line(BRANCH, fork, BRANCH, back)
        self.line(BRANCH, back, STREAM + 0.4, back, arrow=True)
        if self.pre:
            self.box(BRANCH, first, norm, is_norm=True)
        self.box(BRANCH, second if self.pre else first, layer)
        self.sum(back)
        if not self.pre:
            self.box(STREAM, top + 3.1, norm, is_norm=True)

    def line(self, x0: float, y0: float, x1: float, y1: float, *, stream: bool = False, arrow: bool = False) -> None:
        ink = palette.OUTPUT[self.theme] if stream else palette.MUTED[self.theme]
        width = 4 if stream else 2
        self.shapes.append(
            {
                "type": "line",
                "layer": "below",
                "x0": x0,
                "y0": y0,
                "x1": x1,
                "y1": y1,
                "line": {"color": ink, "width": width},
            }
        )
        if arrow:
            head = {"x": x1, "y": y1, "ax": x1 + 0.6, "ay": y1, "xref": "x", "yref": "y", "axref": "x", "ayref": "y"}
            look = {"text": "", "showarrow": True, "arrowhead": 2, "arrowsize": 1.1, "arrowwidth": 2, "arrowcolor": ink}
            self.annotations.append(head | look)

    def box(self, x: float, y: float, name: str, *, is_norm: bool = False) -> None:
        half = 1.0 if is_norm else HALF
        fill = palette.KEY[self.theme] if is_norm else palette.BACKGROUND[self.theme]
        line = {"color": palette.KEY[self.theme] if is_norm else palette.TEXT[self.theme], "width": 2}
        corners = {"x0": x - half, "x1": x + half, "y0": y - HEIGHT / 2, "y1": y + HEIGHT / 2}
        self.shapes.append({"type": "rect", "fillcolor": fill, "line": line} | corners)
        ink = palette.BACKGROUND[self.theme] if is_norm else palette.TEXT[self.theme]
        self.write(x, y, f"<b>{literal(name)}</b>" if is_norm else literal(name), ink=ink)

    def sum(self, y: float) -> None:
        self.sums.append(y)
        self.write(STREAM, y, "<b>+</b>", ink=palette.OUTPUT[self.theme])

    def write(self, x: float, y: float, text: str, *, ink: str = "", anchor: str = "center") -> None:
        font = {"size": 15, "color": ink or palette.TEXT[self.theme]}
        self.annotations.append(
            {"x": x, "y": y, "text": text, "showarrow": False, "xanchor": anchor, "yanchor": "middle", "font": font}
        )
