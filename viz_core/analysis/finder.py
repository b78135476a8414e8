"""How each head spreads its weight on one text, in three numbers, all heads at once.

A number is a mean over the rows that may look at more than one key; a row with a single key has no choice. Whatever
they say is about where the head looks on this text, not about what it does there.

entropy   −Σⱼ αᵢⱼ ln αᵢⱼ in nats (Clark et al. 2019, "What Does BERT Look At?", section 3.3; Vig & Belinkov 2019,
          "Analyzing the Structure of Attention in a Transformer Language Model"). Its share of the largest possible,
          ln of the keys that a row may see, is `viz_core.analysis.heads.evenness`.
distance  Σⱼ αᵢⱼ |i − j| in tokens (Vig & Belinkov 2019)
largest   maxⱼ αᵢⱼ (Voita et al. 2019, "Analyzing Multi-Head Self-Attention", section 4, who call it the head's
          confidence and leave the end-of-sentence symbol out; here special tokens count)
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.analysis.overview import MOST_ROWS
from viz_core.attention import AttentionRecord
from viz_core.recording import Recording

Place = tuple[int, int]  # layer and head


class Spread(NamedTuple):
    """One number for each head of `places`, NaN where no row has a choice."""

    entropy: Tensor
    distance: Tensor
    largest: Tensor


def places(recording: Recording) -> list[Place]:
    """Every head, layer by layer; layers may have different numbers of them."""
    return [(layer, head) for layer, block in enumerate(recording.blocks) for head in range(block.attention.n_head)]


@torch.inference_mode()
def spread(recording: Recording, progress: Callable[[int, int], None] | None = None) -> Spread:
    """`progress` is called with (layers done, layers) before each layer."""
    found = []
    for layer, block in enumerate(recording.blocks):
        if progress is not None:
            progress(layer, len(recording.blocks))
        found.append(spread_of(block.attention))
    return Spread(*(torch.cat(numbers) for numbers in zip(*found, strict=True)))


def spread_of(record: AttentionRecord) -> Spread:
    """Of one layer, [head] each; some rows at a time."""
    n = record.query.shape[-2]
    sums, counted = torch.zeros(3, record.n_head), torch.zeros(record.n_head)
    for first in range(0, n, MOST_ROWS):
        some = record.rows(first, min(first + MOST_ROWS, n))
        weights = some.weights
        rows, keys = (torch.arange(length, dtype=weights.dtype) for length in weights.shape[-2:])
        away = (rows[:, None] + first - keys).abs()
        chooses = (some.allowed.sum(-1) > 1).expand(weights.shape[:-1])
        of_rows = torch.stack([torch.special.entr(weights).sum(-1), (weights * away).sum(-1), weights.amax(-1)])
        sums += torch.where(chooses, of_rows, 0.0).sum(-1)
        counted += chooses.sum(-1)
    return Spread(*(sums / counted))
