"""Beyond weights: what else can be read off a head, and what none of it says."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.parts import Part
from viz_core.ui.questions.beyond_weights import absence, direct, gradient, rollout, side_by_side

page.show(
    "beyond_weights",
    [
        Part("rollout", lambda: _("Rollout and flow"), rollout.rolled, of_any=True, predicts=False),
        Part("gradient", lambda: _("Gradient × attention"), gradient.gradients, of_any=True),
        Part("direct", lambda: _("Direct effects"), direct.attribution, of_any=True),
        Part("absence", lambda: _("Every head off"), absence.every_head_off, of_any=True),
        Part("compared", lambda: _("Side by side"), side_by_side.compared, of_any=True),
    ],
)
