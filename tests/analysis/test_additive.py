"""Additive attention worked out: what is shown of a cell is what the model did, and costs are those counted."""

import math
from typing import cast

import pytest
import torch
from torch.testing import assert_close

import viz_core
from viz_core.analysis import additive
from viz_core.recurrent import AdditiveRecord, Recurrent, RecurrentRecording


@pytest.fixture(scope="module")
def written() -> tuple[Recurrent, RecurrentRecording]:
    model = viz_core.load("gru-attention")
    assert isinstance(model, viz_core.models.Translator)
    found = model.record("The cat that the children saw can cut this meat.")
    return cast(Recurrent, model.network), cast(RecurrentRecording, found)


def by_hand() -> AdditiveRecord:
    """Two annotations, width 2: scores 2·tanh(0) − tanh(1) and 2·tanh(1) − tanh(0)."""
    query = torch.tensor([[1.0, -1.0]])
    key = torch.tensor([[-1.0, 2.0], [0.0, 1.0]])
    value = torch.tensor([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0]])
    return AdditiveRecord(query, key, value, torch.tensor([2.0, -1.0]), torch.ones(1, 2, dtype=torch.bool))


def test_a_cell_by_hand():
    cell = additive.cell_of(by_hand(), 0, 1)
    assert cell.total.tolist() == [1, 0]
    assert_close(cell.products, torch.tensor([2 * math.tanh(1), 0.0]))
    assert cell.score == pytest.approx(2 * math.tanh(1))
    other = -math.tanh(1)
    assert cell.largest == pytest.approx(cell.score)
    assert cell.exponentials.tolist() == pytest.approx([math.exp(other - cell.score), 1])
    assert cell.weight == pytest.approx(1 / (1 + math.exp(other - cell.score)))
    assert cell.most == 0
    assert_close(cell.context, torch.tensor([1 - cell.weight, 2 * cell.weight, 3 * (1 - cell.weight)]))


def test_the_stages_shown_are_the_models_own(written: tuple[Recurrent, RecurrentRecording]):
    network, recording = written
    record = recording.attention
    assert record is not None
    stages = record.stages()
    for row in range(1, len(recording.token_ids)):
        for column in range(len(recording.source_ids)):
            cell = additive.cell_of(record, row, column, stages)
            assert torch.equal(cell.scores, record.scores[row])
            assert torch.equal(cell.weights, record.weights[row])
            assert torch.equal(cell.context, record.context[row])
            assert_close(cell.products.sum(), record.scores[row, column], atol=2e-5, rtol=0)
    with torch.inference_mode():  # from the state before the word, and the annotation
        row, column = 3, 2
        cell = additive.cell_of(record, row, column)
        assert_close(cell.query, network.query(recording.states[row - 1]))
        assert_close(cell.key, network.key(recording.annotations[column]))
        assert_close(cell.total, network.query(recording.states[row - 1]) + network.key(recording.annotations[column]))
        assert torch.equal(cell.v, network.v)
        assert_close(cell.context, recording.contexts[row], atol=1e-6, rtol=0)


def test_shares_sum_to_the_context(written: tuple[Recurrent, RecurrentRecording]):
    columns, added = additive.shares_of(by_hand(), (cell := additive.cell_of(by_hand(), 0, 1)), 1)
    assert columns == [1]
    assert_close(added, torch.tensor([[0.0, 2 * cell.weight, 0.0], [1 - cell.weight, 0.0, 3 * (1 - cell.weight)]]))
    record = written[1].attention
    assert record is not None
    for most in (1, 4, 99):
        cell = additive.cell_of(record, 4, 2)
        columns, added = additive.shares_of(record, cell, most)
        assert len(added) == min(most + 1, len(record.key))
        assert cell.weights[columns].tolist() == cell.weights.sort(descending=True).values[:most].tolist()
        assert_close(added.sum(0), cell.context, atol=1e-6, rtol=1e-5)


def test_two_matrices_are_one(written: tuple[Recurrent, RecurrentRecording]):
    network, recording = written
    assert recording.attention is not None
    one = torch.cat([network.query.weight, network.key.weight], dim=1)  # [W U]
    both = torch.cat([recording.states[2], recording.annotations[5]])  # [s; h]
    cell = additive.cell_of(recording.attention, 3, 5)
    assert_close(one @ both + network.query.bias, cell.total, atol=1e-5, rtol=1e-5)


def test_no_score_passes_the_sum_of_v():
    record = by_hand()
    assert additive.bound(record) == 3
    far = AdditiveRecord(100 * record.v[None], 0 * record.key, record.value, record.v, record.allowed)
    assert_close(far.scores, torch.full((1, 2), 3.0))  # reached where all tanh have the sign of v
