"""Predict the next token: the task of a decoder-only model."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from viz_core.analysis.heads import role_scores
from viz_core.training.corpora import Corpus
from viz_core.training.loop import AT_ONCE, IGNORED, Batch
from viz_core.training.recipe import Recipe, shares_of
from viz_core.transformer import Transformer


class OnWindows:
    """A task on windows of running text: what to guess in one window is up to `sequence`."""

    def __init__(self, recipe: Recipe, corpora: list[Corpus]) -> None:
        self.recipe, self.corpora = recipe, corpora
        self.shares = shares_of([corpus.source for corpus in corpora])

    def new_model(self) -> Transformer:
        return Transformer(self.recipe.transformer)

    def pieces(self, step: int) -> list[Batch]:
        """Inputs and targets, [some of the batch, length] each."""
        rng = np.random.default_rng([self.recipe.training.seed, step])
        drawn = [self.sequence(rng, step) for _ in range(self.recipe.training.batch)]
        inputs, targets = (torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True))
        rows = max(1, AT_ONCE // self.recipe.length)
        return list(zip(inputs.split(rows), targets.split(rows), strict=True))

    def sequence(self, rng: np.random.Generator, step: int, /) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """One window and its targets, [length] each."""
        raise NotImplementedError

    def logits(self, model: nn.Module, *inputs: Tensor) -> Tensor:
        logits: Tensor = model(*inputs).logits
        return logits


class NextToken(OnWindows):
    """Windows of running text, and random tokens and stretches of text said again and again."""

    def sequence(self, rng: np.random.Generator, step: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        settings, length = self.recipe.training, self.recipe.length
        if settings.finish and step >= settings.steps and rng.random() < settings.finish.shuffled_pairs:
            return shuffled_pairs(rng, self.recipe.model.vocab_size, length)
        kind = rng.random()
        period = int(rng.integers(8, 65))
        if kind < settings.random_repeats:
            ids = np.resize(rng.integers(1, self.recipe.model.vocab_size, period), length + 1)
            target = ids[1:].copy()
            target[: period - 1] = IGNORED  # nobody can guess random tokens the first time
            return ids[:-1], target
        corpus = self.corpora[rng.choice(len(self.corpora), p=self.shares)]
        start = rng.integers(len(corpus.train) - length)
        ids = corpus.train[start : start + length + 1].astype(np.int64)
        if kind < settings.random_repeats + settings.text_repeats:
            ids = np.resize(ids[: 2 * period], length + 1)
        return ids[:-1], ids[1:]

    def notes(self, model: nn.Module) -> dict[str, float]:
        """Role → the best score of any head on random repeats."""
        roles = random_repeat_roles(model, self.recipe)
        return {role: round(float(scores.max()), 4) for role, scores in roles.items()}


def shuffled_pairs(
    rng: np.random.Generator, vocab_size: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Eight to thirty-two pairs of random tokens, said again and again in ever new order. The second of a pair can be
    guessed from the first once both were seen; a head that takes its left neighbours for one another cannot do it."""
    pairs = rng.integers(1, vocab_size, (int(rng.integers(8, 33)), 2))
    rounds = -(-(length + 1) // pairs.size)
    ids = np.concatenate([rng.permutation(pairs).ravel() for _ in range(rounds)])[: length + 1]
    place = np.arange(1, length + 1)  # of the targets
    to_guess = (place % 2 == 1) & (place >= pairs.size)
    return ids[:-1], np.where(to_guess, ids[1:], IGNORED)


@torch.inference_mode()
def random_repeat_roles(model: nn.Module, recipe: Recipe) -> dict[str, Tensor]:
    """Role → [layer, head], the mean over eight random sequences, each said three times; training never draws them."""
    rng = np.random.default_rng([recipe.training.seed, 2**32 - 1])
    device = next(model.parameters()).device
    totals: dict[str, list[Tensor]] = {}
    period = min(32, recipe.length // 3)
    for _ in range(8):
        ids = torch.from_numpy(np.tile(rng.integers(1, recipe.model.vocab_size, period), 3)).to(device)
        per_layer = [role_scores(b.attention.weights.cpu(), ids.cpu()) for b in model(ids, last_only=True).blocks]
        for role in per_layer[0]:
            totals.setdefault(role, []).append(torch.stack([scores[role] for scores in per_layer]))
    return {role: torch.stack(parts).mean(0) for role, parts in totals.items()}


@torch.inference_mode()
def held_out_loss(model: nn.Module, corpus: Corpus, length: int, skip: int = 0) -> float:
    """Mean cross-entropy, nats a token, over all of the corpus's held-out end in windows of `length` tokens that the
    model sees; the first `skip` guesses of each window do not count."""
    device = next(model.parameters()).device
    total, counted = 0.0, 0
    for window in windows(corpus, length):
        ids = torch.from_numpy(window.astype(np.int64)).to(device)
        loss = F.cross_entropy(model(ids[:-1]).logits[skip:], ids[1 + skip :], reduction="sum")
        total, counted = total + loss.item(), counted + len(ids) - 1 - skip
    return total / counted


def windows(corpus: Corpus, length: int, most: int | None = None) -> Iterator[NDArray[np.uint16]]:
    """Windows of length + 1 tokens over the corpus's held-out end, each beginning with the last token of the one
    before; at most `most` of them, spread evenly."""
    starts = np.arange(0, max(1, len(corpus.held_out) - length), length)
    if most is not None and len(starts) > most:
        starts = starts[np.linspace(0, len(starts) - 1, most).astype(int)]
    return (corpus.held_out[start : start + length + 1] for start in starts)
