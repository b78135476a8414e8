"""Beam search as a tree: a row a step, from the top, in each the kept texts by their last token, the likeliest left."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.heatmaps import layout
from viz_core.figures.labels import literal, shortened
from viz_core.figures.palette import ThemeName

ROW, LEAST, MOST_HIGH, ABOVE = 34, 17, 620, 96  # pixels: a step, in a long text too, all, what stands above them
MOST = 7  # letters of a token that are written


class Leaf(NamedTuple):
    """A text that is kept after a step: its last token, all of it, log P, and the number of the text it continues."""

    token: str
    text: str
    log: float
    came: int


def beam_tree(
    steps: Sequence[Sequence[Leaf]], *, heads: Sequence[str], title: str, subtitle: str, theme: ThemeName
) -> go.Figure:
    """The way to the last step's first text is drawn strong. heads: what stands above each place."""
    way = _way(steps)
    strong: list[tuple[float | None, float | None]] = []
    faint: list[tuple[float | None, float | None]] = []
    notes: list[dict[str, Any]] = []
    for step, leaves in enumerate(steps):
        for place, leaf in enumerate(leaves):
            chosen = way[step] == place
            if step:
                edge = [(leaf.came, step - 1 + 0.3), (place, step - 0.3), (None, None)]
                (strong if chosen else faint).extend(edge)
            notes.append(_note(place, step, shortened(leaf.token, MOST), theme, chosen=chosen))
    width = max(map(len, steps), default=1)
    notes += [_note(place, -1, head, theme, muted=True) for place, head in enumerate(heads[:width])]
    row = max(LEAST, min(ROW, MOST_HIGH // len(steps)))
    lines = [
        _lines(faint, palette.FAINT[theme], 1.5),
        _lines(strong, palette.CHOSEN[theme], 3),
        _points(steps, theme),
    ]
    frame = layout(title, subtitle, theme, ABOVE + row * len(steps))
    hidden = {"visible": False, "fixedrange": True}
    frame |= {
        "dragmode": False,
        "hovermode": "closest",
        "showlegend": False,
        "annotations": notes,
        "xaxis": hidden | {"range": [-0.5, width - 0.5]},
        "yaxis": hidden | {"range": [len(steps) - 0.5, -1.5]},
    }
    return go.Figure(lines, frame)


def _way(steps: Sequence[Sequence[Leaf]]) -> list[int]:
    """The place, in each step, of the text that the last step's first one continues."""
    way = [0] * len(steps)
    for step in range(len(steps) - 1, 0, -1):
        way[step - 1] = steps[step][way[step]].came
    return way


def _lines(points: Sequence[tuple[float | None, float | None]], ink: str, width: float) -> go.Scatter:
    x, y = (np.array([point[axis] for point in points], dtype=np.float32) for axis in (0, 1))
    return go.Scatter(x=x, y=y, mode="lines", line={"color": ink, "width": width}, hoverinfo="skip")


def _points(steps: Sequence[Sequence[Leaf]], theme: ThemeName) -> go.Scatter:
    """Unseen, for the hover."""
    at = [(place, step, leaf) for step, leaves in enumerate(steps) for place, leaf in enumerate(leaves)]
    return go.Scatter(
        x=np.array([place for place, _step, _leaf in at], dtype=np.float32),
        y=np.array([step for _place, step, _leaf in at], dtype=np.float32),
        mode="markers",
        marker={"size": 26, "color": palette.BACKGROUND[theme], "opacity": 0},
        text=[f"{literal(leaf.text)}<br><b>log P {leaf.log:.3f}</b>".replace("-", "−") for _p, _s, leaf in at],
        hovertemplate="%{text}<extra></extra>",
    )


def _note(
    x: float, y: float, text: str, theme: ThemeName, *, chosen: bool = False, muted: bool = False
) -> dict[str, Any]:
    ink = (palette.CHOSEN if chosen else palette.MUTED if muted else palette.TEXT)[theme]
    shown = f"<b>{literal(text)}</b>" if chosen else literal(text)
    return {"x": x, "y": y, "text": shown, "showarrow": False, "font": {"size": 12 if muted else 14, "color": ink}}
