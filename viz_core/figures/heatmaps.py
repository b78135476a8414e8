"""Maps: [query, key] cells of one stage, and [token, component] vectors.

Axis values are integers and tokens only tick text: with tokens as axis values Plotly would merge the two
"the" of a sentence into one column. Rows are queries, from the top; columns are keys.
"""

from collections.abc import Sequence
from html import escape
from typing import Any
from unicodedata import east_asian_width

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.palette import ThemeName
from viz_core.language import _

Array = NDArray[np.float32]

TITLE_HEIGHT = 46  # pixels: the name and the line that says what a cell means
MOST_LABELS = 40  # above, ticks would overlap: tokens are read from the hover alone
MOST_HOVER_NUMBERS = 256  # above, only the drawn stage is sent: n² numbers for each further one weigh too much
ROWS_ARE: dict[str, dict[str, Any] | None] = {  # what the page's bridge reads
    "query": {"linked": "cells", "rows_only": True},
    "key": {"linked": "cells", "columns": "key-rows"},
    "": None,
}
FONT = "Source Sans, Source Sans Pro, Noto Sans KR, Noto Sans CJK KR, Apple SD Gothic Neo, Malgun Gothic, sans-serif"


def attention_heatmap(
    values: Array,
    tokens: Sequence[str],
    *,
    title: str,
    subtitle: str,
    theme: ThemeName,
    weights: bool = False,
    allowed: NDArray[np.bool_] | None = None,
    limit: float | None = None,
    unit: str,
    also: dict[str, Array] | None = None,
    relation: str = "",
    height: int = 0,
) -> go.Figure:
    """One stage of one head, [query, key].

    weights: the values are shares from 0 to 1 (one hue), else signed numbers around 0 (two hues).
    allowed: where False the cell is drawn in the "not allowed" grey, whatever its value.
    limit: colours of signed values run from −limit to limit; give compared panels the same (`limits_of`).
    height: in pixels; 0 = taller for longer texts, so that labels stay apart
    also: further numbers the hover tells, e.g. {"score": scores}, each [query, key].
    relation: how the hover joins row and column; "looks at" unless said otherwise.
    """
    n_query, n_key = values.shape
    drawn = values if allowed is None else np.where(allowed, values, np.float32(np.nan))
    rows, columns = tokens[-n_query:], tokens[:n_key]
    told = dict(also or {}) if n_key <= MOST_HOVER_NUMBERS else {}
    further = "".join(f"<br>{name} %{{customdata[{i}]:.4~g}}" for i, name in enumerate(told))
    highest = 1.0 if weights else limit or limits_of(drawn)
    lowest = 0.0 if weights else -highest
    looks, forbidden = relation or _("looks at"), _("may not look at")
    heatmap = go.Heatmap(
        z=drawn.astype(np.float32),
        customdata=np.stack(list(told.values()), axis=-1).astype(np.float32) if told else None,
        colorscale=palette.colorscale((palette.WEIGHTS if weights else palette.SIGNED)[theme]),
        zmin=lowest,
        zmax=highest,
        hovertemplate=f"{_between(looks)}<br><b>{unit} %{{z:.4~g}}</b>{further}<extra></extra>",
        hoverongaps=False,
        xgap=1 if n_key <= MOST_LABELS else 0,
        ygap=1 if n_key <= MOST_LABELS else 0,
        colorbar=_colorbar(unit, lowest, highest, theme),
    )
    figure = go.Figure(heatmap)
    if allowed is not None and not allowed.all():
        figure.add_trace(_forbidden_cells(allowed, forbidden, theme))
    height = height or (430 if n_query <= 24 else 540)
    figure.update_layout(**layout(title, subtitle, theme, height), meta={"linked": "cells"})
    figure.update_xaxes(**_token_axis(columns, theme), title=axis_title(_("key (column)"), theme))
    figure.update_yaxes(**_token_axis(rows, theme), title=axis_title(_("query (row)"), theme))
    # cells are square and the map stands at the left, under its name
    figure.update_xaxes(
        side="top", tickangle=-90, range=[-0.5, n_key - 0.5], constrain="domain", constraintoward="left"
    )
    figure.update_yaxes(range=[n_query - 0.5, -0.5], scaleanchor="x", constrain="domain", constraintoward="top")
    figure.update_layout(margin_t=TITLE_HEIGHT + 20 + _label_height(columns))
    return figure


def vectors_heatmap(
    values: Array,
    tokens: Sequence[str],
    *,
    title: str,
    subtitle: str,
    theme: ThemeName,
    hue: dict[str, str] | None = None,
    limit: float | None = None,
    rows_are: str = "query",
    height: int = 320,
    framed: tuple[int, int] | None = None,
) -> go.Figure:
    """One vector a row, [token, component]: X, Q, K, V, context, output. `hue` colours the title.

    rows_are says which end of the chosen cell a row stands for, "query", "key" or "" for neither.
    framed: a range of columns to frame, first and one past the last.
    Rows without tokens (a weight matrix) are numbered.
    """
    n, d = values.shape
    limit = limit or limits_of(values)
    component = _("component")
    figure = go.Figure(
        go.Heatmap(
            z=values.astype(np.float32),
            colorscale=palette.colorscale(palette.SIGNED[theme]),
            zmin=-limit,
            zmax=limit,
            hovertemplate=f"“%{{y}}” (%{{y:d}}), {component} %{{x}}<br><b>%{{z:.4~g}}</b><extra></extra>",
            colorbar=_colorbar("", -limit, limit, theme),
        )
    )
    figure.update_layout(**layout(title, subtitle, theme, height), meta=ROWS_ARE[rows_are] if len(tokens) else None)
    if hue is not None:
        figure.update_layout(title_font_color=hue[theme])
    if framed is not None:
        line = {"color": palette.CHOSEN[theme], "width": 2}
        figure.add_shape(type="rect", x0=framed[0] - 0.5, x1=framed[1] - 0.5, y0=-0.5, y1=n - 0.5, line=line)
    figure.update_xaxes(range=[-0.5, d - 0.5], showgrid=False, zeroline=False, showticklabels=False, ticks="")
    if len(tokens):
        figure.update_yaxes(**_token_axis(tokens, theme))
    figure.update_yaxes(range=[n - 0.5, -0.5], showgrid=False, zeroline=False)
    return figure


def limits_of(*arrays: Array, share: float = 1.0) -> float:
    """The magnitude that `share` of all finite values stay below: one scale for panels that are compared."""
    magnitudes = np.concatenate([np.abs(array[np.isfinite(array)]) for array in arrays])
    return float(np.quantile(magnitudes, share)) or 1.0 if magnitudes.size else 1.0


def _label_height(tokens: Sequence[str]) -> int:
    """Pixels that the columns' upright labels take; Korean and other wide letters count double."""
    if len(tokens) > MOST_LABELS:
        return 0
    widths = (sum(2 if east_asian_width(c) in "WF" else 1 for c in tick_text(token)) for token in tokens)
    return 7 * max(widths, default=1) + 4


def _forbidden_cells(allowed: NDArray[np.bool_], says: str, theme: ThemeName) -> go.Heatmap:
    """A layer of its own, so that "not allowed" has a colour and a hover that no value can have."""
    return go.Heatmap(
        z=np.where(allowed, np.float32(np.nan), np.float32(1)),
        colorscale=[(0, palette.NOT_ALLOWED[theme]), (1, palette.NOT_ALLOWED[theme])],
        showscale=False,
        hoverongaps=False,
        hovertemplate=f"{_between(says)}<extra></extra>",
    )


def _between(says: str) -> str:
    """Hover words: row and column with their numbers, which tell one "the" of a text from another."""
    return f"“%{{y}}” (%{{y:d}}) {says} “%{{x}}” (%{{x:d}})"


def layout(title: str, subtitle: str, theme: ThemeName, height: int) -> dict[str, Any]:
    return {
        "title": {
            "text": f"<b>{escape(title, quote=False)}</b><br>"
            f'<span style="font-size:13px;color:{palette.MUTED[theme]}">{escape(subtitle, quote=False)}</span>',
            "font": {"size": 16, "color": palette.TEXT[theme]},
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 20},
        },
        "font": {"family": FONT, "size": 13, "color": palette.TEXT[theme]},
        "height": height,
        "margin": {"l": 8, "r": 8, "t": TITLE_HEIGHT + 4, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"font": {"family": FONT, "size": 14}, "align": "left"},
        "dragmode": "pan",
    }


def _token_axis(tokens: Sequence[str], theme: ThemeName) -> dict[str, Any]:
    n = len(tokens)
    return {
        "tickmode": "array",
        "tickvals": np.arange(n, dtype=np.uint16),
        "ticktext": [tick_text(token) for token in tokens],
        "showticklabels": n <= MOST_LABELS,
        "tickfont": {"size": max(8, min(13, 300 // max(n, 1))), "color": palette.TEXT[theme]},
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
    }


def unspaced(token: str) -> str:
    """A token's label without the dot that stands for the blank before a word."""
    return token[1:] if token.startswith("·") and token.strip("·") else token


def shortened(token: str, most: int = 14) -> str:
    """A token's label for a place with little room."""
    shown = unspaced(token)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def tick_text(token: str) -> str:
    """A token as a Plotly label: short, and escaped (a bare <s> would vanish)."""
    return escape(shortened(token), quote=False)


def axis_title(text: str, theme: ThemeName) -> dict[str, Any]:
    return {"text": text, "font": {"size": 12, "color": palette.MUTED[theme]}, "standoff": 6}


def _colorbar(unit: str, lowest: float, highest: float, theme: ThemeName) -> dict[str, Any]:
    """Under the map, so that on a small screen the map has the whole width."""
    return {
        "title": {"text": unit, "side": "right", "font": {"size": 12, "color": palette.MUTED[theme]}},
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "top",
        "ypad": 6,
        "len": 180,
        "lenmode": "pixels",
        "thickness": 8,
        "outlinewidth": 0,
        "tickfont": {"size": 11, "color": palette.MUTED[theme]},
        "tickvals": [lowest, (lowest + highest) / 2, highest],
        "tickformat": ".3~g",
    }
