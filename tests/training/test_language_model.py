from dataclasses import replace

import numpy as np
import torch

from tests.training.conftest import CONTEXT, RECIPE
from viz_core.training.corpora import Corpus
from viz_core.training.language_model import NextToken
from viz_core.training.loop import IGNORED


def with_repeats(corpora: list[Corpus], random: float, text: float) -> NextToken:
    training = replace(RECIPE.training, random_repeats=random, text_repeats=text, batch=3)
    return NextToken(replace(RECIPE, training=training), corpora)


def drawn(task: NextToken, step: int = 3) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [pair for inputs, targets in task.pieces(step) for pair in zip(inputs, targets, strict=True)]


def test_targets_are_the_inputs_one_ahead(corpora: list[Corpus]):
    pairs = drawn(with_repeats(corpora, 0, 0))
    assert len(pairs) == 3
    for sequence, target in pairs:
        assert sequence.shape == target.shape == (CONTEXT,)
        assert target[:-1].equal(sequence[1:])


def test_random_tokens_are_not_to_be_guessed_before_they_repeat(corpora: list[Corpus]):
    periods = set()
    for step in range(60):
        for sequence, target in drawn(with_repeats(corpora, 1, 0), step):
            period = int((target == IGNORED).sum()) + 1
            assert (target[: period - 1] == IGNORED).all()
            assert target[period - 1 : -1].equal(sequence[period:])
            assert sequence[period:].equal(sequence[:-period])
            assert sequence.min() >= 1  # no end of text
            periods.add(period)
    assert min(periods) < 12
    assert max(periods) in range(56, 65)


def test_repeated_text_is_text_said_again(corpora: list[Corpus]):
    texts = [corpus.train.astype(np.int64) for corpus in corpora]
    for step in range(5):
        for sequence, target in drawn(with_repeats(corpora, 0, 1), step):
            period = next(n for n in range(16, 129) if n >= CONTEXT or sequence[n:].equal(sequence[:-n]))
            stretch = sequence[:period].numpy()
            windows = [np.lib.stride_tricks.sliding_window_view(text, len(stretch)) for text in texts]
            assert any((window == stretch).all(-1).any() for window in windows)
            assert target[:-1].equal(sequence[1:])


def test_a_step_draws_the_same_every_time_and_another_something_else(task: NextToken):
    once, again, later = (drawn(task, step)[0][0] for step in (4, 4, 5))
    assert once.equal(again)
    assert not once.equal(later)
