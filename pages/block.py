"""The block: what a layer does besides looking, from the residual stream to the next token."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.mechanism.block import feed_forward, lens, next_token, norm, stream, wiring
from viz_core.ui.parts import Part

page.show(
    "block",
    [
        Part("stream", lambda: _("Residual stream"), stream.stream),
        Part("norm", lambda: _("Norm"), norm.norm),
        Part("wiring", lambda: _("Post-LN or Pre-LN"), wiring.wirings),
        Part("feedforward", lambda: _("Feed-forward"), feed_forward.feed_forward),
        Part("lens", lambda: _("Logit lens"), lens.lens),
        Part("next", lambda: _("The next token"), next_token.next_token),
    ],
)
