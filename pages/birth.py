"""How heads are born: one sentence through every kept moment of a small model's training, and any two compared."""

from viz_core.language import _
from viz_core.ui.mechanism.birth import compare, page, watch
from viz_core.ui.parts import Part

page.present(
    _("How heads are born"),
    [
        Part("watch", lambda: _("Watch them form"), watch.watch),
        Part("compare", lambda: _("Compare two moments"), compare.compare),
    ],
)
