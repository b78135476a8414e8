"""What the page "Scaling" says of scores and of the softmax is so."""

import math

import pytest
import torch
from torch.testing import assert_close

from tests.test_attention import assert_printed
from viz_core.analysis import scaling, worked


@pytest.mark.parametrize("d_k", [1, 2, 7, 64, 512])
def test_the_variance_of_a_score_is_d_k(d_k: int):
    products = scaling.dot_products(d_k)
    # the standard error of a variance from n draws of kurtosis κ is √((κ − 1)/n) of it; κ = 9 at d_k = 1, 3 at many
    assert float(products.var()) == pytest.approx(d_k, rel=5 * math.sqrt(8 / len(products)))
    assert float(products.mean()) == pytest.approx(0, abs=5 * math.sqrt(d_k / len(products)))


def test_divided_by_the_root_of_d_k_it_is_one():
    for d_k in (16, 256):
        assert float((scaling.dot_products(d_k) / math.sqrt(d_k)).var()) == pytest.approx(1, rel=0.06)


def test_components_are_drawn_a_block_at_a_time():
    products = scaling.dot_products(65, pairs=3)
    random = torch.Generator().manual_seed(65)
    first, second = torch.randn(2, 3, 64, generator=random)
    third, fourth = torch.randn(2, 3, 1, generator=random)
    assert_close(products, (first * second).sum(-1) + (third * fourth).sum(-1))


@pytest.mark.parametrize(("d_k", "pairs"), [(0, 5), (5, 0), (-1, 5)])
def test_no_vectors_of_no_components(d_k: int, pairs: int):
    with pytest.raises(ValueError, match=f"d_k is {d_k} and pairs {pairs}; expected at least 1"):
        scaling.dot_products(d_k, pairs)


def test_the_norm_is_that_of_the_jacobian():
    scores = torch.randn(5, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: torch.softmax(x, dim=0), scores)
    assert_close(scaling.jacobian_norm(torch.softmax(scores, dim=0)), jacobian.norm())


def test_where_one_key_gets_all_nothing_comes_back():
    assert float(scaling.jacobian_norm(torch.tensor([1.0, 0.0, 0.0]))) == 0


def test_undivided_the_softmax_passes_less_and_less_back_as_d_k_grows():
    medians = [scaling.passed_back(d_k, divided=False).median for d_k in (4, 16, 64, 256, 512)]
    assert medians == sorted(medians, reverse=True)
    assert medians[2] < 0.6 * medians[0]
    dead = [scaling.passed_back(d_k, divided=False).dead for d_k in (4, 64, 512)]
    assert dead[0] < 0.02
    assert 0.15 < dead[1] < dead[2]


def test_divided_it_passes_back_the_same_whatever_d_k():
    found = [scaling.passed_back(d_k, divided=True) for d_k in (4, 64, 512)]
    assert [each.median for each in found] == pytest.approx([0.3] * 3, abs=0.03)
    assert all(each.dead == 0 for each in found)


def test_rows_of_scores_share_a_query_and_have_the_variance_of_scores():
    scores = scaling.rows_of_scores(64)
    assert float(scores.var()) == pytest.approx(64, rel=0.1)
    lengths = scores.std(-1)  # a row's spread is its query's length: it differs from row to row
    assert float(lengths.std()) > 0.5


def test_numbers_of_rows_by_hand():
    weights = torch.tensor([[1.0, 0, 0], [0.5, 0.5, 0], [0.25, 0.25, 0.5], [0.0, 0, 0]])
    allowed = torch.tensor([[1, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 0]], dtype=torch.bool)
    rows = scaling.rows_of(weights, allowed)
    assert_close(rows.entropy, torch.tensor([0, math.log(2), 1.5 * math.log(2), 0]))
    assert_close(rows.largest, torch.tensor([1, 0.5, 0.5, 0]))
    assert_close(rows.most, torch.tensor([0, math.log(2), math.log(3), 0]))


def test_the_examples_print_what_they_should():
    """CONTENT.md C, as the page shows them."""
    record = worked.three_words()
    assert_printed(record.scores[0], [[1.18, 1.86, 0.96], [1.35, 2.88, 1.39], [0.93, 2.06, 2.36]], 2)
    weights = [[0.2648, 0.5227, 0.2125], [0.1502, 0.6935, 0.1563], [0.1209, 0.3741, 0.5050]]
    assert_printed(record.weights[0], weights, 4)
    whole, divided = worked.of_64_components(1.0), worked.of_64_components(1 / math.sqrt(64))
    assert_printed(
        whole.scores[0], [[16.1353, 15.5896, 15.6609], [14.6310, 13.3090, 13.0502], [17.6245, 15.7619, 17.3316]], 4
    )
    assert_printed(
        divided.scaled_scores[0], [[2.0169, 1.9487, 1.9576], [1.8289, 1.6636, 1.6313], [2.2031, 1.9702, 2.1664]], 4
    )
    assert_printed(whole.weights[0], [[0.4542, 0.2632, 0.2826], [0.6791, 0.1811, 0.1398], [0.5259, 0.0817, 0.3924]], 4)
    assert_printed(
        divided.weights[0], [[0.3476, 0.3247, 0.3276], [0.3748, 0.3177, 0.3076], [0.3628, 0.2874, 0.3498]], 4
    )
    assert torch.equal(whole.scores.argsort(-1), divided.weights.argsort(-1)), "the order of the keys stays"


def test_over_the_wrong_axis_columns_sum_to_one_and_rows_do_not():
    weights = worked.over_the_wrong_axis(worked.three_words().masked_scores[0])
    assert_close(weights.sum(0), torch.ones(3, dtype=torch.float64))
    assert not torch.allclose(weights.sum(1), torch.ones(3, dtype=torch.float64), atol=0.05)
