"""Leakage: what of the predictions made earlier in a text changes when a later token does.

Under a causal mask nothing may: row i predicts token i + 1, and a row that sees it has nothing left to predict
(Vaswani et al. 2017, section 3.2.3).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.analysis.predictions import divergences

BLOCK = 64  # rows of logits compared at a time: a large vocabulary in float64 is wide


class Leak(NamedTuple):
    """Two runs on texts that differ in one token, row by row [seq].

    divergence  KL(before ‖ after) of the predictions, nats
    largest     max |Δ| of the logits: exactly 0 where nothing of the change arrives
    """

    divergence: Tensor
    largest: Tensor


def leak_of(before: Tensor, after: Tensor) -> Leak:
    """Logits [seq, vocab] of both runs. Raises ValueError when their shapes differ."""
    if before.shape != after.shape:
        raise ValueError(f"after is {list(after.shape)}; expected {list(before.shape)} like before")
    divergence, largest = [], []
    for one, other in zip(before.split(BLOCK), after.split(BLOCK), strict=True):
        divergence.append(divergences(one, other))
        largest.append((one - other).abs().amax(-1))
    return Leak(torch.cat(divergence), torch.cat(largest))


def probability_of_next(logits: Tensor, token_ids: Sequence[int]) -> Tensor:
    """[seq − 1]: what each row of logits [seq, vocab] gives to the token that really comes next."""
    following = torch.tensor(token_ids[1:], dtype=torch.long)
    rows = [
        torch.softmax(part.double(), dim=-1).gather(-1, wanted[:, None])[:, 0]
        for part, wanted in zip(logits[:-1].split(BLOCK), following.split(BLOCK), strict=True)
    ]
    return torch.cat(rows) if len(following) else torch.zeros(0, dtype=torch.float64)


def dependence(
    run: Callable[[list[int]], Tensor],
    token_ids: Sequence[int],
    others: Sequence[int],
    progress: Callable[[int, int], None] | None = None,
) -> Tensor:
    """[row, replaced]: KL in nats between the predictions at `row` before and after token `replaced` of the text is
    replaced by that of `others`; one run of the model for each token.

    run       token ids → logits [seq, vocab]
    progress  called with (tokens done, tokens) before each run
    """
    ids = list(token_ids)
    before, columns = run(ids), []
    for place, other in enumerate(others):
        if progress is not None:
            progress(place, len(others))
        columns.append(leak_of(before, run([*ids[:place], other, *ids[place + 1 :]])).divergence)
    return torch.stack(columns, dim=-1)
