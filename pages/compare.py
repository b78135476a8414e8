"""Compare: A beside B, on one scale, and the difference between them."""

from viz_core.language import _
from viz_core.ui.parts import Part
from viz_core.ui.questions.compare import page
from viz_core.ui.questions.compare.edit import an_edit
from viz_core.ui.questions.compare.head import another_head, another_layer
from viz_core.ui.questions.compare.model import another_model
from viz_core.ui.questions.compare.sentence import another_sentence

page.show(
    "compare",
    [
        Part("sentence", lambda: _("Another sentence"), another_sentence),
        Part("head", lambda: _("Another head"), another_head),
        Part("layer", lambda: _("Another layer"), another_layer),
        Part("model", lambda: _("Another model"), another_model),
        Part("edit", lambda: _("An edit"), an_edit),
    ],
)
