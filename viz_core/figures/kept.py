"""One step of generation as a map: which queries, cells, keys and values are computed, and which were kept."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.hatched import hatching
from viz_core.figures.heatmaps import (
    AXIS_TITLE,
    CLEAR,
    COLOURBAR,
    MOST_DRAWN,
    MOST_LABELS,
    Array,
    axis_title,
    colourbar,
    layout,
    strongest,
)
from viz_core.figures.labels import label_width, literal, tick_text
from viz_core.figures.palette import ThemeName
from viz_core.language import _

NOT_AGAIN = {"light": "#EEF0F4", "dark": "#1A1F29"}  # cells that an earlier step has computed; no weight has it
STRIPS = 24  # a strip is one cell thick, or this part of a longer map
ROWS_NAMED = 13  # pixels, at most


def step_map(
    weights: Array,
    tokens: Sequence[str],
    *,
    computed: int,
    title: str,
    subtitle: str,
    theme: ThemeName,
    height: int = 470,
) -> go.Figure:
    """Weights [row, column] of the chosen head when the newest `computed` rows go through the model, beside its queries
    and above its keys and values: full colour is computed in this step, pale was kept of earlier ones, empty is
    neither. The cells of older rows are not drawn: they are not computed; those that are have a frame then.
    """
    n = len(tokens)
    size = -(-n // MOST_DRAWN)
    thick = max(1.0, n / STRIPS)
    old = n - computed
    row, column = np.indices((n, n))
    cells = np.where((column <= row) & (row >= old), weights, np.nan).astype(np.float32)
    cells = strongest(cells, size, size)[0] if size > 1 else cells
    place: dict[str, Any] = {"x0": (size - 1) / 2, "dx": size, "y0": (size - 1) / 2, "dy": size}
    gap = 1 if n <= MOST_LABELS else 0
    looks = _("{row} looks at {column}").format(row="“%{y}”", column="“%{x}”")
    left, first, second = -0.5 - thick, n - 0.5 + thick, n - 0.5 + 2.3 * thick
    now = np.arange(n) >= old
    traces = [
        _ground(n, old, theme, gap),
        go.Heatmap(
            z=cells,
            **place,
            colorscale=palette.colorscale(palette.WEIGHTS[theme]),
            zmin=0,
            zmax=1,
            xgap=gap,
            ygap=gap,
            hoverongaps=False,
            hovertemplate=f"{looks}<br><b>{_('weight')} %{{z:.4~g}}</b><extra></extra>",
            colorbar=colourbar(_("weight"), 0.0, 1.0, theme),
        ),
        _strip("Q", now, kept=False, theme=theme, at=left, thick=thick, down=True),
        _strip("K", now, kept=True, theme=theme, at=first, thick=thick, down=False),
        _strip("V", now, kept=True, theme=theme, at=second, thick=thick, down=False),
    ]
    frame = layout(title, subtitle, theme, height)
    frame |= _axes(tokens, theme, left, (first, second), thick)
    texts = [tick_text(token) for token in tokens] if n <= MOST_LABELS else []
    room = label_width(texts, _size(n)) if texts else 12
    frame["margin"] = frame["margin"] | {"l": AXIS_TITLE + room + 4, "b": COLOURBAR}
    frame["margin"]["t"] += AXIS_TITLE + room
    frame["images"] = [hatching(theme, (-0.5, n - 0.5), (-0.5, n - 0.5))]
    if old:
        frame["annotations"] = [_not_again(n, old, theme)]
        line = {"color": palette.CHOSEN[theme], "width": 2}
        frame["shapes"] = [{"type": "rect", "x0": -0.5, "x1": n - 0.5, "y0": old - 0.5, "y1": n - 0.5, "line": line}]
    return go.Figure(traces, frame)


def _size(n: int) -> int:
    """Of the names beside the map: of the strips alone where tokens have no room."""
    return max(8, min(ROWS_NAMED, 300 // n)) if n <= MOST_LABELS else ROWS_NAMED


def _axes(
    tokens: Sequence[str], theme: ThemeName, left: float, strips: tuple[float, float], thick: float
) -> dict[str, Any]:
    n = len(tokens)
    named = list(range(n)) if n <= MOST_LABELS else []
    texts = [tick_text(token) for token in tokens] if named else []
    plain = {
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"size": _size(n), "color": palette.TEXT[theme]},
        "constrain": "domain",
    }
    return {
        "dragmode": False,
        "xaxis": plain
        | {"side": "top", "tickangle": -90, "constraintoward": "left", "range": [left - thick / 2, n - 0.5]}
        | {"tickvals": [left, *named], "ticktext": ["<b>Q</b>", *texts]}
        | {"title": axis_title(_("key (column)"), theme)},
        "yaxis": plain
        | {"scaleanchor": "x", "constraintoward": "top", "range": [strips[1] + thick / 2, -0.5]}
        | {"tickvals": [*named, *strips], "ticktext": [*texts, "<b>K</b>", "<b>V</b>"]}
        | {"title": axis_title(_("query (row)"), theme)},
    }


def _ground(n: int, old: int, theme: ThemeName, gap: int) -> go.Heatmap:
    """Below the weights: what is not allowed, and what is not computed in this step."""
    size = -(-n // MOST_DRAWN)
    row, column = np.indices((-(-n // size), -(-n // size)))
    kinds = np.where(column > row, 0, 1).astype(np.uint8)
    words = _("{row} may not look at {column}"), _("{row} computed in an earlier step, not in this one: {column}")
    texts = np.array([said.format(row="“%{y}”", column="“%{x}”") for said in words])
    return go.Heatmap(
        z=kinds,
        x0=(size - 1) / 2,
        dx=size,
        y0=(size - 1) / 2,
        dy=size,
        zmin=0,
        zmax=1,
        colorscale=[(0, CLEAR), (1, NOT_AGAIN[theme])],
        showscale=False,
        xgap=gap,
        ygap=gap,
        text=texts[kinds] if old and n <= MOST_LABELS else None,
        hovertemplate="“%{y}” %{text} “%{x}”<extra></extra>" if old and n <= MOST_LABELS else None,
        hoverinfo=None if old and n <= MOST_LABELS else "skip",
    )


def _strip(
    name: str, now: NDArray[np.bool_], *, kept: bool, theme: ThemeName, at: float, thick: float, down: bool
) -> go.Heatmap:
    """A vector a token: 0 neither computed nor kept, 1 kept, 2 computed in this step."""
    values = np.where(now, 2, 1 if kept else 0).astype(np.uint8)
    hue = {"Q": palette.QUERY, "K": palette.KEY, "V": palette.VALUE}[name][theme]
    stops = [palette.BACKGROUND[theme], blended(hue, palette.BACKGROUND[theme], 0.4), hue]
    words = np.array([_("not needed again"), _("kept from an earlier step"), _("computed in this step")])
    across: dict[str, Any] = {"x0": at, "dx": thick, "y0": 0, "dy": 1} if down else {"y0": at, "dy": thick}
    shape = (len(now), 1) if down else (1, len(now))
    token = "%{y}" if down else "%{x}"
    return go.Heatmap(
        z=values.reshape(shape),
        **across,
        zmin=0,
        zmax=2,
        colorscale=palette.colorscale(stops),
        showscale=False,
        xgap=1 if len(now) <= MOST_LABELS else 0,
        ygap=1 if len(now) <= MOST_LABELS else 0,
        text=words[values].reshape(shape),
        hovertemplate=f"{literal(name)}, “{token}”: %{{text}}<extra></extra>",
    )


def _not_again(n: int, old: int, theme: ThemeName) -> dict[str, Any]:
    return {
        "x": (old - 1) * 0.3,
        "y": (old - 1) * 0.72,
        "text": _("not computed<br>again"),
        "showarrow": False,
        "font": {"size": 12 if n > 3 else 9, "color": palette.MUTED[theme]},
    }


def blended(colour: str, ground: str, share: float) -> str:
    """`share` of a colour over a ground, both #RRGGBB."""
    mixed = (
        round(share * int(colour[at : at + 2], 16) + (1 - share) * int(ground[at : at + 2], 16)) for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02X}" for part in mixed)
