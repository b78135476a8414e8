"""What a layer costs, by kind: work, steps that must wait for each other, and how far apart two words are.

Source: Vaswani et al. 2017, table 1. Its entries are orders of growth; here they are taken as numbers, without the
constants that a real layer has, so that they tell ratios and slopes, not seconds.
"""

import math
from dataclasses import dataclass
from typing import Literal

Kind = Literal["attention", "recurrent", "convolution", "restricted"]


@dataclass(frozen=True)
class Cost:
    """work        multiplications, to a constant
    sequential  steps that cannot be taken at once
    longest     the longest path between two positions, in layers or steps
    """

    work: float
    sequential: float
    longest: float


def cost(kind: Kind, n: int, d: int, *, k: int = 3, r: int = 64) -> Cost:
    """n positions of d components; k the width of a convolution, r how many neighbours restricted attention sees.

    attention    n²·d     1   1
    recurrent    n·d²     n   n
    convolution  k·n·d²   1   log_k n   (dilated; with contiguous kernels n / k)
    restricted   r·n·d    1   n / r

    Raises ValueError when a number is below 1, or k below 2.
    """
    for name, value in (("n", n), ("d", d), ("r", r)):
        if value < 1:
            raise ValueError(f"{name} is {value}; expected at least 1")
    if k < 2:
        raise ValueError(f"k is {k}; expected at least 2, a width that reaches a neighbour")
    if kind == "attention":
        return Cost(n * n * d, 1, 1)
    if kind == "recurrent":
        return Cost(n * d * d, n, n)
    if kind == "convolution":
        return Cost(k * n * d * d, 1, max(1.0, math.log(n, k)))
    return Cost(min(r, n) * n * d, 1, max(1.0, n / r))
