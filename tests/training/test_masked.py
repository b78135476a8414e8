from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.training.conftest import CONTEXT, RECIPE
from viz_core.training.corpora import Corpus
from viz_core.training.loop import IGNORED
from viz_core.training.masked import MaskedToken, masked_accuracy

MASK = 263


@pytest.fixture
def task(corpora: list[Corpus]) -> MaskedToken:
    training = replace(RECIPE.training, masked=0.2, batch=40)
    model = replace(RECIPE.transformer, vocab_size=MASK + 1, architecture="encoder")
    return MaskedToken(replace(RECIPE, model=model, training=training, mask="<mask>"), corpora, MASK)


def test_a_fifth_is_to_be_guessed_most_of_it_hidden(task: MaskedToken):
    shown, wanted = (torch.cat(parts) for parts in zip(*task.pieces(3), strict=True))
    assert shown.shape == wanted.shape == (40, CONTEXT)
    guess = wanted != IGNORED
    assert guess.any(-1).all()
    assert guess.float().mean().item() == pytest.approx(0.2, abs=0.02)
    fates = torch.stack([shown[guess] == MASK, shown[guess] == wanted[guess]]).float().mean(-1)
    assert fates.tolist() == pytest.approx([0.8, 0.1], abs=0.04)
    assert (shown[~guess] != MASK).all()


def test_what_is_not_to_be_guessed_is_shown_as_it_is(task: MaskedToken, corpora: list[Corpus]):
    texts = np.concatenate([corpus.train for corpus in corpora]).astype(np.int64)
    shown, wanted = task.pieces(0)[0]
    whole = torch.where(wanted == IGNORED, shown, wanted)
    windows = np.lib.stride_tricks.sliding_window_view(texts, CONTEXT)
    for sequence in whole.numpy():
        assert (windows == sequence).all(-1).any()


def test_a_step_draws_the_same_every_time(task: MaskedToken):
    assert task.pieces(4)[0][0].equal(task.pieces(4)[0][0])
    assert not task.pieces(4)[0][0].equal(task.pieces(5)[0][0])


class Knowing(nn.Module):
    """Guesses one token everywhere, and fails when a hidden token is to be seen."""

    def __init__(self, token: int) -> None:
        super().__init__()
        self.token, self.weight, self.seen = token, nn.Parameter(torch.zeros(1)), []

    def forward(self, ids: torch.Tensor) -> object:
        self.seen.append(ids)
        logits = torch.zeros(len(ids), MASK + 1)
        logits[:, self.token] = 1
        return type("Recording", (), {"logits": logits})


def test_accuracy_is_the_share_of_hidden_tokens_guessed():
    held_out = np.array([5, 6, 7, 5, 6, 7, 5, 6, 7, 5, 6, 7, 5, 6, 7, 5], dtype=np.uint16)
    model = Knowing(5)
    accuracy = masked_accuracy(model, Corpus(RECIPE.sources[0], held_out[:0], held_out), MASK, 15, most=1)
    (seen,) = model.seen
    hidden = (seen == MASK).nonzero().flatten().tolist()
    assert hidden == [0, 7, 14]
    assert accuracy == pytest.approx(np.mean(held_out[hidden] == 5))
