"""Amounts, one lying bar each, in the order they are given: what adds to a thing and what takes from it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import lying, palette
from viz_core.figures.heatmaps import axis_title, layout
from viz_core.figures.palette import ThemeName

BAR = 24  # pixels a bar
AXIS = 40  # pixels of an axis
ROOM = 0.16  # of the width, for the numbers beside the bars


def ranked_bars(
    labels: Sequence[str],
    values: Sequence[float] | NDArray[np.float32],
    *,
    title: str,
    subtitle: str,
    theme: ThemeName,
    pale: Sequence[bool] = (),
    chosen: int | None = None,
    sum_last: bool = False,
    signed: bool = True,
    texts: Sequence[str] = (),
    x_title: str = "",
) -> go.Figure:
    """Bars to the right for what is above 0, to the left for what is below, with their numbers.

    pale      which are drawn faint
    chosen    the one that is drawn in the colour of what is chosen, all others faint
    sum_last  the last one is the sum of the others: set apart, in the text's colour
    signed    colours tell what is above 0 from what is below
    texts     what stands beside the bars; three significant digits unless given
    x_title   what the values are, where they are shares of 1: the axis is drawn, from 0 to 1
    """
    amounts = np.asarray(values, dtype=np.float32)
    place = np.arange(len(labels), dtype=np.float32)
    above, below = (palette.SIGNED[theme][5], palette.SIGNED[theme][1]) if signed else (palette.WEIGHTS[theme][4],) * 2
    inks = np.where(amounts < 0, below, above).astype(object)
    if chosen is not None:
        pale = [index != chosen for index in range(len(labels))]
        inks[chosen] = palette.CHOSEN[theme]
    inks[np.flatnonzero(pale)] = palette.FAINT[theme]
    if sum_last:
        place[-1] += 0.5
        inks[-1] = palette.TEXT[theme]
    bars = lying.bars(
        amounts,
        ink=inks.tolist(),
        texts=texts or [f"{value:.3g}".replace("-", "−") for value in amounts.tolist()],
        theme=theme,
        hover="%{y}: <b>%{x:.4~g}</b>",
        place=place,
    )
    frame = layout(title, subtitle, theme, 62 + BAR * (len(labels) + sum_last) + (AXIS if x_title else 0))
    frame |= lying.rows(labels, place=place)
    frame["margin"] |= {"l": lying.room(labels)}
    if x_title:
        frame["margin"] |= {"r": 44, "b": 8 + AXIS}
        frame["xaxis"] |= _shares(x_title, theme)
    else:
        frame["xaxis"] |= _around_zero(amounts, theme)
    return go.Figure(bars, frame)


def _shares(title: str, theme: ThemeName) -> dict[str, Any]:
    look = {"visible": True, "zeroline": False, "gridcolor": palette.LINE[theme]}
    return look | {"range": [0, 1], "title": axis_title(title, theme)}


def _around_zero(values: NDArray[np.float32], theme: ThemeName) -> dict[str, Any]:
    """A line at 0 alone: the numbers are written."""
    lowest, highest = float(values.min(initial=0)), float(values.max(initial=0))
    room = ROOM * ((highest - lowest) or 1.0)
    look = {"visible": True, "showticklabels": False, "showgrid": False, "zerolinecolor": palette.MUTED[theme]}
    return look | {"zeroline": True, "range": [lowest - 1.5 * room if lowest else 0, highest + room]}
