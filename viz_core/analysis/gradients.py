"""What gradient × attention says of heads: summed over the cells of each.

α_ij · ∂logit/∂α_ij is how fast a logit grows as one weight grows by a share of itself, the softmax that made it held as
it is (`viz_core.models.gradients`). Over all cells of a head, with their signs, it is what the head as a whole is worth
as far as a straight line can tell: the derivative by a factor on the head's context, whose size is the importance of
Michel et al. 2019, "Are Sixteen Heads Really Better than One?", section 4.1 (there of a loss, over many texts).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class HeadTotals(NamedTuple):
    """[layer, head] each; NaN where a layer has fewer heads than another.

    size  Σ |α · ∂logit/∂α|: how much goes through the head, up and down
    net   Σ α · ∂logit/∂α: what is left of that, in logits
    """

    size: Tensor
    net: Tensor


def head_totals(layers: Sequence[Tensor]) -> HeadTotals:
    """Of gradient × attention, one [head, query, key] a layer."""
    shape = (len(layers), max(len(cells) for cells in layers))
    size, total = torch.full(shape, torch.nan), torch.full(shape, torch.nan)
    for layer, cells in enumerate(layers):
        size[layer, : len(cells)] = cells.abs().sum((-2, -1))
        total[layer, : len(cells)] = cells.sum((-2, -1))
    return HeadTotals(size, total)
