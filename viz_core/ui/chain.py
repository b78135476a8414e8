"""The chain as a path: X → Q, K, V → scores → ÷√d → mask → softmax → ·V → concat → W_O, one clickable strip."""

from viz_core.language import _
from viz_core.ui import steps
from viz_core.ui.parts import Part
from viz_core.ui.scene import HeadScene

STEPS: tuple[Part[HeadScene], ...] = (
    Part("x", lambda: "X", steps.draw_input),
    Part("qkv", lambda: "Q, K, V", steps.draw_projections, of_any=True, predicts=False),
    Part("scores", lambda: "QKᵀ", steps.draw_scores, of_any=True, predicts=False),
    Part("scale", lambda: "÷ √dₖ", steps.draw_scaled, of_any=True, predicts=False),
    Part("mask", lambda: _("mask"), steps.draw_mask, of_any=True, predicts=False),
    Part("softmax", lambda: _("softmax"), steps.draw_softmax, of_any=True, predicts=False),
    Part("values", lambda: "· V", steps.draw_values, of_any=True, predicts=False),
    Part("output", lambda: _("concat · W_O"), steps.draw_output),
)
