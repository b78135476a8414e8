"""The block: what a layer does besides looking, from the residual stream to the next token."""

from viz_core.language import _
from viz_core.ui.mechanism import block, page
from viz_core.ui.parts import Part

page.show(
    _("The block"),
    [
        Part("stream", lambda: _("Residual stream"), block.stream),
        Part("norm", lambda: _("Norm"), block.norm),
        Part("wiring", lambda: _("Post-LN or Pre-LN"), block.wirings),
        Part("feedforward", lambda: _("Feed-forward"), block.feed_forward),
        Part("lens", lambda: _("Logit lens"), block.lens),
        Part("next", lambda: _("The next token"), block.next_token),
    ],
)
