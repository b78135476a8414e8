"""A map without its first column, where heads that find nothing leave their weight: the attention sink (Xiao et al.
2023, "Efficient Streaming Language Models with Attention Sinks", section 3.1). What is left out is always told.
"""

import torch
from torch import Tensor


def sees_more(allowed: Tensor) -> Tensor:
    """bool [query]: rows that may look at anything but the first column. allowed bool [query, key]."""
    return allowed[..., 1:].any(-1)


def first_share(values: Tensor, allowed: Tensor) -> float:
    """How much of a map [query, key] lies in its first column, 0 to 1: of the sum of magnitudes over the rows that may
    look at anything else. Rows of weights all sum to 1, so of weights it is the mean over those rows. 0 where there
    is nothing at all."""
    magnitudes = values[sees_more(allowed)].double().abs()
    whole = float(magnitudes.sum())
    return float(magnitudes[:, 0].sum()) / whole if whole else 0.0


def without_first(values: Tensor) -> Tensor:
    """The same [query, key] with NaN for the first column."""
    return torch.cat([torch.full_like(values[..., :1], torch.nan), values[..., 1:]], dim=-1)


def renormalised(weights: Tensor) -> Tensor:
    """Likewise, each row [query, key] divided by what is left of it, so that it sums to 1 again: the softmax over
    the other columns alone. A row of which nothing is left is 0."""
    left = without_first(weights)
    whole = left[..., 1:].sum(-1, keepdim=True)
    return torch.where(whole > 0, left / whole, left)
