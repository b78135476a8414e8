"""The chain as a path: X → Q, K, V → scores → ÷√d → mask → softmax → ·V → concat → W_O, one clickable strip."""

from viz_core.language import _
from viz_core.ui import steps
from viz_core.ui.parts import Part
from viz_core.ui.scene import HeadScene

STEPS: tuple[Part[HeadScene], ...] = (
    Part("x", lambda: "X", steps.draw_input),
    Part("qkv", lambda: "Q, K, V", steps.draw_projections),
    Part("scores", lambda: "QKᵀ", steps.draw_scores),
    Part("scale", lambda: "÷ √dₖ", steps.draw_scaled),
    Part("mask", lambda: _("mask"), steps.draw_mask),
    Part("softmax", lambda: _("softmax"), steps.draw_softmax),
    Part("values", lambda: "· V", steps.draw_values),
    Part("output", lambda: _("concat · W_O"), steps.draw_output),
)
