"""What is in a figure: the numbers it draws, and what is written beside them. Read by what tells of it in words, in a
table, or in a file."""

from collections.abc import Sequence
from html import unescape
from re import compile as pattern
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

NUMBER = int | float | np.number
MARKUP = pattern(r"<[^>]*>")


def maps(figure: go.Figure) -> list[go.Heatmap]:
    """Those of numbers: not the grey below them, nor what is written over them."""
    return [trace for trace in figure.data if trace.type == "heatmap" and trace.showscale is not False]


def points(figure: go.Figure) -> list[Any]:
    """Its bars and its curves."""
    return [trace for trace in figure.data if trace.type in {"bar", "scatter"} and trace.x is not None]


def has_numbers(figure: go.Figure) -> bool:
    """False for a drawing, which tells nothing under the pointer either."""
    return figure.layout.hovermode is not False and bool(maps(figure) or points(figure))


def name_of(figure: go.Figure) -> str:
    """Its name alone, the first line of its title."""
    return plain((figure.layout.title.text or "").split("<br>")[0])


def pooled(figure: go.Figure) -> tuple[int, int]:
    """How many rows and columns of a map each cell drawn stands for; (1, 1): every cell is there."""
    return max(((round(trace.dy or 1), round(trace.dx or 1)) for trace in maps(figure)), default=(1, 1))


def values(trace: go.Heatmap) -> NDArray[Any]:
    """The numbers of a map, where its colours are of something else too."""
    return np.asarray(trace[(trace.meta or {}).get("numbers", "z")])


def places(figure: go.Figure, trace: go.Heatmap, axis: str, count: int) -> list[tuple[str, str]]:
    """Number and name of each row ("y") or column ("x") of a map; of a pooled one the number of the first covered."""
    given = trace[axis]
    first, step = (trace[f"{axis}0"] or 0, trace[f"d{axis}"] or 1) if given is None else (0, 1)
    at = [first + step * index for index in range(count)] if given is None else list(given)
    names = ticks(figure, trace, axis)
    return [(_first(place, step), names.get(place_key(place), "")) for place in at]


def ticks(figure: go.Figure, trace: Any, axis: str) -> dict[Any, str]:
    """Place → what is written there."""
    own = figure.layout[f"{axis}axis{(trace[f'{axis}axis'] or axis)[1:]}"].to_plotly_json()  # once: each look is slow
    places, texts = own.get("tickvals"), own.get("ticktext")
    if places is None or texts is None:
        return {}
    return {place_key(place): plain(text) for place, text in zip(places, texts, strict=False)}


def place_key(place: Any) -> Any:
    return round(float(place), 3) if isinstance(place, NUMBER) else place


def plain(text: str) -> str:
    """Words on a figure as they are read: our own markup gone, theirs as they wrote it."""
    return unescape(MARKUP.sub("", text))


def told(trace: Any) -> Sequence[str]:
    """Names of the columns of a trace's customdata, where the figure says what they are."""
    return trace.meta.get("told", ()) if isinstance(trace.meta, dict) else ()


def _first(place: Any, step: float) -> str:
    return str(round(place - (step - 1) / 2)) if isinstance(place, NUMBER) else plain(str(place))
