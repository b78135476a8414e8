"""Beyond weights: what else can be read off a head, and what none of it says."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.parts import Part
from viz_core.ui.questions import beyond_weights

page.show(_("Beyond weights"), [Part("main", lambda: _("Beyond weights"), beyond_weights.main)])
