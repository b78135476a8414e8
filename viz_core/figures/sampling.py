"""From the model's probabilities to those that are drawn from: what is kept, what is cut, and by what."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from viz_core.figures import palette
from viz_core.figures.heatmaps import label_width, layout
from viz_core.figures.palette import ThemeName
from viz_core.language import _

ROW = 36  # pixels


def sampling_bars(
    labels: Sequence[str],
    plain: Sequence[float],
    final: Sequence[float],
    cut_by: Sequence[str],
    *,
    theme: ThemeName,
    title: str,
    subtitle: str,
    drawn: int | None = None,
) -> go.Figure:
    """For each token the model's own probability (pale) and the one it is drawn with (full); a cut one is hatched and
    says what cut it.

    cut_by  "" where a token is kept
    drawn   the number of the token that was drawn, framed, or None
    """
    place = np.arange(len(labels))
    cut = np.array([bool(words) for words in cut_by])
    hatch = {"shape": "/", "size": 6, "fgcolor": palette.MUTED[theme], "fillmode": "overlay"}
    patterns = ["/" if was else "" for was in cut]
    before = go.Bar(
        name=_("the model's own (temperature 1, nothing cut)"),
        x=np.asarray(plain, dtype=np.float32),
        y=place,
        orientation="h",
        marker={"color": palette.FAINT[theme], "pattern": hatch | {"shape": patterns}},
        text=list(cut_by),
        textposition="outside",
        textfont={"size": 12, "color": palette.MUTED[theme]},
        cliponaxis=False,
        constraintext="none",
        hovertemplate="“%{y}” " + _("the model's own") + " %{x:.3~p}<extra></extra>",
    )
    after = go.Bar(
        name=_("drawn from"),
        x=np.asarray(final, dtype=np.float32),
        y=place,
        orientation="h",
        marker={"color": palette.OUTPUT[theme]},
        text=["" if was else _percent(share) for was, share in zip(cut, final, strict=True)],
        textposition="outside",
        textfont={"size": 12, "color": palette.TEXT[theme]},
        cliponaxis=False,
        constraintext="none",
        hovertemplate="“%{y}” " + _("drawn from") + " %{x:.3~p}<extra></extra>",
    )
    frame = layout(title, subtitle, theme, 0)
    names = [
        f"<b>▸ {escape(label, quote=False)}</b>" if index == drawn else escape(label, quote=False)
        for index, label in enumerate(labels)
    ]
    top, bottom = frame["margin"]["t"], 52
    frame |= {
        "height": top + ROW * len(labels) + bottom,
        "margin": frame["margin"] | {"l": label_width(labels) + 26, "r": 84, "b": bottom},
        "bargap": 0.22,
        "bargroupgap": 0.02,
        "dragmode": False,
        "legend": {"orientation": "h", "x": 0, "xref": "container", "y": 0, "yref": "container", "yanchor": "bottom"},
        "xaxis": {"visible": False, "range": [0, max([*plain, *final], default=1) * 1.02], "fixedrange": True},
        "yaxis": {
            "tickvals": place,
            "ticktext": names,
            "range": [len(labels) - 0.5, -0.5],
            "showgrid": False,
            "fixedrange": True,
        },
    }
    return go.Figure([before, after], frame)


def _percent(share: float) -> str:
    return "< 0.1%" if share < 0.001 else f"{share:.1%}"
