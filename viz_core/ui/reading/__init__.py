"""How a map of the model's own weights is read: what is measured, of tokens or words, with the first one or without.

A page draws such a map with `weights_map(scene, key)`: the control, the map as the visitor reads it, and, where that is
not the plain weights, what it is and what it does not say. The settings are the same on every page, in the address.
"""

from viz_core.ui.reading.asked import Reading, now
from viz_core.ui.reading.page import control, weights_map

__all__ = ["Reading", "control", "now", "weights_map"]
