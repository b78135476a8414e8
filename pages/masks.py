"""Masks: which cells a row may look at, what leaks without, how a mask is made wrongly, and dropout as one."""

from viz_core.language import _
from viz_core.ui.mechanism import masks, page
from viz_core.ui.parts import Part

page.show(
    _("Masks"),
    [
        Part("lab", lambda: _("Mask lab"), masks.lab),
        Part("leak", lambda: _("Leakage"), masks.leak),
        Part("three", lambda: _("Three ways to “zero”"), masks.ways),
        Part("dropout", lambda: _("Dropout"), masks.dropout),
    ],
)
