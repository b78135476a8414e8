import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given

from tests.examples import records
from viz_core import masks
from viz_core.analysis.heads import LOCAL, alignment_score, evenness, patterns, role_scores, rows_with
from viz_core.attention import AttentionRecord

TEXT = torch.tensor([2, 3, 5, 2, 3, 2])  # A B C A B A
ALL_DIFFERENT = torch.arange(13)


def cells_of(role: str, token_ids: torch.Tensor = TEXT, *, both_sides: bool = False) -> list[tuple[int, int]]:
    return [tuple(cell) for cell in patterns(token_ids, both_sides=both_sides)[role].nonzero().tolist()]


def perfect(cells: torch.Tensor) -> torch.Tensor:
    """Weights of a head that shares each row out over these cells alone."""
    return cells / cells.sum(-1, keepdim=True).clamp(min=1)


@pytest.mark.parametrize(
    ("role", "cells"),
    [
        ("previous", [(1, 0), (2, 1), (3, 2), (4, 3), (5, 4)]),
        ("induction", [(3, 1), (4, 2), (5, 1), (5, 4)]),  # what came after A is B, after B is C
        ("duplicate", [(3, 0), (4, 1), (5, 0), (5, 3)]),
        ("first", [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]),
        ("self", [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]),
        ("local", []),  # everything is near
    ],
)
def test_the_cells_of_a_role(role: str, cells: list[tuple[int, int]]):
    assert cells_of(role) == cells


@pytest.mark.parametrize(
    ("role", "cells"),
    [
        ("previous", [(1, 0), (2, 1), (3, 2), (4, 3), (5, 4)]),
        ("next", [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]),
        # A at 0, 3, 5 and B at 1, 4: after the other copies, but for the row itself and what follows it
        ("induction", [(0, 4), (1, 5), (3, 1), (4, 2), (5, 1), (5, 4)]),
        ("duplicate", [(0, 3), (0, 5), (1, 4), (3, 0), (3, 5), (4, 1), (5, 0), (5, 3)]),
        ("self", [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]),
    ],
)
def test_the_cells_of_a_role_that_sees_both_sides(role: str, cells: list[tuple[int, int]]):
    assert cells_of(role, both_sides=True) == cells


def test_a_decoder_has_no_next_token():
    assert "next" not in patterns(TEXT)
    assert "next" not in role_scores(torch.rand(2, 6, 6), TEXT)


def test_near_counts_where_most_is_far():
    """Rows 0 to 6 of a decoder see at most 7 tokens, more than half of them near."""
    assert LOCAL == 3
    assert cells_of("local", ALL_DIFFERENT)[:8] == [(7, 4), (7, 5), (7, 6), (7, 7), (8, 5), (8, 6), (8, 7), (8, 8)]
    seen = cells_of("local", ALL_DIFFERENT, both_sides=True)
    assert seen[:4] == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert [key for query, key in seen if query == 6] == [3, 4, 5, 6, 7, 8, 9]
    assert not cells_of("local", ALL_DIFFERENT[:12], both_sides=True)


@pytest.mark.parametrize("both_sides", [False, True])
def test_a_perfect_head_scores_one_in_its_role(both_sides: bool):
    text = torch.cat([TEXT, torch.arange(10, 20)])
    found = patterns(text, both_sides=both_sides)
    scores = role_scores(torch.stack([perfect(cells) for cells in found.values()]), text, both_sides=both_sides)
    for head, role in enumerate(found):
        assert scores[role][head] == pytest.approx(1)
    heads = list(found)
    assert scores["previous"][heads.index("first")] == pytest.approx(1 / 15)  # only in row 1 is the first the previous
    assert scores["self"][heads.index("duplicate")] == 0


def test_a_score_is_the_mean_over_the_rows_that_have_a_cell():
    weights = torch.zeros(1, 6, 6)
    weights[0, 3, 1], weights[0, 4, 2], weights[0, 5, 1], weights[0, 5, 4] = 0.5, 0.2, 0.3, 0.2
    assert role_scores(weights, TEXT)["induction"].item() == pytest.approx((0.5 + 0.2 + 0.5) / 3)


def test_a_role_asleep_on_a_text_has_no_score():
    scores = role_scores(torch.rand(7, 3, 3), torch.tensor([2, 3, 5]))
    assert scores["induction"].isnan().all()
    assert scores["duplicate"].isnan().all()
    assert not scores["previous"].isnan().any()


@pytest.mark.parametrize("both_sides", [False, True])
def test_one_token_alone_looks_nowhere_else(both_sides: bool):
    scores = role_scores(torch.ones(3, 1, 1), torch.tensor([2]), both_sides=both_sides)
    assert scores.pop("self").isnan().all() != both_sides  # an encoder's row might see more, and looks at itself
    assert all(score.isnan().all() for score in scores.values())


def test_even_rows_are_broad_and_single_minded_rows_are_not():
    causal = torch.ones(1, 7, 7).tril()
    assert evenness(causal / causal.sum(-1, keepdim=True)).item() == pytest.approx(1)
    assert evenness(torch.full((1, 7, 7), 1 / 7), both_sides=True).item() == pytest.approx(1)
    assert evenness(torch.eye(7)[None]).item() == 0
    assert evenness(torch.eye(7)[None], both_sides=True).item() == 0


def test_evenness_by_hand():
    """Rows of 2 and 3 keys: ½, ½ is even; ½, ¼, ¼ has 1.5 ln 2 of at most ln 3; the single key has no choice."""
    weights = torch.tensor([[[1, 0, 0], [0.5, 0.5, 0], [0.5, 0.25, 0.25]]])
    assert evenness(weights).item() == pytest.approx((1 + 1.5 * math.log(2) / math.log(3)) / 2)


def test_alignment_by_hand():
    """Three target words, two source words; the last has no counterpart and is left out."""
    aligned = torch.tensor([[True, False], [True, True], [False, False]])
    weights = torch.tensor([[[0.75, 0.25], [0.5, 0.5], [0.1, 0.9]], [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]])
    assert alignment_score(weights, aligned).tolist() == pytest.approx([(0.75 + 1) / 2, (0 + 1) / 2])


@pytest.mark.parametrize("both_sides", [False, True])
def test_rows_of_a_role_are_those_its_score_is_the_mean_of(both_sides: bool):
    rows = rows_with(TEXT, both_sides=both_sides)
    assert rows["induction"] == (5 if both_sides else 3)
    assert rows["broad"] == (6 if both_sides else 5)
    assert set(rows) == set(role_scores(torch.rand(1, 6, 6), TEXT, both_sides=both_sides))
    assert rows_with(TEXT[:1], both_sides=both_sides)["broad"] == 0


def equal_weights(allowed: torch.Tensor) -> torch.Tensor:
    return (allowed / allowed.sum(-1, keepdim=True))[None]


@pytest.mark.parametrize("both_sides", [False, True])
def test_a_plain_mask_changes_no_score(both_sides: bool):
    text, allowed = torch.tensor([2, 3, 5, 2, 3, 2] * 3), torch.ones(18, 18, dtype=torch.bool)
    allowed = allowed if both_sides else allowed.tril()
    weights = torch.rand(3, 18, 18) * allowed
    weights /= weights.sum(-1, keepdim=True)
    plain = role_scores(weights, text, both_sides=both_sides)
    under = role_scores(weights, text, both_sides=both_sides, allowed=allowed)
    assert all(torch.equal(under[role], scores) for role, scores in plain.items())


def test_a_window_is_what_there_is_to_choose_from():
    """A window of 3 on A B C A B A: rows that cannot see the pattern are left out, and even means ln 3 at most."""
    window = masks.sliding_window(6, 3)
    scores = role_scores(equal_weights(window), TEXT, allowed=window)
    assert scores["broad"].item() == pytest.approx(1)
    assert evenness(equal_weights(window), allowed=window).item() == pytest.approx(1)
    assert scores["first"].item() == pytest.approx((1 / 2 + 1 / 3) / 2), "rows 1 and 2 alone see it"
    assert scores["duplicate"].item() == pytest.approx(1 / 3), "the last A sees the A two back"
    assert scores["induction"].item() == pytest.approx((1 / 3 + 1 / 3 + 1 / 3) / 3)
    assert rows_with(TEXT, allowed=window) == {
        "previous": 5, "induction": 3, "duplicate": 1, "first": 2, "self": 5, "local": 0, "broad": 5,
    }  # fmt: skip


def test_a_few_rows_at_the_start_do_not_speak_for_all():
    """A window of 4: rows 1 to 3 see the first token, a quarter of the 12 that another mask lets, not of 13."""
    for n, told in ((13, True), (14, False)):
        window = masks.sliding_window(n, 4)
        scores = role_scores(equal_weights(window), torch.arange(n), allowed=window)
        assert scores["first"].isnan().item() != told
        assert rows_with(torch.arange(n), allowed=window)["first"] == (3 if told else 0)


def test_near_needs_something_far_within_the_window():
    narrow, wide = (masks.sliding_window(13, window) for window in (4, 8))
    assert role_scores(equal_weights(narrow), ALL_DIFFERENT, allowed=narrow)["local"].isnan().all()
    assert role_scores(equal_weights(wide), ALL_DIFFERENT, allowed=wide)["local"].item() == pytest.approx(0.5)


def test_a_row_that_may_look_at_one_key_alone_has_no_choice():
    itself = torch.eye(6, dtype=torch.bool)
    assert all(score.isnan().all() for score in role_scores(equal_weights(itself), TEXT, allowed=itself).values())


def test_heads_of_one_layer_may_have_masks_of_their_own():
    both = torch.stack([masks.causal(6), masks.sliding_window(6, 3)])
    weights = torch.cat([equal_weights(one) for one in both])
    together = role_scores(weights, TEXT, allowed=both)
    for head, mask in enumerate(both):
        for role, score in role_scores(weights[head : head + 1], TEXT, allowed=mask).items():
            torch.testing.assert_close(together[role][head : head + 1], score, equal_nan=True)


@given(records())
def test_scores_lie_between_zero_and_one(record: AttentionRecord):
    n = min(record.query.shape[1], record.key.shape[1])
    parts = {name: getattr(record, name)[:, :n] for name in ("query", "key", "value")}
    for both_sides in (False, True):
        allowed = torch.ones(n, n, dtype=torch.bool)
        weights = replace(
            record, **parts, bias=None, kept=None, allowed=allowed if both_sides else allowed.tril()
        ).weights
        for scores in role_scores(weights, torch.randint(3, (n,)), both_sides=both_sides).values():
            assert scores.shape == (record.n_head,)
            assert (scores.isnan() | ((scores >= 0) & (scores <= 1 + 1e-5))).all()
