"""Arrays and labels → Plotly figures. Owns every colour, axis and hover rule; knows nothing of models."""

from viz_core.figures.bars import next_token_bars, product_bars
from viz_core.figures.heatmaps import attention_heatmap, limits_of, vectors_heatmap

__all__ = ["attention_heatmap", "limits_of", "next_token_bars", "product_bars", "vectors_heatmap"]
