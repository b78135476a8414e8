from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from tests.examples import records
from viz_core import masks
from viz_core.attention import AttentionRecord
from viz_core.efficiency.online_softmax import attention_in_tiles, context_in_tiles, steps


@given(records(), st.integers(1, 8), st.integers(1, 8), st.integers(0, 100))
def test_tiles_of_any_size_give_the_whole_softmax(record: AttentionRecord, rows: int, keys: int, number: int):
    head = replace(record.head(number % record.n_head), kept=None)  # dropout has no place in it
    assert_close(context_in_tiles(head, rows, keys), head.context[0], atol=1e-5, rtol=1e-4)


def causal(n: int = 7, scale: float = 1.0) -> AttentionRecord:
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 1, n, 4)
    return AttentionRecord(query, key, value, masks.causal(n), scale)


def test_the_running_maximum_and_sum_are_those_of_the_keys_so_far():
    record = causal()
    masked = record.masked_scores[0]
    for step in steps(record, 3, 2):
        (top, bottom), right = step.rows, step.keys[1]
        so_far = masked[top:bottom, :right]
        assert_close(step.after.largest, so_far.amax(-1))
        exponentials = torch.exp(so_far - so_far.amax(-1, keepdim=True)).nan_to_num(0)
        assert_close(step.after.total, exponentials.sum(-1))


def test_each_step_follows_from_the_one_before():
    earlier = None
    for step in steps(causal(), 3, 2):
        if earlier is not None and earlier.rows == step.rows:
            assert step.before is earlier.after
        assert_close(step.after.total, step.rescaled * step.before.total + step.added)
        earlier = step


def test_what_was_summed_under_an_old_maximum_is_rescaled():
    query, key = torch.ones(1, 1, 1), torch.tensor([[[1.0], [3.0]]])
    record = AttentionRecord(query, key, torch.tensor([[[10.0], [20.0]]]), masks.full(1, 2), 1.0)
    first, second = steps(record, 1, 1)
    assert first.after.total.tolist() == [1.0]
    assert_close(second.rescaled, torch.tensor([1.0 - 3.0]).exp())
    assert second.added.tolist() == [1.0]
    assert_close(second.after.total, torch.tensor([1.0 - 3.0]).exp() + 1)
    assert_close(second.after.context, record.context[0])


def test_large_scores_do_not_overflow():
    assert context_in_tiles(causal(scale=1e4), 2, 2).isfinite().all()


def test_tiles_above_the_diagonal_are_skipped():
    skipped = [step.keys[0] >= step.rows[1] for step in steps(causal(), 2, 2)]
    assert skipped == [step.skipped for step in steps(causal(), 2, 2)]
    assert sum(skipped) == 6


def test_some_blocks_of_rows_alone():
    assert {step.rows for step in steps(causal(), 2, 3, 4, 6)} == {(4, 6)}
    assert {step.rows for step in steps(causal(), 2, 3, 6)} == {(6, 7)}


@pytest.mark.parametrize(("rows", "keys"), [(0, 2), (2, 0)])
def test_no_empty_tiles(rows: int, keys: int):
    with pytest.raises(ValueError, match=f"a tile is {rows} × {keys}"):
        next(steps(causal(), rows, keys))


@pytest.mark.parametrize(("rows", "keys"), [(1, 1), (3, 5), (64, 2), (64, 64)])
def test_what_is_measured_is_attention(rows: int, keys: int):
    query, key, value = torch.randn(11, 4) * 3, torch.randn(13, 4), torch.randn(13, 5)
    expected = torch.softmax(query @ key.T, dim=-1) @ value
    assert_close(attention_in_tiles(query, key, value, rows, keys), expected)


def test_a_row_that_has_seen_nothing_yet_has_nothing_to_rescale():
    query, key, value = torch.ones(1, 2, 3), torch.ones(1, 2, 3), torch.tensor([[[1.0], [5.0]]])
    record = AttentionRecord(query, key, value, torch.eye(2, dtype=torch.bool), 1.0)
    assert_close(context_in_tiles(record, 2, 1), record.context[0])


def test_several_heads_are_not_walked_at_once():
    query, key, value = torch.randn(3, 2, 4, 5)
    record = AttentionRecord(query, key, value, masks.causal(4), 1.0)
    with pytest.raises(ValueError, match="has 2 heads; expected one"):
        next(steps(record, 2, 2))
