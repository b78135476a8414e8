"""The four numbers that the costs of a layer depend on, and what its kinds are called."""

from typing import NamedTuple

from viz_core.efficiency.costs import Kind
from viz_core.language import _


class Sizes(NamedTuple):
    """n positions of d components; k the width of a convolution, r how many neighbours restricted attention sees."""

    n: int
    d: int
    k: int
    r: int


def names() -> dict[Kind, str]:
    return {
        "attention": _("self-attention"),
        "recurrent": _("recurrent"),
        "convolution": _("convolution"),
        "restricted": _("restricted"),
    }
