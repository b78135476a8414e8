"""Maps that the page on masks needs: weights with what each row sums to and what dropout has taken, and which
prediction moves with which token."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import MOST_DRAWN, MOST_LABELS, Array, Window, attention_heatmap
from viz_core.figures.palette import ThemeName
from viz_core.language import _

SUMS = 40  # pixels for a number beside each row
DROPPED = {"light": "#F7E3D6", "dark": "#4A2A18"}  # no weight has it, and no cell that is not allowed


def weights_with_sums(
    weights: Array,
    tokens: Sequence[str],
    sums: Array,
    *,
    title: str,
    sums_are: str,
    theme: ThemeName,
    allowed: NDArray[np.bool_] | None = None,
    dropped: NDArray[np.bool_] | None = None,
    outlined: bool = False,
    small: bool = False,
    height: int = 0,
    window: Window | None = None,
) -> go.Figure:
    """Weights [query, key] of one head, and `sums` [query], which are `sums_are`, written at the right of the rows
    where names are written too.

    allowed   where False the cell is grey
    dropped   where True the cell has a colour and, if there is room, a cross of its own
    outlined  a stair along the diagonal, with the cells that look ahead above it
    small     one of several on a line
    """
    top, bottom, left, right = window or (0, len(tokens) - 1, 0, len(tokens) - 1)
    named = max(bottom - top, right - left) < MOST_LABELS
    if dropped is not None and (not dropped.any() or max(bottom - top, right - left) >= MOST_DRAWN):
        dropped = None  # several cells in one: those dropped are as good as weights of 0
    shown = np.ones(weights.shape, dtype=bool) if allowed is None else allowed
    legend = [_("row looks at column")]
    if dropped is not None:
        shown = shown & ~dropped
        legend = [_("×: dropped") if named else _("orange: dropped")]
    if named:
        legend.append(_("at the right: {what}").format(what=sums_are))
    part = None if dropped is None else dropped[top : bottom + 1, left : right + 1]
    figure = attention_heatmap(
        weights,
        tokens,
        title=title,
        subtitle=legend[-1] if small else "; ".join(legend),  # a narrow one has room for what is its own
        theme=theme,
        weights=True,
        allowed=shown,
        unit=_("weight"),
        below=[] if part is None else [_crosses(part, (top, left), theme, named=named)],
        small=small,
        height=height,
        window=window,
    )
    further: dict[str, Any] = {}
    if named:
        rows = range(top, bottom + 1)
        further["annotations"] = [_sum(row, float(sums[row]), right + 0.5, len(rows), theme) for row in rows]
        further["margin_r"] = SUMS + 8
    if outlined and window is None:
        further["shapes"] = [_stair(len(tokens), palette.CHOSEN[theme])]
    return figure.update_layout(further)


def changes_heatmap(
    changes: Array, tokens: Sequence[str], *, title: str, subtitle: str, theme: ThemeName, most: float
) -> go.Figure:
    """How far each prediction (row) moves when a token (column) is replaced, in nats: colours run from 0 to `most`,
    and a stair parts the tokens that come after the row from those that do not.
    """
    figure = attention_heatmap(
        changes,
        tokens,
        title=title,
        subtitle=subtitle,
        theme=theme,
        from_zero=True,
        unit=_("KL, nats"),
        relation=_("the prediction at {row} moves with {column}"),
        axes=(_("token replaced"), _("prediction at")),
        limit=most or 1.0,
    )
    return figure.update_layout(shapes=[_stair(len(tokens), palette.MUTED[theme])])


def _crosses(dropped: NDArray[np.bool_], first: tuple[int, int], theme: ThemeName, *, named: bool) -> go.Heatmap:
    return go.Heatmap(
        z=np.where(dropped, np.float32(0), np.float32(np.nan)),
        y0=first[0],
        dy=1,
        x0=first[1],
        dx=1,
        colorscale=[(0, DROPPED[theme]), (1, DROPPED[theme])],
        showscale=False,
        xgap=1 if named else 0,
        ygap=1 if named else 0,
        hoverongaps=False,
        text=np.where(dropped, "×", "") if named else None,
        texttemplate="%{text}" if named else None,
        textfont={"color": palette.CHOSEN[theme]},
        hovertemplate="“%{y}” (%{y:d}) → “%{x}” (%{x:d})<br>" + _("dropped: weight × 0") + "<extra></extra>",
    )


def _sum(row: int, total: float, edge: float, rows: int, theme: ThemeName) -> dict[str, Any]:
    return {
        "x": edge,
        "y": row,
        "text": f"{total:.2f}",
        "showarrow": False,
        "xanchor": "left",
        "xshift": 4,
        "font": {"size": max(8, min(12, 220 // rows)), "color": palette.TEXT[theme]},
    }


def _stair(n: int, ink: str) -> dict[str, Any]:
    """Between what a causal mask allows and what it does not."""
    steps = " ".join(f"L {row + 0.5} {row - 0.5} L {row + 0.5} {row + 0.5}" for row in range(n))
    line = {"color": ink, "width": 1.5}
    return {"type": "path", "path": f"M -0.5 -0.5 {steps}", "line": line}
