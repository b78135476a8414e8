"""Why scores are divided by √d_k: how q·k spreads with d_k, and what large scores do to the softmax.

Source: Vaswani et al. 2017, section 3.2.1 and its footnote 4.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

PAIRS = 20_000  # a variance measured on so many is within some 2 % of the true one
KEYS, ROWS = 16, 2_000  # of rows of random scores
DEAD = 0.01  # a norm of the softmax's Jacobian below which next to nothing is passed back; at equal weights it is 0.24
BLOCK = 64  # components at a time, so that memory does not grow with d_k


@lru_cache(maxsize=32)
def dot_products(d_k: int, pairs: int = PAIRS, seed: int = 0) -> Tensor:
    """[pairs]: q·k of vectors whose d_k components are independent, normal, of mean 0 and variance 1.

    Shared: do not write to it. Raises ValueError when d_k or pairs is below 1.
    """
    if d_k < 1 or pairs < 1:
        raise ValueError(f"d_k is {d_k} and pairs {pairs}; expected at least 1 of each")
    random = torch.Generator().manual_seed(seed * 1_000 + d_k)
    total = torch.zeros(pairs)
    for start in range(0, d_k, BLOCK):
        query, key = torch.randn(2, pairs, min(BLOCK, d_k - start), generator=random)
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


@lru_cache(maxsize=32)
def rows_of_scores(d_k: int, keys: int = KEYS, rows: int = ROWS) -> Tensor:
    """[rows, keys]: the scores of random queries, each with keys of its own, drawn as for `dot_products`.

    Shared: do not write to it.
    """
    random = torch.Generator().manual_seed(d_k)
    total = torch.zeros(rows, keys)
    for start in range(0, d_k, BLOCK):
        width = min(BLOCK, d_k - start)
        query = torch.randn(rows, 1, width, generator=random)
        total += (query * torch.randn(rows, keys, width, generator=random)).sum(-1)
    return total


@dataclass(frozen=True)
class PassedBack:
    """Of the softmax's Jacobian over many rows: its norm's median, and the share of rows whose norm is below DEAD."""

    median: float
    dead: float


@lru_cache(maxsize=64)
def passed_back(d_k: int, *, divided: bool) -> PassedBack:
    """What the softmax passes back to the scores of random vectors, divided by √d_k or not."""
    scores = rows_of_scores(d_k) / (d_k**0.5 if divided else 1.0)
    norms = jacobian_norm(torch.softmax(scores, dim=-1))
    return PassedBack(float(norms.median()), float((norms < DEAD).float().mean()))
