import pytest
import torch

import viz_core
from viz_core import masks
from viz_core.attention import AttentionRecord
from viz_core.efficiency.tile_walk import MOST, tile_walk, watched


def causal(n: int) -> AttentionRecord:
    query, key, value = torch.randn(3, 1, n, 4)
    return AttentionRecord(query, key, value, masks.causal(n), 1.0)


def test_the_whole_map_is_walked_where_it_has_few_tiles():
    walk = tile_walk(causal(10), 4, 3, 0)
    assert walk.rows == (0, 10)
    assert walk.tiles == 3 * 4
    assert len(walk.steps) + len(walk.skipped) == 12
    assert set(walk.skipped) == {(0, 4, 6, 9), (0, 4, 9, 10), (4, 8, 9, 10)}
    assert max(walk.differences) < 1e-5


def test_of_many_tiles_the_block_of_the_chosen_row():
    walk = tile_walk(causal(50), 2, 2, 33)
    assert walk.tiles == 625 > MOST
    assert walk.rows == (32, 34)
    assert {step.rows for step in walk.steps} == {(32, 34)}
    assert len(walk.steps) == 17
    assert max(walk.differences) < 1e-5


def test_a_head_of_a_model_is_rescaled_and_exact():
    record = viz_core.load("tiny-gpt").record("The dog bit the man").blocks[1].attention.head(2)
    walk = tile_walk(record, 2, 1, 0)
    assert any(bool(((step.rescaled > 0) & (step.rescaled < 1)).any()) for step in walk.steps)
    assert max(walk.differences) < 1e-5


def test_a_wrong_result_would_be_seen(monkeypatch: pytest.MonkeyPatch):
    right = AttentionRecord.fused_context
    monkeypatch.setattr(AttentionRecord, "fused_context", lambda record: right(record) + 0.5)
    assert tile_walk(causal(10), 4, 3, 0).differences.fused == pytest.approx(0.5, abs=1e-5)
    assert tile_walk(causal(10), 4, 3, 0).differences.whole < 1e-5


def test_the_step_of_a_cell():
    walk = tile_walk(causal(10), 4, 3, 0)
    for row, key in ((0, 0), (5, 4), (9, 9)):
        step = walk.steps[walk.step_of(row, key)]
        assert step.rows[0] <= row < step.rows[1]
        assert step.keys[0] <= key < step.keys[1]
    assert walk.steps[walk.step_of(0, 9)].keys == (3, 6), "a skipped tile: the last of the row"


def test_the_row_that_is_told_of():
    walk = tile_walk(causal(10), 5, 2, 0)
    step = walk.steps[walk.step_of(7, 2)]
    assert watched(step, 7) == 2
    assert float(step.rescaled[watched(step, 0)]) == pytest.approx(float(step.rescaled.min()))
