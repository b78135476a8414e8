"""Compare: A beside B and the difference between them."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.parts import Part
from viz_core.ui.questions import compare

page.show(_("Compare"), [Part("main", lambda: _("Compare"), compare.main)])
