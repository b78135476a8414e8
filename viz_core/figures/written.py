"""What a model holds likeliest while it writes, one step of it at a time."""

from collections.abc import Sequence

import plotly.graph_objects as go

from viz_core.figures import lying, palette
from viz_core.figures.heatmaps import layout
from viz_core.figures.labels import label_width, literal, shortened
from viz_core.figures.palette import ThemeName

WRITES = "▸ "  # before the token that is written


def written_bars(
    labels: Sequence[str],
    probabilities: Sequence[float],
    *,
    chosen: int,
    title: str,
    subtitle: str,
    theme: ThemeName,
    widest: Sequence[str] = (),
) -> go.Figure:
    """Tokens and their probabilities, 0 to 1 at every step, that steps may be compared. The chosen one is marked.

    widest  labels of other steps: the room beside the bars is for them too
    """
    drawn = lying.bars(
        probabilities,
        ink=palette.OUTPUT[theme],
        texts=list(map(lying.percent, probabilities)),
        theme=theme,
        hover="“%{y}” %{x:.3~p}",
    )
    frame = layout(title, subtitle, theme, 64 + 34 * len(labels))
    frame |= lying.rows(labels, most=1.0)
    frame["yaxis"] |= {"ticktext": names(labels, chosen)}
    room = label_width([WRITES + shortened(label) for label in (*labels, *widest)], 14) + 8
    frame["margin"] = frame["margin"] | {"l": room, "r": 56, "b": 4}
    return go.Figure(drawn, frame)


def names(labels: Sequence[str], chosen: int) -> list[str]:
    """What stands beside the bars; for whoever turns them from step to step."""
    texts = [literal(shortened(label)) for label in labels]
    texts[chosen] = f"<b>{WRITES}{texts[chosen]}</b>"
    return texts
