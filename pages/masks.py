"""Masks: which cells a row may look at, what leaks without, how a mask is made wrongly, and dropout as one."""

from viz_core.language import _
from viz_core.ui.mechanism import page
from viz_core.ui.mechanism.masks import dropout, lab, leak, ways
from viz_core.ui.parts import Part

page.show(
    "masks",
    [
        Part("lab", lambda: _("Mask lab"), lab.lab, of_any=True),
        Part("leak", lambda: _("Leakage"), leak.leak, of_any=True),
        Part("three", lambda: _("Three ways to “zero”"), ways.ways, of_any=True),
        Part("dropout", lambda: _("Dropout"), dropout.dropout, of_any=True),
    ],
)
