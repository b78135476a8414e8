import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

import viz_core
from viz_core import masks
from viz_core.analysis.predictions import divergence
from viz_core.edits import Cells, Edits
from viz_core.efficiency import sparse
from viz_core.efficiency.sparse import Pattern, as_wide

SENTENCE = "The little dog chased the red ball. The little dog chased the red"


@given(st.integers(1, 40), st.integers(1, 45), st.integers(1, 7), st.booleans())
def test_cells_of_windows_are_counted_without_making_them(n: int, window: int, step: int, both_sides: bool):
    pattern = Pattern(window, step, both_sides=both_sides)
    assert pattern.cells(n) == int(pattern.allowed(n).sum())
    assert torch.equal(pattern.allowed(n), masks.dilated(n, window, step, both_sides=both_sides))


@given(st.integers(1, 40), st.integers(1, 45), st.sets(st.integers(0, 39), max_size=5), st.booleans())
def test_cells_with_global_tokens(n: int, window: int, places: set[int], both_sides: bool):
    here = tuple(place for place in places if place < n)
    pattern = Pattern(window, everyone=here, both_sides=both_sides)
    expected = masks.local_and_global(n, window, here, both_sides=both_sides)
    assert torch.equal(pattern.allowed(n), expected)
    assert Pattern(window, everyone=tuple(places), both_sides=both_sides).cells(n) == int(expected.sum())


@pytest.mark.parametrize("both_sides", [False, True])
@pytest.mark.parametrize("places", [(), (0,), (3, 70)])
@pytest.mark.parametrize("window", [1, 4, 9])
def test_what_one_more_token_of_a_long_text_adds(window: int, places: tuple[int, ...], both_sides: bool):
    for step in (1, 3) if not places else (1,):
        pattern = Pattern(window, step, places, both_sides)
        assert pattern.cells(401) - pattern.cells(400) == pattern.each


@pytest.mark.parametrize("both_sides", [False, True])
def test_a_window_with_as_many_cells(both_sides: bool):
    pattern = Pattern(4, everyone=(0,), both_sides=both_sides)
    wide = as_wide(pattern, 18)
    few, enough = (int(Pattern(w, both_sides=both_sides).allowed(18).sum()) for w in (wide - 1, wide))
    assert few < int(pattern.allowed(18).sum()) <= enough
    assert as_wide(Pattern(99, both_sides=both_sides), 5) == 5


def test_cells_of_a_million_tokens():
    n = 1 << 20
    assert Pattern(4096).cells(n) == 4096 * n - 4096 * 4095 // 2
    assert Pattern(n).cells(n) == n * (n + 1) // 2
    assert Pattern(1, both_sides=True).cells(n) == n


def test_weight_kept_by_hand():
    weights = torch.tensor([[1.0, 0, 0], [0.5, 0.5, 0], [0.7, 0.2, 0.1]])
    kept = sparse.kept(weights, masks.sliding_window(3, 2))
    assert kept.mean == pytest.approx((1 + 1 + 0.3) / 3)
    assert kept.worst == pytest.approx(0.3)
    assert kept.worst_row == 2


@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert"])
def test_every_width_at_once_is_each_width(name: str):
    model = viz_core.load(name)
    weights = model.record(SENTENCE).blocks[1].attention.head(2).weights[0]
    n = len(weights)
    mean, worst = sparse.kept_by_width(weights)
    for place, width in enumerate(range(1, n + 1)):
        one = sparse.kept(weights, masks.sliding_window(n, width, both_sides=model.both_sides))
        assert float(mean[place]) == pytest.approx(one.mean, abs=1e-5)
        assert float(worst[place]) == pytest.approx(one.worst, abs=1e-5)
    assert float(mean[-1]) == pytest.approx(1, abs=1e-5)


def test_every_head_is_its_own():
    recording = viz_core.load("tiny-gpt").record(SENTENCE)
    n = len(recording.token_ids)
    found = sparse.kept_by_heads(recording, masks.sliding_window(n, 3))
    assert found.shape == (4, 6)
    weights = recording.blocks[2].attention.weights[5]
    assert float(found[2, 5]) == pytest.approx(sparse.kept(weights, masks.sliding_window(n, 3)).mean, abs=1e-6)


@pytest.mark.parametrize("at", [None, frozenset({(1, 4)})])
def test_changes_are_those_of_the_model_run_with_the_mask(at):
    model = viz_core.load("tiny-gpt")
    recording = model.record(SENTENCE)
    n = len(recording.token_ids)
    found = sparse.change_by_width(model.transformer, recording, [2, n], at=at, row=-1)
    edits = Edits(allowed=Cells.of(masks.sliding_window(n, 2)), at=at)
    assert found[0] == pytest.approx(divergence(recording.logits[-1], model.record(SENTENCE, edits).logits[-1]))
    assert found[0] > 1e-4
    assert found[1] == pytest.approx(0, abs=1e-9)


def test_widths_of_a_curve():
    assert sparse.widths_of(1) == [1]
    assert sparse.widths_of(18) == list(range(1, 19))
    long = sparse.widths_of(1024)
    assert long[0] == 1
    assert long[-1] == 1024
    assert long == sorted(set(long))
    assert len(long) <= sparse.MOST_WIDTHS


def test_a_pattern_is_as_the_masks_are():
    assert_close(Pattern(3).allowed(9), masks.sliding_window(9, 3))
