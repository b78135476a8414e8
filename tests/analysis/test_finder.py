"""How heads spread their weight: against sums by hand, one row at a time."""

import math

import pytest
import torch
from torch import Tensor

from viz_core.analysis import finder
from viz_core.analysis.finder import places, spread, spread_of
from viz_core.analysis.heads import evenness
from viz_core.attention import AttentionRecord
from viz_core.recording import BlockRecord, Recording


def record_with(weights: Tensor) -> AttentionRecord:
    """A record whose weights [head, row, key] these are; keys of weight 0 may not be looked at."""
    heads, rows, keys = weights.shape
    identity = torch.eye(rows).expand(heads, rows, rows)
    return AttentionRecord(
        query=identity,
        key=torch.zeros(heads, keys, rows),
        value=torch.zeros(heads, keys, 1),
        allowed=weights > 0,
        scale=1.0,
        bias=weights.clamp(min=1e-30).log(),
    )


def test_a_spread_by_hand():
    """½ ½ has ln 2 nats; ½ ¼ ¼ has 1.5 ln 2; the first row has a single key and is left out."""
    weights = torch.tensor([[[1, 0, 0], [0.5, 0.5, 0], [0.5, 0.25, 0.25]]])
    found = spread_of(record_with(weights))
    assert found.entropy.tolist() == pytest.approx([(1 + 1.5) / 2 * math.log(2)])
    assert found.distance.tolist() == pytest.approx([(0.5 * 1 + (0.5 * 2 + 0.25 * 1)) / 2])
    assert found.largest.tolist() == pytest.approx([0.5])


def test_an_encoder_looks_ahead_as_far_as_back():
    weights = torch.tensor([[[0.5, 0.0, 0.5], [0.25, 0.5, 0.25], [0.75, 0.0, 0.25]]])
    weights = weights + 1e-12  # all of it allowed
    found = spread_of(record_with(weights))
    assert found.distance.tolist() == pytest.approx([(1.0 + 0.5 + 1.5) / 3], abs=1e-5)
    assert found.largest.tolist() == pytest.approx([(0.5 + 0.5 + 0.75) / 3], abs=1e-5)


def naive(weights: Tensor) -> list[tuple[float, float, float]]:
    found = []
    for head in weights.double().tolist():
        rows = [(i, row[: i + 1]) for i, row in enumerate(head) if i > 0]
        found.append(
            (
                sum(-sum(w * math.log(w) for w in row if w > 0) for _i, row in rows) / len(rows),
                sum(sum(w * abs(i - j) for j, w in enumerate(row)) for i, row in rows) / len(rows),
                sum(max(row) for _i, row in rows) / len(rows),
            )
        )
    return found


@pytest.mark.parametrize("at_a_time", [1, 4, 128])
def test_every_head_of_a_recording(recording: Recording, monkeypatch: pytest.MonkeyPatch, at_a_time: int):
    monkeypatch.setattr(finder, "MOST_ROWS", at_a_time)
    told: list[tuple[int, int]] = []
    found = spread(recording, lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3)]
    expected = [numbers for block in recording.blocks for numbers in naive(block.attention.weights)]
    for name, numbers in zip(("entropy", "distance", "largest"), zip(*expected, strict=True), strict=True):
        assert getattr(found, name).tolist() == pytest.approx(list(numbers), abs=1e-5), name


def test_entropy_as_a_share_is_evenness_where_rows_are_alike():
    """Every row but the first over the same two keys: ln 2 nats, and evenness weighs it by what each row might have."""
    weights = torch.zeros(1, 5, 5)
    weights[0, 0, 0] = 1
    weights[0, 1:, :2] = 0.5
    found = spread_of(record_with(weights))
    assert found.entropy.item() == pytest.approx(math.log(2), abs=1e-6)
    shares = [math.log(2) / math.log(keys) for keys in (2, 3, 4, 5)]
    assert evenness(weights).item() == pytest.approx(sum(shares) / 4)


def test_one_token_has_no_spread():
    assert all(numbers.isnan().all() for numbers in spread_of(record_with(torch.ones(2, 1, 1))))


def test_layers_may_have_different_numbers_of_heads():
    weights = [torch.rand(heads, 4, 4).tril().add(torch.eye(4) * 0.1) for heads in (3, 1)]
    blocks = tuple(BlockRecord(attention=record_with(w / w.sum(-1, keepdim=True))) for w in weights)
    ids = torch.arange(4)
    recording = Recording(ids, torch.zeros(4, 2), None, blocks, torch.zeros(1, 7))
    assert places(recording) == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert spread(recording).entropy.shape == (4,)
