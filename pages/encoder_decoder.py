"""Encoder and decoder: a sentence read by one network and written in another language by a second."""

from viz_core.language import _
from viz_core.ui.mechanism.translation import additive, alignment, kinds, page, squeezed, three, writing
from viz_core.ui.parts import Part

page.show(
    "encoder_decoder",
    [
        Part("writing", lambda: _("Word by word"), writing.word_by_word),
        Part("three", lambda: _("Three attentions"), three.three_attentions),
        Part("alignment", lambda: _("Alignment"), alignment.alignment),
        Part("additive", lambda: _("Additive attention"), additive.worked_out),
        Part("squeezed", lambda: _("Through one vector"), squeezed.through_one_vector),
        Part("kinds", lambda: _("One side only"), kinds.one_side_only),
    ],
    of_another_text=["kinds"],
)
