"""Scaling: what the division by √d_k does to a real head, why it is there, and two examples to the last digit."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.mechanism.scaling import examples, real_head, why
from viz_core.ui.parts import Part

page.show(
    "scaling",
    [
        Part("head", lambda: _("A real head, with and without"), real_head.with_and_without, of_any=True),
        Part("why", lambda: _("Why √dₖ"), why.why, of_any=True),
        Part("examples", lambda: _("Worked examples"), examples.worked_examples, of_any=True),
    ],
)
