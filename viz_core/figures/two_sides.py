"""An encoder–decoder as a drawing: its two sides from top to bottom, and what its three attentions are given."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.heatmaps import layout
from viz_core.figures.labels import literal
from viz_core.figures.palette import ThemeName

LEFT, RIGHT, WIDTH = 2.45, 7.45, 9.9  # across: where the encoder and the decoder stand
HEIGHT, HALF = 0.74, 2.08  # of a box: how high, and how wide to either side
APART = 0.75  # between the lines of query, key and value
FIRST, SECOND, THIRD, FOURTH, END = (
    1.5,
    2.95,
    4.0,
    5.35,
    6.6,
)  # down: boxes of the encoder, of the decoder, what comes out
PIXELS = 46  # a unit down


def two_sides(
    texts: tuple[str, str, str],
    attentions: tuple[str, str, str],
    other: str,
    *,
    layers: int,
    title: str,
    subtitle: str,
    theme: ThemeName,
) -> go.Figure:
    """texts: what is read, what was written so far, what comes out. attentions: the names of encoder self-attention,
    masked self-attention and cross-attention; `other`: of the feed-forward parts. layers: how many on each side."""
    drawing = _Drawing(theme)
    for x, bottom in ((LEFT, SECOND), (RIGHT, FOURTH)):
        drawing.frame(x, bottom + 0.72, f"× {layers}")
    for x, text in ((LEFT, texts[0]), (RIGHT, texts[1])):
        drawing.write(x, 0, text)
        drawing.line([(x, 0.25), (x, 0.55)])
        drawing.three(x, 0.55, FIRST - HEIGHT / 2)
    drawing.line([(LEFT, FIRST), (LEFT, SECOND)])
    drawing.across()
    drawing.line([(RIGHT, THIRD), (RIGHT, FOURTH), (RIGHT, END - 0.25)], arrow=True)
    drawing.attention(LEFT, FIRST, "1", attentions[0])
    drawing.attention(RIGHT, FIRST, "2", attentions[1])
    drawing.attention(RIGHT, THIRD, "3", attentions[2])
    drawing.box(LEFT, SECOND, other)
    drawing.box(RIGHT, FOURTH, other)
    drawing.write(RIGHT, END, texts[2])
    frame = layout(title, subtitle, theme, 0)
    hidden = {"visible": False, "fixedrange": True}
    frame |= {
        "height": frame["margin"]["t"] + round(PIXELS * (END + 0.8)),
        "dragmode": False,
        "hovermode": False,
        "shapes": drawing.shapes,
        "annotations": drawing.annotations,
        "margin": frame["margin"] | {"b": 0},
        "xaxis": hidden | {"range": [0, WIDTH]},
        "yaxis": hidden | {"range": [END + 0.35, -0.45]},
    }
    return go.Figure(go.Scatter(x=[], y=[]), frame)


class _Drawing:
    """Shapes and words, added one by one; those added later lie on top."""

    def __init__(self, theme: ThemeName) -> None:
        self.theme = theme
        self.shapes: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []

    def three(self, x: float, top: float, bottom: float) -> None:
        """Query, key and value from one place into the box below."""
        self.line([(x - APART, top), (x + APART, top)])
        inks = zip("QKV", (palette.QUERY, palette.KEY, palette.VALUE), (-APART, 0, APART), strict=True)
        for letter, ink, aside in inks:
            self.line([(x + aside, top), (x + aside, bottom)], ink[self.theme], arrow=True)
            self.write(x + aside + 0.12, (top + bottom) / 2 - 0.02, f"<b>{letter}</b>", ink[self.theme], anchor="left")

    def across(self) -> None:
        """Into cross-attention: the query from the decoder, key and value from the encoder's end."""
        query, key, value = (hue[self.theme] for hue in (palette.QUERY, palette.KEY, palette.VALUE))
        self.line([(RIGHT, FIRST), (RIGHT, THIRD - HEIGHT / 2)], query, arrow=True)
        self.write(RIGHT + 0.12, (FIRST + THIRD) / 2, "<b>Q</b>", query, anchor="left")
        edge = RIGHT - HALF
        for ink, letter, aside, y in ((key, "K", 0.25, THIRD - 0.2), (value, "V", -0.25, THIRD + 0.2)):
            self.line([(LEFT + aside, SECOND), (LEFT + aside, y), (edge, y)], ink, arrow=True)
            self.write(edge - 0.62, y + (-0.2 if letter == "K" else 0.22), f"<b>{letter}</b>", ink)

    def line(self, points: Sequence[tuple[float, float]], ink: str = "", *, arrow: bool = False) -> None:
        ink = ink or palette.MUTED[self.theme]
        path = " L".join(f"{x},{y}" for x, y in points)
        self.shapes.append({"type": "path", "path": f"M{path}", "line": {"color": ink, "width": 2}, "layer": "below"})
        if arrow:
            (x0, y0), (x1, y1) = points[-2:]
            back = {"ax": x1 - (0.2 if x1 > x0 else 0), "ay": y1 - (0.2 if y1 > y0 else 0)}
            head = {"x": x1, "y": y1, "xref": "x", "yref": "y", "axref": "x", "ayref": "y", **back}
            look = {"text": "", "showarrow": True, "arrowhead": 2, "arrowsize": 1.1, "arrowwidth": 2, "arrowcolor": ink}
            self.annotations.append(head | look)

    def frame(self, x: float, bottom: float, times: str) -> None:
        """Around what is there several times."""
        line = {"color": palette.LINE[self.theme], "width": 1.5, "dash": "dot"}
        corners = {"x0": x - HALF - 0.3, "x1": x + HALF + 0.3, "y0": 0.4, "y1": bottom}
        self.shapes.append({"type": "rect", "layer": "below", "line": line} | corners)
        self.write(x - HALF - 0.22, bottom - 0.17, times, palette.MUTED[self.theme], anchor="left")

    def box(self, x: float, y: float, name: str, ink: str = "") -> None:
        line = {"color": ink or palette.MUTED[self.theme], "width": 2}
        corners = {"x0": x - HALF, "x1": x + HALF, "y0": y - HEIGHT / 2, "y1": y + HEIGHT / 2}
        fill = palette.BACKGROUND[self.theme]
        self.shapes.append({"type": "rect", "layer": "between", "fillcolor": fill, "line": line} | corners)
        self.write(x, y, name)

    def attention(self, x: float, y: float, number: str, name: str) -> None:
        self.box(x, y, f"<b>{number}</b> {literal(name)}", palette.TEXT[self.theme])

    def write(self, x: float, y: float, text: str, ink: str = "", *, anchor: str = "center") -> None:
        font = {"size": 13, "color": ink or palette.TEXT[self.theme]}
        self.annotations.append(
            {"x": x, "y": y, "text": text, "showarrow": False, "xanchor": anchor, "yanchor": "middle", "font": font}
        )
