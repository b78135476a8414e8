import math
import re
from dataclasses import fields, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from tests.examples import records
from viz_core import masks
from viz_core.attention import AttentionRecord


def one_head(query: list, key: list, *, value: list | None = None, scale: float = 1.0) -> AttentionRecord:
    """A record of one head that may look everywhere, in float64: rounding is the examples' own."""
    value = value or [[0.0]] * len(key)
    query, key, value = (torch.tensor(rows, dtype=torch.float64)[None] for rows in (query, key, value))
    return AttentionRecord(query, key, value, masks.full(query.shape[1], key.shape[1]), scale)


def assert_printed(actual: Tensor, printed: list, digits: int) -> None:
    assert actual.round(decimals=digits).tolist() == torch.tensor(printed, dtype=torch.float64).tolist()


# -- worked examples, to every printed digit ---------------------------------------------------------------


def test_dot_products_of_three_queries_and_keys():
    record = one_head(
        [[1, 0.5, 0.3, 0.2], [0.8, 1.2, 0.4, 0.7], [0.5, 0.3, 1.5, 0.6]],
        [[0.9, 0.4, 0.2, 0.1], [1, 1.1, 0.5, 0.8], [0.4, 0.2, 1.2, 0.5]],
    )
    assert_printed(record.scores[0], [[1.18, 1.86, 0.96], [1.35, 2.88, 1.39], [0.93, 2.06, 2.36]], 2)
    weights = [[0.2648, 0.5227, 0.2125], [0.1502, 0.6935, 0.1563], [0.1209, 0.3741, 0.5050]]
    assert_printed(record.weights[0], weights, 4)


def test_scaling_at_64_components_softens_the_softmax():
    # The example rounded its scores before printing them: taken literally they give .6792 where it prints .6791,
    # and 2.16645 where it prints 2.1664. Here they have a fifth digit that leads to everything it prints.
    scores = [[16.1353, 15.5896, 15.6609], [14.63096, 13.30902, 13.05022], [17.6245, 15.7619, 17.33158]]
    rest = [0.0] * 61
    unit_keys = [[1.0, 0, 0, *rest], [0, 1.0, 0, *rest], [0, 0, 1.0, *rest]]
    unscaled = one_head([[*row, *rest] for row in scores], unit_keys)
    printed = [[16.1353, 15.5896, 15.6609], [14.6310, 13.3090, 13.0502], [17.6245, 15.7619, 17.3316]]
    assert_printed(unscaled.scores[0], printed, 4)
    weights = [[0.4542, 0.2632, 0.2826], [0.6791, 0.1811, 0.1398], [0.5259, 0.0817, 0.3924]]
    assert_printed(unscaled.weights[0], weights, 4)
    scaled = replace(unscaled, scale=1 / math.sqrt(64))
    printed = [[2.0169, 1.9487, 1.9576], [1.8289, 1.6636, 1.6313], [2.2031, 1.9702, 2.1664]]
    assert_printed(scaled.scaled_scores[0], printed, 4)
    weights = [[0.3476, 0.3247, 0.3276], [0.3748, 0.3177, 0.3076], [0.3628, 0.2874, 0.3498]]
    assert_printed(scaled.weights[0], weights, 4)


def test_similarity_as_taste():
    assert one_head([[5, 4, 1, 2]], [[4, 5, 1, 3]]).scores.item() == 47


def test_best_and_worst_of_three_keys_scaled_by_the_root_of_three():
    record = one_head([[1, 2, 3]], [[1, 0, 3], [0, 1, 1], [-4, 0, 1]], scale=1 / 1.7320508)
    assert record.scores[0].tolist() == [[10, 5, -1]]
    assert_printed(record.scaled_scores[0], [[5.7735027, 2.8867514, -0.5773503]], 7)


def test_causal_weights_of_equal_scores_are_one_over_the_row_number():
    n = 7
    zeros, allowed = torch.zeros(1, n, 3), masks.causal(n)
    weights = AttentionRecord(zeros, zeros, zeros, allowed, 1.0).weights[0]
    for i in range(n):
        assert_close(weights[i], torch.tensor([1 / (i + 1)] * (i + 1) + [0.0] * (n - i - 1)))


# -- by hand: scores that are logarithms make weights that are fractions ------------------------------------

LOGS = [[math.log(1)], [math.log(2)], [math.log(4)]]


def test_context_is_the_mixture_of_values_the_weights_say():
    record = one_head([[1.0]], LOGS, value=[[7.0, 0, 14, 1, 0], [0, 7, 0, 1, 0], [0, 0, 7, 1, -7]])
    assert_close(record.weights[0], torch.tensor([[1 / 7, 2 / 7, 4 / 7]], dtype=torch.float64))
    assert_close(record.context[0], torch.tensor([[1, 2, 6, 1, -4]], dtype=torch.float64))


def test_a_forbidden_key_leaves_its_share_to_the_others():
    record = replace(one_head([[1.0]], LOGS), allowed=torch.tensor([[True, True, False]]))
    assert record.masked_scores[0, 0, 2] == -torch.inf
    assert_close(record.weights[0], torch.tensor([[1 / 3, 2 / 3, 0]], dtype=torch.float64))


def test_bias_is_added_after_scaling():
    bias = torch.tensor([[[math.log(3), 0, 0]]], dtype=torch.float64)
    record = replace(one_head([[2.0]], LOGS), scale=0.5, bias=bias)
    assert_close(record.weights[0], torch.tensor([[3 / 9, 2 / 9, 4 / 9]], dtype=torch.float64))


def test_replacing_the_scale_is_the_unscaled_softmax():
    record = one_head([[0.5]], LOGS, scale=0.25)
    assert_close(replace(record, scale=2.0).weights[0], torch.tensor([[1 / 7, 2 / 7, 4 / 7]], dtype=torch.float64))
    assert_close(replace(record, scale=1.0).masked_scores, record.scores)


def test_query_heads_of_one_group_read_neighbouring_key_heads():
    key = torch.tensor([[[1.0]], [[10.0]], [[100.0]]])  # 3 key heads for 6 query heads: 0 0 1 1 2 2
    record = AttentionRecord(torch.ones(6, 1, 1), key, key, masks.full(1, 1), 1.0)
    assert record.scores.flatten().tolist() == [1, 1, 10, 10, 100, 100]
    assert record.context.flatten().tolist() == [1, 1, 10, 10, 100, 100]


# -- properties of any record -----------------------------------------------------------------------------


@given(records())
def test_rows_sum_to_one_or_to_zero_where_nothing_may_be_seen(record: AttentionRecord):
    sees = record.allowed.any(-1).expand(record.weights.shape[:-1])
    assert_close(record.weights.sum(-1), sees.float())


@given(records())
def test_forbidden_cells_weigh_exactly_nothing(record: AttentionRecord):
    forbidden = ~record.allowed.expand_as(record.weights)
    assert (record.weights[forbidden] == 0).all()
    assert (record.weights[~forbidden] > 0).all()
    assert (record.masked_scores[forbidden] == -torch.inf).all()


@given(records())
def test_one_vector_added_to_all_keys_leaves_weights_unchanged(record: AttentionRecord):
    moved = replace(record, key=record.key + torch.randn(record.key.shape[-1]))
    assert_close(moved.weights, record.weights, atol=1e-5, rtol=1e-4)


@given(records())
def test_grouped_heads_equal_heads_repeated(record: AttentionRecord):
    group = record.n_head // record.key.shape[0]
    repeated = [torch.stack([part[i // group] for i in range(record.n_head)]) for part in (record.key, record.value)]
    whole = replace(record, key=repeated[0], value=repeated[1])
    assert_close(whole.weights, record.weights)
    assert_close(whole.context, record.context)


@given(records(), st.integers(0, 48))
def test_a_head_derives_what_the_whole_layer_derives(record: AttentionRecord, number: int):
    index = number % record.n_head
    head = record.head(index)
    for stage in ("scores", "scaled_scores", "masked_scores", "weights", "context"):
        assert_close(getattr(head, stage)[0], getattr(record, stage)[index])
    assert_close(head.fused_context()[0], record.fused_context()[index], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("index", [-1, 5])
def test_no_such_head(index: int):
    record = AttentionRecord(torch.ones(5, 2, 3), torch.ones(5, 2, 3), torch.ones(5, 2, 3), masks.causal(2), 1.0)
    with pytest.raises(IndexError, match=f"head {index} asked for; this layer has heads 0 to 4"):
        record.head(index)


# -- the fused kernel says the same -----------------------------------------------------------------------


@given(records())
def test_fused_equals_derived(record: AttentionRecord):
    assert_close(record.fused_context(), record.context, atol=1e-5, rtol=0)


@given(records(batch=(3,)))
def test_fused_equals_derived_in_a_batch(record: AttentionRecord):
    assert_close(record.fused_context(), record.context, atol=1e-5, rtol=0)
    alone = replace(record, query=record.query[1], key=record.key[1], value=record.value[1])
    assert_close(record.context[1], alone.context)


@given(st.integers(1, 13), st.booleans(), st.booleans())
def test_fused_equals_derived_under_the_causal_mask(n: int, recognised: bool, biased: bool):
    allowed = masks.causal(n) if recognised else masks.causal(n).clone()
    bias = torch.randn(6, n, n) if biased else None
    record = AttentionRecord(torch.randn(6, n, 5), torch.randn(2, n, 5), torch.randn(2, n, 7), allowed, 0.7, bias)
    assert_close(record.fused_context(), record.context, atol=1e-5, rtol=0)


@pytest.mark.parametrize("biased", [False, True])
def test_a_query_that_may_see_nothing_gives_zero_and_never_nan(biased: bool):
    allowed = torch.tensor([[True, True, False], [False, False, False]])
    bias = torch.randn(2, 2, 3) if biased else None
    record = AttentionRecord(torch.randn(2, 2, 5), torch.randn(1, 3, 5), torch.randn(1, 3, 7), allowed, 1.0, bias)
    for derived in (record.weights, record.context, record.fused_context()):
        assert (derived[:, 1] == 0).all()
        assert derived.isfinite().all()


# -- wrong shapes -----------------------------------------------------------------------------------------

SOUND = AttentionRecord(torch.ones(6, 5, 4), torch.ones(3, 7, 4), torch.ones(3, 7, 2), masks.full(5, 7), 1.0)


@pytest.mark.parametrize(
    ("field", "wrong", "message"),
    [
        ("query", torch.ones(5, 4), "query is [5, 4]; expected [head, query, d_head]"),
        ("query", torch.ones(6, 5, 3), "key is [3, 7, 4]; expected [kv_head, key, 3]"),
        ("query", torch.ones(2, 6, 5, 4), "key is [3, 7, 4]"),
        ("key", torch.ones(7, 4), "key is [7, 4]; expected [kv_head, key, 4]"),
        ("key", torch.ones(4, 7, 4), "key has 4 heads; expected a divisor of the query's 6 heads"),
        ("value", torch.ones(3, 5, 2), "value is [3, 5, 2]; expected [3, 7, d_value]"),
        ("value", torch.ones(1, 7, 2), "value is [1, 7, 2]; expected [3, 7, d_value]"),
        ("allowed", torch.ones(5, 7), "allowed is torch.float32; expected torch.bool"),
        ("allowed", masks.full(7, 5), "allowed is [7, 5]; expected [5, 7] or [6, 5, 7]"),
        ("allowed", masks.full(5, 7).expand(3, 5, 7), "allowed is [3, 5, 7]; expected [5, 7] or [6, 5, 7]"),
        ("allowed", masks.full(5, 7).expand(2, 6, 5, 7), "allowed is [2, 6, 5, 7]; expected [5, 7] or [6, 5, 7]"),
        ("bias", torch.ones(5, 7), "bias is [5, 7]; expected [6, 5, 7]"),
        ("scale", torch.ones(6), "scale is [6]; expected a number or [6, 1, 1]"),
        ("kept", torch.ones(5, 7), "kept is [5, 7]; expected [6, 5, 7] or [6, 1, 1]"),
    ],
)
def test_a_wrong_shape_is_refused_by_field_actual_and_expected(field: str, wrong: Tensor, message: str):
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(SOUND, **{field: wrong})


def test_a_record_keeps_causes_only():
    assert [field.name for field in fields(SOUND)] == [
        "query",
        "key",
        "value",
        "allowed",
        "scale",
        "bias",
        "kept",
        "cap",
    ]
    assert len(SOUND.tensors) == 4


def test_stages_are_the_stages() -> None:
    query, key, value = (torch.randn(3, 7, 5) for _ in range(3))
    record = AttentionRecord(query, key, value, masks.causal(7), scale=0.3, bias=torch.randn(3, 7, 7))
    for name, stage in record.stages()._asdict().items():
        torch.testing.assert_close(stage, getattr(record, name), rtol=0, atol=0)
