"""Head finder: what every head does on this text, which are alike, a map of them, and a test on random tokens."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.parts import Part
from viz_core.ui.questions.head_finder import alike, heads, plane, repeats, table

page.show(
    "head_finder",
    [
        Part("table", lambda: _("Every head in a table"), table.every_head, of_any=True, predicts=False),
        Part("alike", lambda: _("Heads like this one"), alike.like_this_one, of_any=True, predicts=False),
        Part("map", lambda: _("A map of heads"), plane.map_of_heads, of_any=True, predicts=False),
        Part("repeats", lambda: _("On random tokens"), repeats.on_random_tokens, of_any=True, predicts=False),
    ],
    heads.prepare,
)
