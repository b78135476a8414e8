"""Guess the hidden words from both sides: the task of an encoder-only model (Devlin et al. 2019, section 3.1)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from viz_core.training.corpora import Corpus
from viz_core.training.language_model import OnWindows, windows
from viz_core.training.loop import IGNORED
from viz_core.training.recipe import Recipe

SHOWN_MASKED, SHOWN_WRONG = 0.8, 0.1  # of the tokens to guess; the rest is shown as it is


class MaskedToken(OnWindows):
    """Windows of running text, some of whose tokens are to be guessed."""

    def __init__(self, recipe: Recipe, corpora: list[Corpus], mask: int) -> None:
        super().__init__(recipe, corpora)
        self.mask = mask

    def sequence(self, rng: np.random.Generator, _step: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        corpus, length = self.corpora[rng.choice(len(self.corpora), p=self.shares)], self.recipe.length
        start = rng.integers(len(corpus.train) - length + 1)
        ids = corpus.train[start : start + length].astype(np.int64)
        wanted = rng.random(length) < self.recipe.training.masked
        wanted[rng.integers(length)] = True  # at least one
        shown, fate = ids.copy(), rng.random(length)
        shown[wanted & (fate < SHOWN_MASKED)] = self.mask
        wrong = wanted & (fate >= SHOWN_MASKED) & (fate < SHOWN_MASKED + SHOWN_WRONG)
        shown[wrong] = rng.integers(1, self.mask, wrong.sum())
        return shown, np.where(wanted, ids, IGNORED)

    def notes(self, model: nn.Module) -> dict[str, float]:
        right = [masked_accuracy(model, corpus, self.mask, self.recipe.length, most=8) for corpus in self.corpora]
        return {"accuracy": round(float(np.average(right, weights=self.shares)), 4)}


@torch.inference_mode()
def masked_accuracy(model: nn.Module, corpus: Corpus, mask: int, length: int, most: int = 64) -> float:
    """The share of hidden tokens that the model guesses, every seventh of up to `most` held-out windows hidden."""
    right, hidden = 0, 0
    device = next(model.parameters()).device
    for number, window in enumerate(windows(corpus, length - 1, most)):
        ids = torch.from_numpy(window.astype(np.int64)).to(device)
        places = torch.arange(number % 7, len(ids), 7, device=device)
        guessed = model(ids.index_fill(0, places, mask)).logits[places].argmax(-1)
        right += int((guessed == ids[places]).sum())
        hidden += len(places)
    return right / hidden
