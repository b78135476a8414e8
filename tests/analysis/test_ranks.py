"""Spearman's correlation by hand, with ties."""

import math

import pytest
import torch

from viz_core.analysis.ranks import ranks, spearman


def test_equal_values_share_the_mean_of_their_ranks():
    assert ranks(torch.tensor([10.0, 20.0, 20.0, 5.0])).tolist() == [2.0, 3.5, 3.5, 1.0]


def test_correlation_by_hand():
    """Ranks 1 2 3 4 5 and 1 2 3.5 5 3.5: about their mean 3 their products sum to 8, their squares to 10 and 9.5."""
    one, other = torch.tensor([1.0, 2, 3, 4, 5]), torch.tensor([5.0, 6, 7, 8, 7])
    assert spearman(one, other) == pytest.approx(8 / math.sqrt(10 * 9.5), abs=1e-12)
    assert spearman(one, one.exp()) == pytest.approx(1), "only the order matters"
    assert spearman(one, -one) == pytest.approx(-1)


def test_what_says_the_same_of_all_has_no_order():
    assert math.isnan(spearman(torch.ones(4), torch.arange(4.0)))
