"""Arrays and labels → Plotly figures. Owns every colour, axis and hover rule; knows nothing of models."""

from viz_core.figures.bars import next_token_bars, paired_bars, product_bars
from viz_core.figures.curves import Curve, curves, steep
from viz_core.figures.heatmaps import attention_heatmap, limits_of, vectors_heatmap
from viz_core.figures.labels import numbered

__all__ = [
    "Curve",
    "attention_heatmap",
    "curves",
    "limits_of",
    "next_token_bars",
    "numbered",
    "paired_bars",
    "product_bars",
    "steep",
    "vectors_heatmap",
]
