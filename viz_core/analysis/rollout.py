"""What a row has of each input token after several layers, told from the weights alone.

A layer is taken as the mean of its heads' weights W, and the residual stream beside it as a weight of 1 on the row
itself: Â = ½W + ½I. Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3, read that in two
ways. Attention rollout multiplies the layers, Â_l ⋯ Â_0: each path's share is the product of its weights, and the
shares of all paths from a row to a token add up. Attention flow (`viz_core.analysis.flow`) reads Â as how much a path
can carry.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from viz_core.attention import AttentionRecord


def mean_weights(record: AttentionRecord) -> Tensor:
    """[query, key]: the mean of a layer's heads, which of several heads alone takes one at a time into memory."""
    total = record.head(0).weights[0].double()
    for head in range(1, record.n_head):
        total += record.head(head).weights[0]
    return total / record.n_head


def with_residual(weights: Tensor) -> Tensor:
    """Â = ½W + ½I, [..., query, key]; a row that may look nowhere has itself alone, so that every row sums to 1."""
    mixed = weights + torch.eye(weights.shape[-1], dtype=weights.dtype)
    return mixed / mixed.sum(-1, keepdim=True)


def rollout(layers: Sequence[Tensor]) -> Tensor:
    """Â_l ⋯ Â_1 Â_0, [query, key], of the mean weights of layers 0 to l, each [query, key]; rows sum to 1."""
    rolled = with_residual(layers[0])
    for weights in layers[1:]:
        rolled = with_residual(weights) @ rolled
    return rolled


def first_if_even(layers: Sequence[Tensor]) -> Tensor:
    """[query]: what rollout would give the first token, were every head to look evenly at all it may; `layers` say
    where the heads of layers 0 to l may look, each bool [query, key]."""
    share = torch.zeros(layers[0].shape[-1], dtype=torch.float64)
    share[0] = 1
    for allowed in layers:
        share = with_residual(allowed.double() / allowed.sum(-1, keepdim=True).clamp(min=1)) @ share
    return share


def somewhere(allowed: Tensor) -> Tensor:
    """bool [query, key]: whether any head of a layer may look; allowed is bool [query, key] or [head, query, key]."""
    return allowed if allowed.dim() == 2 else allowed.any(0)


def reach(layers: Sequence[Tensor]) -> Tensor:
    """bool [query, key]: whether anything of a token can have come to a row, of where the heads of layers 0 to l may
    look, each bool [query, key]."""
    reached = torch.eye(layers[0].shape[-1], dtype=torch.bool)
    for allowed in layers:
        reached |= allowed.float() @ reached.float() > 0
    return reached
