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

from viz_core.analysis.heads import role_scores
from viz_core.recording import Recording


class Probe(NamedTuple):
    """scores  role → [draw, heads], in the order of `viz_core.analysis.finder.places`
    even       role → what a head would score that gives every token it sees the same, the mean over draws
    """

    scores: dict[str, Tensor]
    even: dict[str, float]

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
    even: dict[str, list[float]] = {}
    for done, text in enumerate(texts):
        if progress is not None:
            progress(done, len(texts))
        recording = record(text.tolist())
        ids = recording.token_ids
        layers = [role_scores(block.attention.weights, ids, both_sides=both_sides) for block in recording.blocks]
        for role in layers[0]:
            found.setdefault(role, []).append(torch.cat([scores[role] for scores in layers]))
        for role, score in role_scores(evenly(len(ids), both_sides=both_sides), ids, both_sides=both_sides).items():
            even.setdefault(role, []).append(float(score[0]))
    return Probe(
        {role: torch.stack(scores) for role, scores in found.items()},
        {role: float(np.mean(scores)) for role, scores in even.items()},
    )


def evenly(n: int, *, both_sides: bool = False) -> Tensor:
    """[1, query, key]: the weights of a head that gives every token it sees the same."""
    seen = torch.ones(1, n, n)
    seen = seen if both_sides else seen.tril()
    return seen / seen.sum(-1, keepdim=True)
