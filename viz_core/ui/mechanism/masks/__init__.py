"""The parts of the page "Masks"."""

from viz_core.ui.mechanism.masks.dropout import dropout
from viz_core.ui.mechanism.masks.lab import lab
from viz_core.ui.mechanism.masks.leak import leak
from viz_core.ui.mechanism.masks.ways import ways

__all__ = ["dropout", "lab", "leak", "ways"]
