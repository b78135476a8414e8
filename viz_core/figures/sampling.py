"""From the model's probabilities to those that are drawn from: what is kept, what is cut, and by what."""

from collections.abc import Sequence

import plotly.graph_objects as go

from viz_core.figures import lying, palette
from viz_core.figures.heatmaps import layout
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
    cut = [bool(words) for words in cut_by]
    hatch = {"shape": ["/" if was else "" for was in cut], "size": 6, "fillmode": "overlay"}
    before = lying.bars(
        plain,
        ink=palette.FAINT[theme],
        texts=cut_by,
        theme=theme,
        hover="“%{y}” " + _("the model's own") + " %{x:.3~p}",
        name=_("the model's own (temperature 1, nothing cut)"),
        text_ink=palette.MUTED[theme],
        pattern=hatch | {"fgcolor": palette.MUTED[theme]},
    )
    after = lying.bars(
        final,
        ink=palette.OUTPUT[theme],
        texts=["" if was else lying.percent(share) for was, share in zip(cut, final, strict=True)],
        theme=theme,
        hover="“%{y}” %{fullData.name} %{x:.3~p}",
        name=_("drawn from"),
    )
    frame = layout(title, subtitle, theme, 0)
    top, bottom = frame["margin"]["t"], 52
    frame |= lying.rows(labels, most=max([*plain, *final], default=0), bold=drawn, mark="▸ ")
    frame |= {
        "height": top + ROW * len(labels) + bottom,
        "margin": frame["margin"] | {"l": lying.room(labels) + 22, "r": 84, "b": bottom},
        "legend": lying.LEGEND,
    }
    return go.Figure([before, after], frame)
