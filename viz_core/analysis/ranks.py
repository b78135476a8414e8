"""Whether two measures put things in the same order: Spearman 1904, "The Proof and Measurement of Association"."""

import torch
from torch import Tensor


def ranks(values: Tensor) -> Tensor:
    """[n]: 1 for the smallest; equal values share the mean of their ranks."""
    below = (values[:, None] > values).sum(-1)
    same = (values[:, None] == values).sum(-1)
    return below + (same + 1) / 2


def spearman(one: Tensor, other: Tensor) -> float:
    """The correlation of two measures' ranks, both [n]: 1 = the same order, −1 = the opposite one, 0 = no relation;
    NaN where one of them says the same of all."""
    a, b = (ranks(values).double() - (len(values) + 1) / 2 for values in (one, other))
    return float((a @ b) / (a.norm() * b.norm())) if a.any() and b.any() else torch.nan
