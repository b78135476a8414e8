"""Maps of two texts on one axis, so that their cells lie in the same places: what one of them lacks is dotted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import Array, Window, attention_heatmap
from viz_core.figures.labels import shortened
from viz_core.figures.palette import ThemeName
from viz_core.language import _

INKS = {"A": palette.QUERY, "B": palette.KEY}  # as the differences: orange where A has more, blue where B has
MOST_LETTERS = 10  # of a token that is marked


def aligned_heatmap(
    values: Array,
    tokens: Sequence[str],
    owners: Sequence[str],
    here: NDArray[np.bool_],
    *,
    theme: ThemeName,
    window: Window | None = None,
    **rule: Any,
) -> go.Figure:
    """values [place, place]; NaN in rows and columns that have no counterpart. `rule` goes to `attention_heatmap`.

    owners  for each place: "A" or "B" where only that text has the token, else ""
    here    bool [place]: which of them this map has
    """
    marked = [
        f"{shortened(token, MOST_LETTERS)} ({whose})" if whose else token
        for token, whose in zip(tokens, owners, strict=True)
    ]
    missing = ~here
    none = np.where(missing[:, None] | missing, np.float32(0), np.float32(np.nan))
    ground = palette.BACKGROUND[theme]
    nowhere = go.Heatmap(
        z=none,
        colorscale=[(0, ground), (1, ground)],
        showscale=False,
        hoverongaps=False,
        hovertemplate="“%{y}”, “%{x}”: " + _("no counterpart here") + "<extra></extra>",
    )
    figure = attention_heatmap(
        values, marked, theme=theme, window=window, below=[nowhere] if missing.any() else (), **rule
    )
    if missing.any():
        figure.add_trace(_dotted(missing, theme))
    if figure.layout.meta["size"] == 1:  # else a name stands for several tokens
        for axis in (figure.layout.xaxis, figure.layout.yaxis):
            places = zip(axis.tickvals, axis.ticktext, strict=True)
            axis.ticktext = [_inked(text, owners[int(at)], theme) for at, text in places]
    return figure


def _inked(text: str, whose: str, theme: ThemeName) -> str:
    return f'<span style="color:{INKS[whose][theme]}"><b>{text}</b></span>' if whose else text


def _dotted(missing: NDArray[np.bool_], theme: ThemeName) -> go.Scatter:
    """Whole rows, and between them the columns: no cell is dotted twice."""
    n = len(missing)
    rows = _runs(missing)
    boxes = [(top, bottom, 0, n) for top, bottom in rows]
    boxes += [(top, bottom, left, right) for top, bottom in _runs(~missing) for left, right in rows]
    x: list[float | None] = []
    y: list[float | None] = []
    for top, bottom, left, right in boxes:
        x += [left - 0.5, right - 0.5, right - 0.5, left - 0.5, left - 0.5, None]
        y += [top - 0.5, top - 0.5, bottom - 0.5, bottom - 0.5, top - 0.5, None]
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillpattern={
            "shape": ".",  # lines are for what is not allowed
            "size": 6,
            "solidity": 0.18,
            "fgcolor": palette.MUTED[theme],
            "bgcolor": "rgba(0,0,0,0)",
        },
        hoverinfo="skip",
        showlegend=False,
    )


def _runs(of: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First place, and one past the last, of everything that lies side by side."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], of, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
