"""All heads small, and what they do."""

from pathlib import Path

import pytest
import torch

import viz_core
from tests.models.checkpoints import saved
from viz_core.analysis.heads import evenness, role_scores
from viz_core.analysis.overview import overview, resting, tile_side
from viz_core.analysis.truth import truth_of
from viz_core.recording import Recording
from viz_core.transformer import Transformer


def test_a_tile_as_large_as_the_text_is_the_weights(recording: Recording) -> None:
    assert tile_side(recording) == 11
    seen = overview(recording, 11)
    assert seen.tiles.shape == (3, 6, 11, 11)
    assert seen.size == 1
    weights = torch.stack([block.attention.weights for block in recording.blocks])
    torch.testing.assert_close((seen.tiles / 255.0) ** 2, weights, rtol=0, atol=0.005)
    assert torch.equal(seen.allowed, recording.blocks[0].attention.allowed[None]), "one for all layers"


@pytest.mark.parametrize("rows", [3, 6, 128])
def test_a_pooled_cell_is_the_largest_or_the_mean_of_what_it_covers(
    recording: Recording, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("viz_core.analysis.overview.MOST_ROWS", rows)
    weights = recording.blocks[1].attention.weights[3]
    strongest, mean = overview(recording, 4), overview(recording, 4, pool="mean")
    assert strongest.size == mean.size == 3  # 11 tokens: three whole cells, and one of two
    for row in range(4):
        for column in range(4):
            covered = weights[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            assert strongest.tiles[1, 3, row, column] == round(255 * float(covered.max()) ** 0.5)
            assert mean.tiles[1, 3, row, column] == pytest.approx(255 * float(covered.mean()) ** 0.5, abs=0.51)
    assert not strongest.allowed[0, 0, 3]
    assert strongest.allowed[0, 1, 1]


@pytest.mark.parametrize("rows", [3, 6, 128])
def test_rows_at_a_time_change_no_score(recording: Recording, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr("viz_core.analysis.overview.MOST_ROWS", rows)
    for both_sides in (False, True):
        roles = overview(recording, 4, both_sides=both_sides).roles
        for layer, block in enumerate(recording.blocks):
            record = block.attention
            whole = role_scores(record.weights, recording.token_ids, both_sides=both_sides, allowed=record.allowed)
            for role, scores in whole.items():
                torch.testing.assert_close(roles[role][layer], scores, equal_nan=True)


def test_each_head_has_the_scores_of_its_own_weights(recording: Recording) -> None:
    roles = overview(recording, 4).roles
    assert roles["induction"].shape == (3, 6)
    for layer, block in enumerate(recording.blocks):
        for role, scores in role_scores(block.attention.weights, recording.token_ids).items():
            torch.testing.assert_close(roles[role][layer], scores)


def test_layers_of_other_masks_keep_their_own(tmp_path: Path) -> None:
    """Gemma 2: layers with a window of 4, between them one that sees all before; no weight lies where none may."""
    model = viz_core.load(str(saved(tmp_path, "gemma2")))
    recording = model.record("The dog bit the man again")
    n = len(recording.token_ids)
    seen = overview(recording, n)
    assert seen.allowed.shape == (3, n, n)
    for allowed, tiles, block in zip(seen.allowed, seen.tiles, recording.blocks, strict=True):
        assert torch.equal(allowed, block.attention.allowed.reshape(-1, n, n)[0])
        assert not tiles[:, ~allowed].any()
    assert not torch.equal(seen.allowed[0], seen.allowed[1])
    for layer, block in enumerate(recording.blocks):
        expected = evenness(block.attention.weights, allowed=block.attention.allowed.reshape(-1, n, n)[0])
        torch.testing.assert_close(seen.roles["broad"][layer], expected)
    assert seen.roles["local"][0].isnan().all(), "its window leaves it nothing far"


def test_what_is_sent_does_not_grow_with_the_text(transformer: Transformer) -> None:
    long = transformer(torch.randint(31, (16,)))
    many = [block for block in long.blocks for _ in range(400)]
    side = tile_side(type(long)(long.token_ids.repeat(64), long.embeddings, None, tuple(many), long.logits))
    assert side >= 8
    assert side * side * len(many) * 6 <= max(600_000, 64 * len(many) * 6)


def test_heads_that_rest_on_the_first_token() -> None:
    scores = {"first": torch.tensor([[0.95, 0.3, torch.nan]])}
    assert resting(scores).tolist() == [[True, False, False]]


def test_truth_tells_a_broken_stage_from_a_right_one(recording: Recording, monkeypatch) -> None:
    record = recording.blocks[0].attention
    assert truth_of(record).fused_difference < 1e-5
    assert truth_of(record).row_sum_error < 1e-5
    assert truth_of(record).dtype == "float32"
    right = type(record).weights.fget
    monkeypatch.setattr(type(record), "weights", property(lambda self: right(self) * 0.9))
    assert truth_of(record).fused_difference > 1e-2
    assert truth_of(record).row_sum_error > 0.05
