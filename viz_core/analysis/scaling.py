"""Why scores are divided by √d_k: how q·k spreads with d_k, and what large scores do to the softmax.

Source: Vaswani et al. 2017, section 3.2.1 and its footnote 4.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

PAIRS = 20_000  # a variance measured on so many is within some 2 % of the true one


@lru_cache(maxsize=32)
def dot_products(d_k: int, pairs: int = PAIRS, seed: int = 0) -> Tensor:
    """[pairs]: q·k of vectors whose d_k components are independent, normal, of mean 0 and variance 1.

    Shared: do not write to it. Raises ValueError when d_k or pairs is below 1.
    """
    if d_k < 1 or pairs < 1:
        raise ValueError(f"d_k is {d_k} and pairs {pairs}; expected at least 1 of each")
    random = torch.Generator().manual_seed(seed * 1_000 + d_k)
    return sum_of_products(random, d_k, pairs)


def sum_of_products(random: torch.Generator, d_k: int, pairs: int) -> Tensor:
    """A block of components at a time, so that memory does not grow with d_k."""
    total = torch.zeros(pairs)
    for start in range(0, d_k, 64):
        width = min(64, d_k - start)
        query, key = torch.randn(2, pairs, width, generator=random)
        total += (query * key).sum(-1)
    return total


@dataclass(frozen=True)
class Rows:
    """Of every row of weights [query, key]: entropy in nats, the largest weight, and the entropy it could have."""

    entropy: Tensor
    largest: Tensor
    most: Tensor


def rows_of(weights: Tensor, allowed: Tensor) -> Rows:
    """weights [query, key], allowed bool [query, key]. A row that may look nowhere has entropy 0 and largest 0."""
    keys = allowed.expand_as(weights).sum(-1)
    return Rows(torch.special.entr(weights).sum(-1), weights.amax(-1), keys.clamp(min=1).log())


def jacobian_norm(weights: Tensor) -> Tensor:
    """‖∂softmax/∂scores‖ (Frobenius) of rows of weights [..., key]: the norm of diag(p) − ppᵀ.

    Near 0, a change of the scores changes nothing: training has no gradient to follow.
    """
    squares = (weights**2).sum(-1)
    cubes = (weights**3).sum(-1)
    return (squares - 2 * cubes + squares**2).clamp(min=0).sqrt()


@lru_cache(maxsize=8)
def mean_jacobian_norm(spread: float, keys: int = 16, rows: int = 2_000) -> float:
    """The mean norm over rows of `keys` normal scores whose standard deviation is `spread`."""
    scores = torch.randn(rows, keys, generator=torch.Generator().manual_seed(1)) * spread
    return float(jacobian_norm(torch.softmax(scores, dim=-1)).mean())
