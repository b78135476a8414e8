"""Attention made cheaper: tile by tile, with keys and values kept, with fewer cells; and what it costs."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.mechanism.efficient import cache, costs, patterns, tiles
from viz_core.ui.parts import Part

page.show(
    "efficient",
    [
        Part("tiles", lambda: _("FlashAttention"), tiles.tile_by_tile),
        Part("cache", lambda: _("KV cache"), cache.kept_or_computed_again),
        Part("patterns", lambda: _("Fewer cells"), patterns.fewer_cells),
        Part("costs", lambda: _("Costs"), costs.costs),
    ],
)
