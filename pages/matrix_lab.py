"""The matrix lab: type, paste or draw at random your own Q, K and V, and follow every number."""

from viz_core.ui.mechanism.matrix_lab import page

page.show_page("matrix_lab")
