"""Bars: the products that sum to a score, and what the model would say next."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import FONT, axis_title, label_width, layout
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
    place = np.arange(len(labels))
    bars = go.Bar(
        x=np.asarray(probabilities, dtype=np.float32),
        y=place,
        orientation="h",
        marker={"color": palette.OUTPUT[theme]},
        text=[_percent(probability) for probability in probabilities],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="“%{y}” %{x:.3~p}<extra></extra>",
    )
    frame = {
        "font": {"family": FONT, "size": 13, "color": palette.TEXT[theme]},
        "height": height,
        "margin": {"l": label_width(labels) + 4, "r": 56, "t": 4, "b": 4},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "bargap": 0.25,
        "dragmode": False,
        "xaxis": {"visible": False, "range": [0, max(probabilities, default=1) * 1.02], "fixedrange": True},
        "yaxis": {
            "tickvals": place,
            "ticktext": [escape(label, quote=False) for label in labels],
            "autorange": "reversed",
            "showgrid": False,
            "fixedrange": True,
        },
    }
    return go.Figure(bars, frame)


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
    place = np.arange(len(labels))
    inks = (palette.FAINT[theme], palette.OUTPUT[theme])
    traces = [
        go.Bar(
            x=np.asarray(shares, dtype=np.float32),
            y=place,
            orientation="h",
            name=name,
            marker={"color": ink},
            text=[_percent(share) for share in shares],
            textposition="outside",
            textfont={"size": 12, "color": palette.TEXT[theme]},
            cliponaxis=False,
            hovertemplate=f"“%{{y}}” {name} %{{x:.3~p}}<extra></extra>",
        )
        for name, shares, ink in zip(names, (before, after), inks, strict=True)
    ]
    frame = layout(title, subtitle, theme, paired_height(len(labels)) + (50 if title else 0))
    if not title:
        frame |= {"title": None}
    frame |= {
        "margin": {"l": label_width(labels) + 4, "r": 56, "t": 54 if title else 4, "b": 34},
        "bargap": 0.22,
        "bargroupgap": 0.02,
        "dragmode": False,
        "legend": {"orientation": "h", "x": 0, "y": 0, "yanchor": "top", "yref": "paper", "traceorder": "normal"},
        "xaxis": {"visible": False, "range": [0, max([*before, *after], default=1) * 1.02], "fixedrange": True},
        "yaxis": {
            "tickvals": place,
            "ticktext": [escape(label, quote=False) for label in labels],
            "autorange": "reversed",
            "showgrid": False,
            "fixedrange": True,
        },
    }
    return go.Figure(traces, frame)


def paired_height(count: int) -> int:
    """Pixels of `paired_bars` without a title."""
    return 42 + 34 * count


def _percent(share: float) -> str:
    return "< 0.1%" if share < 0.001 else f"{share:.1%}"
