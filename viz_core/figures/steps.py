"""Maps of [token, step]: one number for each token after each step of the model, or for some neurons."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import (
    AXIS_TITLE,
    COLOURBAR,
    MOST_LABELS,
    ROWS_ARE,
    axis_title,
    colourbar,
    layout,
    limits_of,
)
from viz_core.figures.labels import label_width, literal, shortened, tick_text
from viz_core.figures.palette import ThemeName

Array = NDArray[np.float32]
ROW, ROW_OF_MANY = (22, 20), 9  # pixels: of few rows, of many, of too many to be named
FEW = 24
TEXT_SIZE = 12
SWITCH = 0.58  # of a share, from which the page's background is read better on it than the page's text


def steps_heatmap(
    values: Array,
    tokens: Sequence[str],
    steps: Sequence[str],
    *,
    title: str,
    subtitle: str,
    theme: ThemeName,
    unit: str,
    colours: Literal["share", "size", "signed"],
    says: str,
    texts: Sequence[Sequence[str]] = (),
    first: int = 0,
    note: str = "",
    above: str = "",
) -> go.Figure:
    """values [token, step]; rows are tokens from `first` on, and a click on one chooses it.

    colours  share: from 0 to 1, one hue; size: numbers above 0, by their logarithm; signed: around 0, two hues
    says     what a cell is, for the hover, e.g. "probability"
    texts    [token, step], written into cells of shares; some 60 pixels a column are enough
    above    what the columns are
    """
    n, columns = values.shape
    log = colours == "size"
    lowest, highest, stops = _colours(values, colours, theme)
    named = n <= MOST_LABELS
    shown = np.log10(np.maximum(values, 1e-12)) if log else values
    told = [[literal(text) for text in row] for row in texts]
    heatmap = go.Heatmap(
        z=shown.astype(np.float32),
        y0=first,
        dy=1,
        customdata=values.astype(np.float32),
        meta={"numbers": "customdata"},  # what is taken along: not their logarithms
        hovertext=told or None,
        colorscale=palette.colorscale(stops),
        zmin=lowest,
        zmax=highest,
        xgap=1,
        ygap=1 if named else 0,
        hovertemplate=("“%{hovertext}”<br>" if told else "")
        + f"“%{{y}}” (%{{y:d}}), %{{x}}<br>{says} <b>%{{customdata:.4~g}}</b><extra></extra>",
        colorbar=_log_colorbar(unit, lowest, highest, theme) if log else colourbar(unit, lowest, highest, theme),
    )
    upright = not texts and max(map(len, steps)) > 60 / columns  # words in cells are wider than names
    room = label_width(steps, TEXT_SIZE) if upright else 20
    frame = layout(title, subtitle, theme, 0, note=note)
    top = frame["margin"]["t"] + room + (AXIS_TITLE if above else 4)
    rows = max(60, n * (ROW[n > FEW] if named else ROW_OF_MANY))
    frame |= {
        "height": top + rows + COLOURBAR,
        "dragmode": False,
        "meta": {**(ROWS_ARE["query"] or {}), "size": 1},
        "margin": frame["margin"]
        | {"t": top, "b": COLOURBAR, "l": label_width(list(map(tick_text, tokens))) + 8 if named else 30},
        "xaxis": {
            "range": [-0.5, columns - 0.5],
            "tickvals": np.arange(columns),
            "ticktext": [literal(step) for step in steps],
            "tickangle": -90 if upright else 0,
            "tickfont": {"size": TEXT_SIZE},
            "side": "top",
            "ticks": "",
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            **({"title": axis_title(above, theme)} if above else {}),
        },
        "yaxis": {
            "tickvals": np.arange(first, first + n),
            "ticktext": [tick_text(token) for token in tokens],
            "showticklabels": named,
            "tickfont": {"size": 13},
            "ticklabelstandoff": 4,
            "ticks": "",
            "range": [first + n - 0.5, first - 0.5],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    }
    words = [_words(values, texts, first, theme)] if texts else []
    return go.Figure([heatmap, *words], frame)


def _words(shares: Array, texts: Sequence[Sequence[str]], first: int, theme: ThemeName) -> go.Scatter:
    """Texts over cells of shares, dark on pale and pale on dark; Plotly itself would write grey on middle tones."""
    n, columns = shares.shape
    across, down = np.meshgrid(np.arange(columns), np.arange(first, first + n))
    inks = np.where(shares.ravel() > SWITCH, palette.BACKGROUND[theme], palette.TEXT[theme])
    return go.Scatter(
        x=across.ravel(),
        y=down.ravel(),
        mode="text",
        text=[literal(shortened(text, 9)) for row in texts for text in row],
        textfont={"size": TEXT_SIZE, "color": inks.tolist()},
        hoverinfo="skip",
        showlegend=False,
    )


def _colours(values: Array, colours: str, theme: ThemeName) -> tuple[float, float, list[str]]:
    if colours == "share":
        return 0.0, 1.0, palette.WEIGHTS[theme]
    if colours == "signed":
        limit = limits_of(values, share=0.99)
        return -limit, limit, palette.SIGNED[theme]
    logs = np.log10(np.maximum(values[values > 0], 1e-12))
    lowest, highest = (float(logs.min()), float(logs.max())) if logs.size else (0.0, 1.0)
    return lowest, max(highest, lowest + 0.01), palette.SIGNED[theme][3:]  # the half above 0: a size is positive


def _log_colorbar(unit: str, lowest: float, highest: float, theme: ThemeName) -> dict[str, object]:
    places = np.linspace(lowest, highest, 3)
    return colourbar(unit, lowest, highest, theme) | {
        "tickvals": places,
        "ticktext": [f"{10**place:.3g}" for place in places],
    }
