import pytest
import torch
from hypothesis import given

from tests.examples import records
from viz_core.analysis.heads import patterns, role_scores
from viz_core.attention import AttentionRecord

TEXT = torch.tensor([2, 3, 5, 2, 3, 2])  # A B C A B A


def cells_of(role: str) -> list[tuple[int, int]]:
    return [tuple(cell) for cell in patterns(TEXT)[role].nonzero().tolist()]


@pytest.mark.parametrize(
    ("role", "cells"),
    [
        ("previous", [(1, 0), (2, 1), (3, 2), (4, 3), (5, 4)]),
        ("induction", [(3, 1), (4, 2), (5, 1), (5, 4)]),  # what came after A is B, after B is C
        ("duplicate", [(3, 0), (4, 1), (5, 0), (5, 3)]),
        ("first", [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]),
        ("self", [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]),
    ],
)
def test_the_cells_of_a_role(role: str, cells: list[tuple[int, int]]):
    assert cells_of(role) == cells


def test_a_perfect_head_scores_one_in_its_role():
    roles = list(patterns(TEXT))
    weights = torch.stack([cells / cells.sum(-1, keepdim=True).clamp(min=1) for cells in patterns(TEXT).values()])
    scores = role_scores(weights, TEXT)
    for head, role in enumerate(roles):
        assert scores[role][head] == 1
    assert scores["previous"][roles.index("first")] == 1 / 5  # only in row 1 is the first token the previous one
    assert scores["self"][roles.index("induction")] == 0


def test_a_score_is_the_mean_over_the_rows_that_have_a_cell():
    weights = torch.zeros(1, 6, 6)
    weights[0, 3, 1], weights[0, 4, 2], weights[0, 5, 1], weights[0, 5, 4] = 0.5, 0.2, 0.3, 0.2
    assert role_scores(weights, TEXT)["induction"].item() == pytest.approx((0.5 + 0.2 + 0.5) / 3)


def test_a_role_asleep_on_a_text_has_no_score():
    scores = role_scores(torch.rand(7, 3, 3), torch.tensor([2, 3, 5]))
    assert scores["induction"].isnan().all()
    assert scores["duplicate"].isnan().all()
    assert not scores["previous"].isnan().any()


def test_one_token_alone_has_no_roles():
    assert all(score.isnan().all() for score in role_scores(torch.ones(3, 1, 1), torch.tensor([2])).values())


@given(records())
def test_scores_lie_between_zero_and_one(record: AttentionRecord):
    n = min(record.query.shape[1], record.key.shape[1])
    for scores in role_scores(record.weights[:, :n, :n], torch.randint(3, (n,))).values():
        assert scores.shape == (record.n_head,)
        assert (scores.isnan() | ((scores >= 0) & (scores <= 1 + 1e-6))).all()
