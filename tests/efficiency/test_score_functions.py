"""Additive and dot-product scores: counted by hand, equal to the model's own, timed side by side."""

import math

import pytest
import torch
from torch.testing import assert_close
from torch.utils.flop_counter import FlopCounterMode

from viz_core.efficiency import score_functions
from viz_core.recurrent import AdditiveRecord


def test_costs_are_those_counted():
    n, d = 7, 5
    query, key = torch.randn(n, d), torch.randn(n, d)
    dot, sums = score_functions.counted(n, d)
    with FlopCounterMode(display=False) as counter:
        score_functions.dot_scores(query, key)
    assert counter.get_total_flops() == 2 * dot.multiply_adds
    assert sums.multiply_adds == dot.multiply_adds == 245
    assert (dot.additions, dot.tanhs, dot.between) == (0, 0, 0)
    assert sums.tanhs == sums.additions == (query[:, None] + key).numel()
    assert sums.between == sums.additions + sums.tanhs


def test_scores_worked_out_in_parts_are_the_records(monkeypatch: pytest.MonkeyPatch):
    query, key, v = torch.randn(7, 5), torch.randn(11, 5), torch.randn(5)
    record = AdditiveRecord(query, key, key, v, torch.ones(7, 11, dtype=torch.bool))
    for at_once in (1, 2 * 55 + 1, 10**6):
        monkeypatch.setattr(score_functions, "AT_ONCE", at_once)
        assert_close(score_functions.additive_scores(query, key, v), record.scores)
    assert_close(score_functions.dot_scores(query, key), query @ key.T / math.sqrt(5))


def test_the_fastest_run_of_each_at_every_length_counts(monkeypatch: pytest.MonkeyPatch):
    shapes = []

    def rounds_of(works, *, rounds, note):
        note(0, rounds * len(works))
        shapes.extend(work().shape for work in works)
        return [[3.0, 1.0], [9.0, 8.0], [5.0, 6.0], [40.0, 20.0]]

    monkeypatch.setattr(score_functions, "in_rounds", rounds_of)
    told = []
    timed = score_functions.timed((2, 3), 4, 5, lambda *at: told.append(at))
    assert told == [(0, 20)]
    assert shapes == [(2, 2), (2, 2), (3, 3), (3, 3)]
    assert (timed.dot, timed.additive) == ((1.0, 5.0), (8.0, 20.0))
    assert (timed.lengths, timed.width, timed.rounds) == ((2, 3), 4, 2)
    assert timed.threads == torch.get_num_threads()
