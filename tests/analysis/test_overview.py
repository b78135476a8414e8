"""All heads small, and the strongest keys."""

import torch

from viz_core.analysis.heads import role_scores
from viz_core.analysis.overview import overview, strongest_keys, tile_side
from viz_core.analysis.truth import truth_of
from viz_core.recording import Recording
from viz_core.transformer import Transformer


def test_a_tile_as_large_as_the_text_is_the_weights(recording: Recording) -> None:
    assert tile_side(recording) == 11
    tiles, allowed, _roles = overview(recording, 11)
    assert tiles.shape == (3, 6, 11, 11)
    weights = torch.stack([block.attention.weights for block in recording.blocks])
    torch.testing.assert_close((tiles / 255.0) ** 2, weights, rtol=0, atol=0.005)
    assert torch.equal(allowed, recording.blocks[0].attention.allowed)


def test_a_pooled_cell_is_the_largest_it_covers(recording: Recording) -> None:
    tiles, allowed, _roles = overview(recording, 4)
    weights = recording.blocks[1].attention.weights[3]
    assert tiles[1, 3, 3, 0] == round(255 * float(weights[8:, :3].max()) ** 0.5)
    assert not allowed[0, 3]
    assert allowed[1, 1]


def test_each_head_has_the_scores_of_its_own_weights(recording: Recording) -> None:
    roles = overview(recording, 4).roles
    assert roles["induction"].shape == (3, 6)
    for layer, block in enumerate(recording.blocks):
        for role, scores in role_scores(block.attention.weights, recording.token_ids).items():
            torch.testing.assert_close(roles[role][layer], scores)


def test_what_is_sent_does_not_grow_with_the_text(transformer: Transformer) -> None:
    long = transformer(torch.randint(31, (16,)))
    many = [block for block in long.blocks for _ in range(400)]
    side = tile_side(type(long)(long.token_ids.repeat(64), long.embeddings, None, tuple(many), long.logits))
    assert side >= 8
    assert side * side * len(many) * 6 <= max(200_000, 64 * len(many) * 6)


def test_strongest_keys_come_first() -> None:
    weights = torch.tensor([[0.1, 0.7, 0.2], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]])
    keys, shares = strongest_keys(weights, most=2)
    assert keys[0].tolist() == [1, 2]
    assert shares[2].tolist() == [1.0, 0.0]


def test_truth_tells_a_broken_stage_from_a_right_one(recording: Recording, monkeypatch) -> None:
    record = recording.blocks[0].attention
    assert truth_of(record).fused_difference < 1e-5
    assert truth_of(record).row_sum_error < 1e-5
    assert truth_of(record).dtype == "float32"
    right = type(record).weights.fget
    monkeypatch.setattr(type(record), "weights", property(lambda self: right(self) * 0.9))
    assert truth_of(record).fused_difference > 1e-2
    assert truth_of(record).row_sum_error > 0.05
