"""What heads do on random tokens that are said again: nothing can be guessed there but by finding the earlier copy.

Source: Olsson et al. 2022, "In-context Learning and Induction Heads" (the prefix-matching score; there a stretch of
random tokens said four times). As `viz_core.training` measures its models for their cards: tokens are drawn with
replacement, every score is that of `viz_core.analysis.heads`, and draws are averaged. A high score says that the head
looks there, not that the model uses what it finds.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viz_core.analysis.heads import RoleScores
from viz_core.recording import Recording


class Probe(NamedTuple):
    """scores  role → [draw, heads], in the order of `viz_core.analysis.finder.places`; NaN where the head's mask leaves
               no row a cell of the pattern
    even       role → [heads]: what each would score if it gave every token it may see the same, the mean over draws
    """

    scores: dict[str, Tensor]
    even: dict[str, Tensor]

    def mean(self, role: str) -> Tensor:
        return self.scores[role].mean(0)

    def spread(self, role: str) -> Tensor:
        """The standard deviation over draws (n − 1); NaN of a single draw."""
        scores = self.scores[role]
        return scores.std(0) if len(scores) > 1 else torch.full_like(scores[0], torch.nan)


def sequences(
    vocabulary: NDArray[np.int64], *, length: int, times: int, draws: int, seed: int
) -> list[NDArray[np.int64]]:
    """`draws` of `length` random tokens of the vocabulary, each said `times` times. More draws leave the first as they
    are."""
    generators = (np.random.default_rng([seed, draw]) for draw in range(draws))
    return [np.tile(vocabulary[generator.integers(0, len(vocabulary), length)], times) for generator in generators]


@torch.inference_mode()
def probe(
    record: Callable[[Sequence[int]], Recording],
    texts: Sequence[NDArray[np.int64]],
    *,
    both_sides: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Probe:
    """Scores of every head on every text. `progress` is called with (texts done, texts) before each."""
    found: dict[str, list[Tensor]] = {}
    even: dict[str, list[Tensor]] = {}
    for done, text in enumerate(texts):
        if progress is not None:
            progress(done, len(texts))
        recording = record(text.tolist())
        of = RoleScores(recording.token_ids, both_sides=both_sides).of
        records = [block.attention for block in recording.blocks]
        layers = [of([(0, record.weights)], record.allowed) for record in records]
        alike = [of([(0, evenly(record.allowed, record.n_head))], record.allowed) for record in records]
        for role in layers[0]:
            found.setdefault(role, []).append(torch.cat([scores[role] for scores in layers]))
            even.setdefault(role, []).append(torch.cat([scores[role] for scores in alike]))
    return Probe(
        {role: torch.stack(scores) for role, scores in found.items()},
        {role: torch.stack(scores).mean(0) for role, scores in even.items()},
    )


def evenly(allowed: Tensor, n_head: int) -> Tensor:
    """[head, query, key]: the weights of heads that give every token they may see the same.

    allowed  bool [query, key] or [head, query, key]
    """
    shares = allowed / allowed.sum(-1, keepdim=True).clamp(min=1)
    return shares.expand(n_head, *allowed.shape[-2:])
