"""How heads are born: one sentence through every kept moment of a small model's training, and any two compared."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.mechanism.birth import compare, watch
from viz_core.ui.mechanism.birth.scene import scene_of
from viz_core.ui.parts import Part

page.show_in(
    scene_of,
    "birth",
    [
        Part("watch", lambda: _("Watch them form"), watch.watch),
        Part("compare", lambda: _("Compare two moments"), compare.compare),
    ],
)
