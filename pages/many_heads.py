"""Many heads: switch them off, follow them through concatenation and W_O, weigh, share, count and name them."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.mechanism.many_heads import concat, count, labelled, needed, off, own, shared
from viz_core.ui.parts import Part

page.show(
    "many_heads",
    [
        Part("off", lambda: _("Switch heads off"), off.switches, of_any=True),
        Part("needed", lambda: _("How many are needed"), needed.needed),
        Part("concat", lambda: _("Concatenate, W_O"), concat.blocks),
        Part("own", lambda: _("What each head adds"), own.contributions),
        Part("roles", lambda: _("Roles"), labelled.roles, of_any=True, predicts=False),
        Part("shared", lambda: _("Shared keys"), shared.grouped),
        Part("count", lambda: _("Parameters"), count.parameters),
    ],
)
