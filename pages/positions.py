"""Positions: how a Transformer is told where a token stands, five ways, and what happens when it is not told."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.mechanism.positions import added, alibi, five, order, rotary, waves
from viz_core.ui.parts import Part

page.show(
    "positions",
    [
        Part("waves", lambda: _("Sinusoidal"), waves.sinusoidal),
        Part("added", lambda: _("Added to the tokens"), added.added),
        Part("rotary", lambda: _("Rotary (RoPE)"), rotary.rotary),
        Part("alibi", lambda: _("ALiBi"), alibi.alibi),
        Part("order", lambda: _("Word order"), order.order),
        Part("five", lambda: _("Five models"), five.five),
    ],
)
