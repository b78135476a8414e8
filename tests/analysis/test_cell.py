"""One cell's arithmetic."""

import math
from dataclasses import replace

import pytest
import torch

from viz_core.analysis.cell import cell_of
from viz_core.attention import AttentionRecord
from viz_core.recording import Recording


def test_worked_by_hand() -> None:
    """q = (2, 1), keys (1, 0), (0, 3), (1, 1), scale ½: scores 2, 3, 3; the last is hidden."""
    record = AttentionRecord(
        query=torch.tensor([[[2.0, 1.0]]]),
        key=torch.tensor([[[1.0, 0.0], [0.0, 3.0], [1.0, 1.0]]]),
        value=torch.tensor([[[1.0, 2.0, 3.0], [10.0, 20.0, 30.0], [7.0, 7.0, 7.0]]]),
        allowed=torch.tensor([[True, True, False]]),
        scale=0.5,
    )
    cell = cell_of(record, 0, 1)
    assert cell.products.tolist() == [0.0, 3.0]
    assert (cell.score, cell.scaled, cell.masked, cell.row_max) == (3.0, 1.5, 1.5, 1.5)
    assert cell.exponential == 1.0
    assert cell.row_sum == pytest.approx(1 + math.exp(-0.5))
    assert cell.weight == pytest.approx(1 / (1 + math.exp(-0.5)))
    assert cell.moved.tolist() == pytest.approx([10 * cell.weight, 20 * cell.weight, 30 * cell.weight])
    hidden = cell_of(record, 0, 2)
    assert (hidden.score, hidden.masked, hidden.exponential, hidden.weight) == (3.0, -math.inf, 0.0, 0.0)
    assert not hidden.allowed


def test_every_step_follows_from_the_one_before(recording: Recording) -> None:
    record = recording.blocks[1].attention.head(4)
    for query in range(11):
        for key in range(query + 1):
            cell = cell_of(record, query, key)
            assert float(cell.products.sum()) == pytest.approx(cell.score, rel=1e-4, abs=1e-4)
            assert cell.score * record.scale == pytest.approx(cell.scaled, rel=1e-5)
            assert math.exp(cell.masked - cell.row_max) == pytest.approx(cell.exponential, rel=1e-4)
            assert cell.exponential / cell.row_sum == pytest.approx(cell.weight, rel=1e-4)


def test_the_values_moved_sum_to_the_context(recording: Recording) -> None:
    record = recording.blocks[2].attention.head(1)
    moved = sum(cell_of(record, 10, key).moved for key in range(11))
    torch.testing.assert_close(moved, cell_of(record, 10, 0).context)


def test_a_row_that_may_look_nowhere(recording: Recording) -> None:
    record = recording.blocks[0].attention.head(0)
    blind = replace(record, allowed=torch.zeros(11, 11, dtype=torch.bool))
    cell = cell_of(blind, 4, 2)
    assert (cell.exponential, cell.row_sum, cell.weight) == (0.0, 0.0, 0.0)


def test_outside_the_map_or_of_several_heads_is_refused(recording: Recording) -> None:
    with pytest.raises(IndexError, match=r"cell \(11, 0\); the map has 11 rows"):
        cell_of(recording.blocks[0].attention.head(0), 11, 0)
    with pytest.raises(ValueError, match="6 heads; expected one"):
        cell_of(recording.blocks[0].attention, 0, 0)
