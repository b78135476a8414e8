"""Two texts in two columns, the words of each from top to bottom, and a line from each written word to the word it
looks at most: where word order differs, lines cross."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import layout
from viz_core.figures.labels import label_width, literal, shortened
from viz_core.figures.palette import ThemeName

ROW, LEAST, ABOVE, MOST = 26, 13, 84, 620  # pixels: a word, in a long text too, what stands above, all words


def crossing_lines(
    read: Sequence[str],
    written: Sequence[str],
    columns: Sequence[int],
    weights: NDArray[np.float32],
    *,
    heads: tuple[str, str],
    says: str,
    title: str,
    subtitle: str,
    theme: ThemeName,
    chosen: int = -1,
) -> go.Figure:
    """columns, weights: for each written word the word it looks at most, and how much. heads: what stands above the
    two columns. says: the hover, with {written}, {read} and {weight}. The line of `chosen` has the chosen colour."""
    rows = max(len(read), len(written))
    places = [_places(len(words), rows) for words in (read, written)]
    lines = [
        go.Scatter(
            x=[1, 0],
            y=[places[1][row], places[0][column]],
            mode="lines",
            line={"width": 1 + 5 * float(weight), "color": _ink(row == chosen, theme)},
            opacity=1.0 if row == chosen else 0.25 + 0.7 * float(weight),
            hoverinfo="text",
            text=says.format(written=literal(written[row]), read=literal(read[column]), weight=f"{weight:.3f}"),
            showlegend=False,
        )
        for row, (column, weight) in enumerate(zip(columns, weights, strict=True))
    ]
    lines.sort(key=lambda line: line.opacity)
    row = max(LEAST, min(ROW, MOST // rows))
    size = min(15, round(0.8 * row))
    room = [label_width([shortened(word) for word in words], size) + 8 for words in (read, written)]
    frame = layout(title, subtitle, theme, ABOVE + row * rows)
    hidden = {"visible": False, "fixedrange": True}
    frame |= {
        "dragmode": False,
        "hovermode": "closest",
        "margin": frame["margin"] | {"l": max(room[0], 60), "r": max(room[1], 60), "b": 4},
        "xaxis": hidden | {"range": [-0.02, 1.02]},
        "yaxis": hidden | {"range": [rows - 0.4, -1.4]},
        "annotations": [
            *_column(0, (heads[0], *read), places[0], theme, size=size),
            *_column(1, (heads[1], *written), places[1], theme, size=size, chosen=chosen),
        ],
    }
    return go.Figure(lines, frame)


def _places(count: int, rows: int) -> list[float]:
    """Both columns are as high as the longer one."""
    return [0.0] if count == 1 else [float(place) for place in np.linspace(0, rows - 1, count)]


def _ink(chosen: bool, theme: ThemeName) -> str:
    return palette.CHOSEN[theme] if chosen else palette.WEIGHTS[theme][4]


def _column(
    x: int, words: Sequence[str], places: Sequence[float], theme: ThemeName, *, size: int, chosen: int = -1
) -> list[dict[str, object]]:
    """The first of the words stands above the others, which have places."""
    look = {"x": x, "showarrow": False, "xanchor": "left" if x else "right", "xshift": 8 if x else -8}
    muted = {"size": 12, "color": palette.MUTED[theme]}
    head, *texts = (literal(shortened(word)) for word in words)
    found: list[dict[str, object]] = [{**look, "y": -1, "text": head, "font": muted}]
    for row, (text, place) in enumerate(zip(texts, places, strict=True)):
        font = {"size": size, "color": palette.CHOSEN[theme] if row == chosen else palette.TEXT[theme]}
        found.append({**look, "y": place, "text": f"<b>{text}</b>" if row == chosen else text, "font": font})
    return found
