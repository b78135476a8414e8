import math

import pytest
import torch

from viz_core.analysis.predictions import change_of, divergence


def test_the_divergence_of_two_coins_by_hand():
    fair, bent = torch.tensor([1.0, 1.0]), torch.tensor([3.0, 1.0]).log()
    expected = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    assert divergence(fair, bent) == pytest.approx(expected)
    assert divergence(bent, fair) == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))


def test_of_itself_it_is_nothing():
    logits = torch.randn(50) * 9
    assert divergence(logits, logits + 3) == pytest.approx(0, abs=1e-6)


def test_the_likeliest_of_both_each_once():
    before, after = torch.tensor([5.0, 4, 3, 0, 0]), torch.tensor([5.0, 0, 0, 4, 3])
    change = change_of(before, after, 4)
    assert change.token_ids == [0, 1, 2, 3]  # the first of each, the second of each, …; the likeliest before first
    assert change.before == pytest.approx(torch.softmax(before.double(), 0)[[0, 1, 2, 3]].tolist())
    assert change.after == pytest.approx(torch.softmax(after.double(), 0)[[0, 1, 2, 3]].tolist())


def test_a_vocabulary_smaller_than_asked_for():
    assert change_of(torch.zeros(2), torch.ones(2), 5).token_ids == [0, 1]
