"""Head finder: what every head does on this text, in one table and one map."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.parts import Part
from viz_core.ui.questions import head_finder

page.show(_("Head finder"), [Part("main", lambda: _("Head finder"), head_finder.main)])
