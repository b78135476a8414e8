"""A figure for a projector: every label, line and gap larger, and the room for the labels with them."""

import re
from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz_core.figures.labels import label_width

CLEAR = 16  # pixels between a subtitle and the title of an axis below it
LEAST_TYPE = 20  # pixels, to be read from the last row
LEAST_LINE = 2
TIMES = 1.6  # what is drawn for a desk, on a wall
TITLE_TIMES = 1.35  # the lines on top stand closer
PITCH = 23  # pixels from label to label, at the least
LEAST_WIDTH = 560  # of a figure
USUAL = 13  # type where a figure says nothing
LENGTHS = {  # in pixels, wherever Plotly has them
    *("l", "r", "t", "b", "pad", "xpad", "ypad", "borderpad", "xshift", "yshift", "ax", "ay", "xgap", "ygap"),
    *("standoff", "startstandoff", "ticklabelstandoff", "ticklen", "thickness"),
    *("tracegroupgap", "itemwidth", "entrywidth"),
}
WIDTHS = {"width", "arrowwidth", "gridwidth", "zerolinewidth"}
IN_TEXT = re.compile(r"font-size: ?(\d+)px")


def enlarged(drawn: go.Figure, height: int) -> go.Figure:
    """The same figure for a screen with so many pixels of height for it. A map takes them all, and more where its
    labels need it; other figures grow as their type does."""
    layout = drawn.layout.to_plotly_json()
    rooms = {side: _room(layout, side) for side in "lt"}
    before = layout.get("margin", {})
    traces = [_grown(trace.to_plotly_json()) for trace in drawn.data]
    for trace in traces:
        if trace["type"] == "heatmap" and trace.get("texttemplate"):  # else Plotly makes them as small as it likes
            trace.setdefault("textfont", {})["size"] = LEAST_TYPE
    layout = _grown(layout)
    layout.setdefault("font", {})["size"] = _type(layout.get("font", {}).get("size", 0) / TIMES or USUAL)
    margin = layout.setdefault("margin", {})
    for side, (old, new) in rooms.items():
        if old:
            margin[side] = round((before.get(side, 80) - old) * (TIMES if side == "l" else TITLE_TIMES)) + new
    if any(axis.get("side") == "top" and axis.get("title") for axis in _axes(layout).values()):
        margin["t"] = margin.get("t", 0) + CLEAR
    for axis in _axes(layout).values():
        axis |= {"gridwidth": LEAST_LINE, "zerolinewidth": LEAST_LINE}
    layout["height"] = _height(layout, height)
    return go.Figure(traces, layout)


def least_width(figure: go.Figure) -> int:
    """Pixels across in which the labels of an enlarged figure stay apart."""
    layout = figure.layout.to_plotly_json()
    return max(LEAST_WIDTH, _needed(layout, "x") if _squares(layout) else 0)


def _height(layout: dict[str, Any], room: int) -> int:
    height, needed = round(layout.get("height", 450) * TIMES), _needed(layout, "y")
    return max(room if _squares(layout) else min(height, room), needed)


def _needed(layout: dict[str, Any], along: str) -> int:
    """For the names along the axes of that letter, and the margins."""
    names = [len(axis["ticktext"]) for name, axis in _axes(layout).items() if name[0] == along and _written(axis)]
    around = sum(int(layout["margin"].get(side, 80)) for side in ("lr" if along == "x" else "tb"))
    return PITCH * max(names, default=0) + around


def _squares(layout: dict[str, Any]) -> bool:
    return any(axis.get("scaleanchor") for axis in _axes(layout).values())


def _axes(layout: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: axis for name, axis in layout.items() if re.fullmatch(r"[xy]axis\d*", name)}


def _written(axis: dict[str, Any]) -> bool:
    return bool(len(axis.get("ticktext") or ())) and axis.get("showticklabels", True)


def _room(layout: dict[str, Any], side: str) -> tuple[int, int]:
    """What the names along the axis at the left, or upright on top, take: in the figure, and enlarged."""
    own = "y" if side == "l" else "x"
    sizes = [
        (label_width(axis["ticktext"], size), label_width(axis["ticktext"], _type(size)))
        for name, axis in _axes(layout).items()
        if name.startswith(own) and _written(axis) and (side == "l" or axis.get("side") == "top")
        for size in [axis.get("tickfont", {}).get("size", USUAL)]
    ]
    return max(sizes, default=(0, 0))


def _type(size: float) -> float:
    return max(LEAST_TYPE, round(size * TIMES, 1))


def _grown(part: Any, name: str = "", *, font: bool = False) -> Any:
    """A part of a figure, under that name, with every length in it."""
    if isinstance(part, dict):
        fonts = name.endswith("font")
        return {key: _of_dict(part, name, key, value, font=fonts) for key, value in part.items()}
    if isinstance(part, list | tuple) and part and isinstance(part[0], dict):
        return [_grown(one, name, font=font) for one in part]
    if isinstance(part, str):
        return IN_TEXT.sub(lambda found: f"font-size:{_type(float(found[1])):g}px", part)
    return part


def _of_dict(part: dict[str, Any], name: str, key: str, value: Any, *, font: bool) -> Any:
    if isinstance(value, dict | str) or (isinstance(value, list | tuple) and value and isinstance(value[0], dict)):
        return _grown(value, key)
    if key == "size" and font:
        return _each(value, _type)
    if key == "size" and name == "marker":
        return _each(value, lambda size: size * TIMES)
    if (key in WIDTHS and name in {"line", "annotations", "shapes"}) or key in WIDTHS - {"width"}:
        return _each(value, lambda width: max(LEAST_LINE, width * TIMES) if width else width)
    if key in LENGTHS or (key == "len" and part.get("lenmode") == "pixels"):
        return _each(value, lambda length: round(length * TIMES))
    return value


def _each(value: Any, change: Any) -> Any:
    """One number, or all of several."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return change(value)
    if isinstance(value, list | tuple | np.ndarray):
        return [change(float(one)) for one in value]
    return value
