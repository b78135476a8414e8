"""Bars: the products that sum to a score, and what the model would say next."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import lying, palette
from viz_core.figures.heatmaps import axis_title, layout
from viz_core.figures.palette import ThemeName
from viz_core.language import _

Array = NDArray[np.float32]


def product_bars(
    query: Array, key: Array, score: float, *, title: str, subtitle: str, theme: ThemeName, largest_first: bool = False
) -> go.Figure:
    """The d_head products qᵢ·kᵢ of one cell, and their running sum, whose end is the score. query, key [d_head]."""
    products = query * key
    order = np.argsort(-np.abs(products), kind="stable") if largest_first else np.arange(len(products))
    running = np.cumsum(products[order], dtype=np.float64)
    place = np.arange(len(order))
    colours = np.where(products[order] < 0, palette.SIGNED[theme][1], palette.SIGNED[theme][5])
    bars = go.Bar(
        x=place,
        y=products[order],
        marker={"color": colours.tolist(), "line": {"width": 0}},
        customdata=np.stack([order, query[order], key[order], running], axis=-1).astype(np.float32),
        meta={"told": ["component", "q", "k", "sum so far"]},
        hovertemplate=_("component")
        + " %{customdata[0]}<br>%{customdata[1]:.4~g} × %{customdata[2]:.4~g} = <b>%{y:.4~g}</b><br>"
        + _("sum so far")
        + " %{customdata[3]:.4~g}<extra></extra>",
        name=_("product qᵢ·kᵢ"),
    )
    line = go.Scatter(
        x=place,
        y=running,
        mode="lines",
        line={"shape": "hvh", "width": 2, "color": palette.TEXT[theme]},
        hoverinfo="skip",
        name=_("sum so far"),
    )
    frame = layout(title, subtitle, theme, 300)
    frame |= {"bargap": 0.15, "showlegend": False, "margin": frame["margin"] | {"r": 64, "l": 44, "b": 44}}
    frame["annotations"] = [
        {
            "x": place[-1],
            "y": running[-1],
            "text": f"<b>{score:.4g}</b>",
            "showarrow": False,
            "xanchor": "left",
            "xshift": 8,
            "font": {"size": 14, "color": palette.TEXT[theme]},
        }
    ]
    frame["xaxis"] = {
        "tickvals": place[:: 1 + len(place) // 16],
        "ticktext": [str(component) for component in order[:: 1 + len(place) // 16]],
        "tickangle": 0,
        "showgrid": False,
        "zeroline": False,
        "title": axis_title(_("component"), theme),
    }
    lowest, highest = min(running.min(), products.min(), 0), max(running.max(), products.max(), 0)
    frame["yaxis"] = {
        "range": [lowest - 0.08 * (highest - lowest), highest + 0.12 * (highest - lowest)],
        "zeroline": True,
        "zerolinecolor": palette.MUTED[theme],
        "gridcolor": palette.LINE[theme],
        "nticks": 6,
    }
    return go.Figure([bars, line], frame)


def next_token_bars(
    labels: Sequence[str], probabilities: Sequence[float], *, theme: ThemeName, height: int
) -> go.Figure:
    """What comes next, most likely on top. The dot of a leading blank is kept: it tells a new word from a suffix."""
    drawn = lying.bars(
        probabilities,
        ink=palette.OUTPUT[theme],
        texts=list(map(lying.percent, probabilities)),
        theme=theme,
        hover="“%{y}” %{x:.3~p}",
    )
    frame = layout("", "", theme, height) | {"title": None}
    frame |= lying.rows(labels, most=max(probabilities, default=0))
    frame["margin"] = {"l": lying.room(labels), "r": 56, "t": 4, "b": 4}
    return go.Figure(drawn, frame)


def paired_bars(
    labels: Sequence[str],
    before: Sequence[float],
    after: Sequence[float],
    *,
    names: tuple[str, str],
    theme: ThemeName,
    title: str = "",
    subtitle: str = "",
) -> go.Figure:
    """Two probabilities for each token: as it is (pale), and with the change (full)."""
    inks = (palette.FAINT[theme], palette.OUTPUT[theme])
    hover = "“%{y}” %{fullData.name} %{x:.3~p}"
    traces = [
        lying.bars(shares, ink=ink, texts=list(map(lying.percent, shares)), theme=theme, hover=hover, name=name)
        for name, shares, ink in zip(names, (before, after), inks, strict=True)
    ]
    frame = layout(title, subtitle, theme, paired_height(len(labels)) + (50 if title else 0))
    if not title:
        frame |= {"title": None}
    frame |= lying.rows(labels, most=max([*before, *after], default=0))
    frame |= {
        "margin": {"l": lying.room(labels), "r": 56, "t": 54 if title else 4, "b": 34},
        "legend": {"orientation": "h", "x": 0, "y": 0, "yanchor": "top", "yref": "paper", "traceorder": "normal"},
    }
    return go.Figure(traces, frame)


def paired_height(count: int) -> int:
    """Pixels of `paired_bars` without a title."""
    return 42 + 34 * count
