"""Signed amounts, one lying bar each, in the order they are given: what adds to a thing and what takes from it."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import label_width, layout
from viz_core.figures.palette import ThemeName

BAR = 24  # pixels a bar
ROOM = 0.16  # of the width, for the numbers beside the bars


def ranked_bars(
    labels: Sequence[str],
    values: NDArray[np.float32],
    *,
    title: str,
    subtitle: str,
    theme: ThemeName,
    pale: Sequence[bool] = (),
    sum_last: bool = False,
    signed: bool = True,
    texts: Sequence[str] = (),
) -> go.Figure:
    """Bars to the right for what is above 0, to the left for what is below, with their numbers.

    pale      which are drawn faint
    sum_last  the last one is the sum of the others: set apart, in the text's colour
    texts     what stands beside the bars; three significant digits unless given
    signed    colours tell what is above 0 from what is below
    """
    place = np.arange(len(labels), dtype=np.float32)
    above, below = (palette.SIGNED[theme][5], palette.SIGNED[theme][1]) if signed else (palette.WEIGHTS[theme][4],) * 2
    inks = np.where(values < 0, below, above).astype(object)
    for index, faint in enumerate(pale):
        inks[index] = palette.FAINT[theme] if faint else inks[index]
    if sum_last:
        place[-1] += 0.5
        inks[-1] = palette.TEXT[theme]
    bars = go.Bar(
        x=values,
        y=place,
        orientation="h",
        marker={"color": inks.tolist()},
        text=list(texts) or [f"{value:.3g}".replace("-", "−") for value in values.tolist()],
        textposition="outside",
        textfont={"size": 12, "color": palette.TEXT[theme]},
        cliponaxis=False,
        hovertemplate="%{y}: <b>%{x:.4~g}</b><extra></extra>",
    )
    lowest, highest = min(float(values.min(initial=0)), 0.0), max(float(values.max(initial=0)), 0.0)
    room = ROOM * ((highest - lowest) or 1.0)
    frame = layout(title, subtitle, theme, 62 + BAR * (len(labels) + sum_last))
    frame |= {
        "margin": frame["margin"] | {"l": label_width(labels) + 6},
        "bargap": 0.25,
        "dragmode": False,
        "xaxis": {
            "visible": True,
            "showticklabels": False,
            "showgrid": False,
            "zeroline": True,
            "zerolinecolor": palette.MUTED[theme],
            "range": [lowest - 1.5 * room if lowest else 0, highest + room],
            "fixedrange": True,
        },
        "yaxis": {
            "tickvals": place,
            "ticktext": list(labels),
            "range": [float(place[-1]) + 0.6, -0.6] if len(labels) else None,
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    }
    return go.Figure(bars, frame)
