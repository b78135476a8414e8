"""What weights carry: lengths by hand, and vectors that add up to what the head hands on."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from tests.examples import configs, sharp_transformer
from viz_core.analysis.contributions import head_outputs
from viz_core.analysis.value_weighted import output_norms, own_rows_of, value_norms
from viz_core.attention import AttentionRecord
from viz_core.config import TransformerConfig


@pytest.fixture
def record() -> AttentionRecord:
    """Scores are 0, so that each row looks alike at all it may: α is 1, and ½ ½."""
    return AttentionRecord(
        query=torch.zeros(1, 2, 3),
        key=torch.randn(1, 2, 3),
        value=torch.tensor([[[3.0, 4.0], [0.0, 2.0]]]),
        allowed=torch.ones(2, 2, dtype=torch.bool).tril(),
        scale=1.0,
    )


def test_value_norms_by_hand(record: AttentionRecord) -> None:
    assert_close(value_norms(record), torch.tensor([[[5.0, 0.0], [2.5, 1.0]]]))


def test_what_is_dropped_carries_nothing(record: AttentionRecord) -> None:
    dropped = replace(record, kept=torch.tensor([[[2.0, 1.0], [0.0, 2.0]]]))
    assert_close(value_norms(dropped), torch.tensor([[[10.0, 0.0], [0.0, 2.0]]]))
    assert_close(output_norms(dropped, torch.eye(2)[None]), torch.tensor([[[10.0, 0.0], [0.0, 2.0]]]))


def test_output_norms_by_hand(record: AttentionRecord) -> None:
    own_rows = torch.tensor([[[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]])  # (3, 4) → (3, 4, 6), (0, 2) → (0, 2, 0)
    assert_close(output_norms(record, own_rows), torch.tensor([[[61**0.5, 0.0], [61**0.5 / 2, 1.0]]]))


def test_a_heads_own_rows_of_the_output_matrix() -> None:
    output_weight = torch.arange(24.0).reshape(6, 4)  # three heads of two components
    assert own_rows_of(output_weight, 1, 2).tolist() == [[[8.0, 9.0, 10.0, 11.0], [12.0, 13.0, 14.0, 15.0]]]


@given(configs(), st.integers(0, 2), st.integers(0, 5), st.integers(0, 5))
def test_the_vectors_add_up_to_the_heads_output(config: TransformerConfig, layer: int, head: int, row: int) -> None:
    """‖αvW_O‖ is the length of vectors α·v·W_O, and these sum to what the head adds at a row."""
    transformer = sharp_transformer(config).requires_grad_(False)
    with torch.inference_mode():
        recording = transformer(torch.tensor([3, 1, 4, 1, 5, 9]))
        whole = recording.blocks[layer].attention
        record, group = whole.head(head), whole.n_head // whole.value.shape[0]
        own_rows = own_rows_of(transformer.block(layer).attention.output.weight.T, head, whole.value.shape[-1])
        looks = [record.weights[0, row, key] * whole.value[head // group, key] @ own_rows[0] for key in range(6)]
        assert_close(output_norms(record, own_rows)[0, row], torch.stack(looks).norm(dim=-1), atol=1e-5, rtol=1e-5)
        added = head_outputs(transformer, recording, row)[layer, head]
        assert_close(torch.stack(looks).sum(0), added, atol=1e-5, rtol=1e-5)


def test_all_heads_at_once_share_grouped_values() -> None:
    grouped = AttentionRecord(
        query=torch.randn(4, 3, 2),
        key=torch.randn(2, 3, 2),
        value=torch.randn(2, 3, 5),
        allowed=torch.ones(3, 3, dtype=torch.bool),
        scale=0.5,
    )
    assert_close(value_norms(grouped), torch.cat([value_norms(grouped.head(head)) for head in range(4)]))
