"""Likeness of heads against the definition, term by term, and maps whose truth is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.analysis.test_finder import record_with
from viz_core.analysis import similar
from viz_core.analysis.similar import Likeness, between, flat, likeness, rows_compared
from viz_core.recording import BlockRecord, Recording


def jensenshannon(one: np.ndarray, other: np.ndarray) -> float:
    """√ of half of KL(p ‖ m) + KL(q ‖ m), m in the middle, in bits: by Lin's definition, not by entropies."""
    middle = [(p + q) / 2 for p, q in zip(one, other, strict=True)]
    toward = [sum(p * math.log2(p / m) for p, m in zip(row, middle, strict=True) if p > 0) for row in (one, other)]
    return math.sqrt(max(0.0, sum(toward) / 2))


def recorded(*layers: torch.Tensor) -> Recording:
    """A recording whose weights these are."""
    n = layers[0].shape[-1]
    blocks = tuple(BlockRecord(attention=record_with(weights)) for weights in layers)
    return Recording(torch.arange(n), torch.zeros(n, 2), None, blocks, torch.zeros(1, 7))


def test_distances_by_hand():
    """The same rows: 0. No key in common: 1. One key against two alike: JS = H(¾, ¼) − ½ bit."""
    one, other, both = [1.0, 0, 0, 0], [0, 0, 1.0, 0], [0.5, 0.5, 0, 0]
    heads = torch.tensor([[row] * 4 for row in (one, one, other, both)]) + 1e-20
    found = likeness(recorded(heads))
    mixed = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25)) - 0.5 * 1
    expected = [[0, 0, 1, math.sqrt(mixed)], [0, 0, 1, math.sqrt(mixed)], [1, 1, 0, 1]]
    np.testing.assert_allclose(found.distances[:3], expected, atol=2e-3)
    assert found.order(0).tolist() == [1, 3, 2]
    np.testing.assert_allclose(sorted(found.pairs()), sorted([0, 1, 1, 1, *[math.sqrt(mixed)] * 2]), atol=2e-3)


@pytest.mark.parametrize("cells", [30, 500, 150_000])
def test_every_pair_is_as_defined(recording: Recording, monkeypatch: pytest.MonkeyPatch, cells: int):
    monkeypatch.setattr(similar, "AT_A_TIME", cells)
    found = likeness(recording)
    weights = torch.cat([block.attention.weights for block in recording.blocks]).double().numpy()
    assert found.rows.tolist() == list(range(1, 11)), "the first row has no choice"
    for one in range(18):
        for other in range(18):
            rows = [jensenshannon(weights[one, row], weights[other, row]) for row in range(1, 11)]
            assert found.distances[one, other] == pytest.approx(np.mean(rows), abs=1e-3)


def test_rows_that_choose_in_a_later_layer_are_compared(recording: Recording):
    """A first layer that sees only itself does not make the heads of the second alike."""
    first, second = recording.blocks[:2]
    itself = replace(first, attention=replace(first.attention, allowed=torch.eye(11, dtype=torch.bool)))
    found = likeness(replace(recording, blocks=(itself, second)))
    assert found.rows.tolist() == list(range(1, 11))
    assert (found.distances[:6, :6] == 0).all()
    assert found.distances[6, 7] == pytest.approx(likeness(replace(recording, blocks=(second,))).distances[0, 1])


def test_dropout_changes_what_is_mixed_and_not_where_a_head_looks(recording: Recording):
    dropped = [
        replace(block, attention=replace(block.attention, kept=torch.zeros(6, 11, 11))) for block in recording.blocks
    ]
    found = likeness(replace(recording, blocks=tuple(dropped)))
    np.testing.assert_array_equal(found.distances, likeness(recording).distances)


def test_distances_are_a_metric(recording: Recording):
    distances = likeness(recording).distances
    assert (np.diag(distances) == 0).all()
    np.testing.assert_array_equal(distances, distances.T)
    assert ((distances >= 0) & (distances <= 1)).all()
    around = distances[:, :, None] + distances[None]  # by way of the head in the middle
    assert (distances[:, None, :] <= around + 1e-6).all()


def test_of_a_long_text_some_rows_stand_for_all(recording: Recording, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(similar, "MOST_CELLS", 0)
    monkeypatch.setattr(similar, "FEWEST_ROWS", 4)
    assert rows_compared(recording).tolist() == [1, 4, 7, 10]
    found = likeness(recording)
    assert (len(found.rows), found.choosing) == (4, 10)
    weights = torch.cat([block.attention.weights for block in recording.blocks]).double().numpy()
    expected = np.mean([jensenshannon(weights[2, row], weights[15, row]) for row in (1, 4, 7, 10)])
    assert found.distances[2, 15] == pytest.approx(expected, abs=1e-3)


def test_progress_can_end_it(recording: Recording, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(similar, "AT_A_TIME", 1)
    told: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        told.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        likeness(recording, note)
    assert told == [(0, 10), (1, 10), (2, 10), (3, 10)]


def test_one_token_makes_all_heads_alike():
    found = likeness(recorded(torch.ones(3, 1, 1)))
    assert len(found.rows) == found.choosing == 0
    assert (found.distances == 0).all()
    assert flat(found.distances).stress == 0


# -- the map -------------------------------------------------------------------------------------------------


def test_points_of_a_plane_are_found_again():
    points = np.array([[0, 0], [3, 0], [3, 4], [-1, 2], [5, 5]], float)
    found = flat(between(points))
    np.testing.assert_allclose(between(found.points), between(points), atol=1e-9)
    assert found.kept == pytest.approx(1)
    assert found.stress == pytest.approx(0, abs=1e-9)


def test_what_a_plane_cannot_keep():
    """Four points all at distance 1 are a tetrahedron: three equal axes, a plane has two of them."""
    distances = 1 - np.eye(4)
    found = flat(distances)
    assert found.kept == pytest.approx(2 / 3)
    shown = between(found.points)
    assert found.stress == pytest.approx(math.sqrt(((shown - distances) ** 2).sum() / (distances**2).sum()))
    assert 0.2 < found.stress < 0.5


def test_distances_that_no_space_has_are_not_hidden():
    """A centre at 1 from three points at 2 from each other: no such points exist; an eigenvalue is below 0."""
    distances = np.array([[0, 1, 1, 1], [1, 0, 2, 2], [1, 2, 0, 2], [1, 2, 2, 0]], float)
    centred = np.eye(4) - 0.25
    values = np.linalg.eigvalsh(-0.5 * centred @ distances**2 @ centred)
    assert values.min() < -0.1
    assert flat(distances).kept == pytest.approx(np.sort(values)[-2:].sum() / np.abs(values).sum())
    assert flat(distances).kept < 1


def test_a_map_is_the_same_every_time_and_however_heads_are_numbered(recording: Recording):
    distances = likeness(recording).distances
    order = np.random.default_rng(0).permutation(len(distances))
    np.testing.assert_allclose(flat(distances[np.ix_(order, order)]).points, flat(distances).points[order], atol=1e-6)
    assert (flat(distances).points[np.abs(flat(distances).points).argmax(0), [0, 1]] > 0).all()


def test_few_heads_have_a_map():
    assert between(flat(np.array([[0, 0.7], [0.7, 0]])).points)[0, 1] == pytest.approx(0.7)
    assert flat(np.zeros((1, 1))).points.tolist() == [[0, 0]]


def test_equals_keep_the_order_of_the_model():
    found = Likeness(np.array([[0, 0.5, 0.5], [0.5, 0, 0.2], [0.5, 0.2, 0]]), np.arange(1), 1)
    assert found.order(0).tolist() == [1, 2]
    assert found.order(2).tolist() == [1, 0]
