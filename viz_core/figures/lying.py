"""What all figures of lying bars have in common: a row a label, from the top, and the number written at its end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.labels import label_width, literal
from viz_core.figures.palette import ThemeName

LEGEND = {
    "orientation": "h",
    "x": 0,
    "xref": "container",
    "y": 0,
    "yref": "container",
    "yanchor": "bottom",
    "traceorder": "normal",
}


def bars(
    values: Sequence[float] | NDArray[np.float32],
    *,
    ink: str | list[str],
    texts: Sequence[str],
    theme: ThemeName,
    hover: str,
    name: str = "",
    place: NDArray[np.float32] | None = None,
    text_ink: str = "",
    **look: Any,
) -> go.Bar:
    """One bar a row, at `place` (0, 1, … unless given). `hover` is in Plotly's format; it calls the row %{y} and the
    bars' name %{fullData.name}. `look` goes to the marker."""
    return go.Bar(
        x=np.asarray(values, dtype=np.float32),
        y=np.arange(len(values)) if place is None else place,
        orientation="h",
        name=literal(name),
        marker={"color": ink, **look},
        text=[literal(text) for text in texts],
        textposition="outside",
        textfont={"size": 12, "color": text_ink or palette.TEXT[theme]},
        cliponaxis=False,
        constraintext="none",
        hovertemplate=f"{hover}<extra></extra>",
    )


def rows(
    labels: Sequence[str],
    *,
    most: float = 1.0,
    bold: int | None = None,
    mark: str = "",
    place: NDArray[np.float32] | None = None,
) -> dict[str, Any]:
    """Axes for bars from 0 to `most`; row `bold` is in bold, behind a `mark`."""
    texts = [literal(label) for label in labels]
    if bold is not None:
        texts[bold] = f"<b>{mark}{texts[bold]}</b>"
    at = np.arange(len(labels), dtype=np.float32) if place is None else place
    return {
        "bargap": 0.25,
        "bargroupgap": 0.03,
        "dragmode": False,
        "xaxis": {"visible": False, "range": [0, (most or 1) * 1.02], "fixedrange": True},
        "yaxis": {
            "tickvals": at,
            "ticktext": texts,
            "ticklabelstandoff": 4,
            "range": [float(at[-1]) + 0.5, -0.5] if len(labels) else None,
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    }


def room(labels: Sequence[str]) -> int:
    """Pixels at the left for the labels."""
    return label_width(labels) + 8


def percent(share: float) -> str:
    return "< 0.1%" if 0 < share < 0.001 else f"{share:.1%}"
