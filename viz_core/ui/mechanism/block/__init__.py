"""The parts of the page "The block"."""

from viz_core.ui.mechanism.block.feed_forward import feed_forward
from viz_core.ui.mechanism.block.lens import lens
from viz_core.ui.mechanism.block.next_token import next_token
from viz_core.ui.mechanism.block.norm import norm
from viz_core.ui.mechanism.block.stream import stream
from viz_core.ui.mechanism.block.wiring import wirings

__all__ = ["feed_forward", "lens", "next_token", "norm", "stream", "wirings"]
