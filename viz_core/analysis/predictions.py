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
    first, second = (torch.log_softmax(logits.double(), dim=-1) for logits in (before, after))
    return max(0.0, float((first.exp() * (first - second)).sum()))
