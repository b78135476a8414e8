"""Without the first column: how much that hides, and what is left; by hand."""

import pytest
import torch
from torch.testing import assert_close

from viz_core.analysis.sinks import first_share, renormalised, sees_more, without_first

CAUSAL = torch.ones(3, 3, dtype=torch.bool).tril()
WEIGHTS = torch.tensor([[1.0, 0.0, 0.0], [0.8, 0.2, 0.0], [0.5, 0.2, 0.3]])


def test_the_share_is_that_of_rows_that_see_more() -> None:
    assert sees_more(CAUSAL).tolist() == [False, True, True]
    assert first_share(WEIGHTS, CAUSAL) == pytest.approx((0.8 + 0.5) / 2)
    assert first_share(WEIGHTS, torch.ones(3, 3, dtype=torch.bool)) == pytest.approx((1 + 0.8 + 0.5) / 3)


def test_signed_values_count_by_magnitude() -> None:
    values = torch.tensor([[9.0, 0.0], [-1.0, 3.0]])
    assert first_share(values, CAUSAL[:2, :2]) == pytest.approx(0.25)
    assert first_share(torch.zeros(2, 2), CAUSAL[:2, :2]) == 0


def test_hidden_is_nan_and_nothing_else_changes() -> None:
    left = without_first(WEIGHTS)
    assert left[:, 0].isnan().all()
    assert torch.equal(left[:, 1:], WEIGHTS[:, 1:])


def test_renormalised_by_hand() -> None:
    left = renormalised(WEIGHTS)
    assert left[:, 0].isnan().all()
    assert_close(left[:, 1:], torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.4, 0.6]]))


def test_renormalised_is_the_softmax_over_the_others() -> None:
    scores = torch.randn(5, 5)
    assert_close(renormalised(torch.softmax(scores, -1))[:, 1:], torch.softmax(scores[:, 1:], -1))
