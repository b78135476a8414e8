"""What a change does to a prediction: two distributions over the next, or the hidden, token, and how far apart."""

from typing import NamedTuple

import torch
from torch import Tensor


class Change(NamedTuple):
    """token_ids  those that are likeliest in either, the likeliest before first
    before, after  their probabilities
    divergence     KL(before ‖ after) in nats: 0 = the same; Kullback & Leibler 1951
    """

    token_ids: list[int]
    before: list[float]
    after: list[float]
    divergence: float

    @property
    def best_before(self) -> int:
        """Which of `token_ids` is likeliest before."""
        return max(range(len(self.before)), key=self.before.__getitem__)

    @property
    def best_after(self) -> int:
        return max(range(len(self.after)), key=self.after.__getitem__)


def change_of(before: Tensor, after: Tensor, count: int) -> Change:
    """Two rows of logits [vocab]; the `count` likeliest tokens, some from either."""
    logs = [torch.log_softmax(logits.double(), dim=-1) for logits in (before, after)]
    best = [log.topk(min(count, len(log))).indices.tolist() for log in logs]
    ids = list(dict.fromkeys(index for pair in zip(*best, strict=True) for index in pair))
    first, second = (log.exp() for log in logs)
    ids = sorted(ids[:count], key=lambda index: -float(first[index]))
    return Change(ids, first[ids].tolist(), second[ids].tolist(), divergence(before, after))


def divergence(before: Tensor, after: Tensor) -> float:
    """KL(before ‖ after) of two rows of logits [vocab], in nats; 0 to ∞."""
    return float(divergences(before, after))


def divergences(before: Tensor, after: Tensor) -> Tensor:
    """Likewise of many rows, [..., vocab] → [...], in float64."""
    first, second = (torch.log_softmax(logits.double(), dim=-1) for logits in (before, after))
    return (first.exp() * (first - second)).sum(-1).clamp(min=0)
