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


def layers_to_meet(kind: Kind, n: int, *, k: int = 3, r: int = 64) -> int:
    """Layers after which some position knows of the first and of the last one: the longest path, in whole layers; of a
    recurrence, the steps from the one to the other."""
    if kind == "attention":
        return 1
    if kind == "recurrent":
        return n - 1
    if kind == "convolution":
        layers = 1
        while k**layers < n:
            layers += 1
        return layers
    return max(1, -(-n // r))


def even(kind: Kind, d: int, *, k: int = 3, r: int = 64) -> int:
    """The length n from which on self-attention's work is above this kind's: where the two entries are equal."""
    return {"attention": 1, "recurrent": d, "convolution": k * d, "restricted": r}[kind]


def multiply_adds(kind: Kind, n: int, d: int, *, k: int = 3, r: int = 64) -> int:
    """What the layers of `viz_core.efficiency.layers` really multiply and add in matrix products, constants and
    projections included: the table leaves them out.

    attention    4·n·d² of W_Q, W_K, W_V, W_O   +  2·n²·d of QKᵀ and of the weights · V
    recurrent    6·n·d²: three gates, each from the input and from the state before (Cho et al. 2014)
    convolution  k·n·d²
    restricted   4·n·d²  +  2·n·(2r − 1)·d: in blocks of r rows, which together see 2r − 1 keys
    """
    if kind == "attention":
        return 4 * n * d * d + 2 * n * n * d
    if kind == "recurrent":
        return 6 * n * d * d
    if kind == "convolution":
        return k * n * d * d
    return 4 * n * d * d + 2 * -(-n // r) * r * (2 * r - 1) * d
