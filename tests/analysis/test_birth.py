"""When a score rises, how a loss falls, how far heads move: by hand, and on the model the page tells of."""

import math

import pytest
import torch
from torch.nn import functional as F

from viz_core import load
from viz_core.analysis.birth import fall_around, jensen_shannon, moved, rise_of


def test_a_rise_is_read_off_the_line_between_two_measurements():
    rise = rise_of([10, 20, 40, 50], [0.0, 0.1, 0.7, 0.8])
    assert rise.index == 2
    assert rise.level == pytest.approx(0.4)
    assert rise.step == pytest.approx(30)  # half way from 0.1 to 0.7
    assert rise_of([10, 20], [0.8, 0.9]).step == 10


def test_what_never_rises_is_refused():
    with pytest.raises(ValueError, match="highest of 2 scores is 0"):
        rise_of([1, 2], [0.0, 0.0])


def test_the_steepest_stretch_contains_the_step():
    steps, losses = [0, 50, 100, 150, 200, 250], [9.0, 4.0, 3.9, 3.0, 2.9, 2.8]
    assert fall_around(steps, losses, 120, 100) == (50, 150, 4.0, 3.0)  # 100 to 200 falls by as much; the first counts
    assert fall_around(steps, losses, 190, 100) == (100, 200, 3.9, 2.9)
    assert fall_around(steps, losses, 120, 70) == (50, 150, 4.0, 3.0)  # measured every 50: the next that is as far
    with pytest.raises(ValueError, match="300 steps apart"):
        fall_around(steps, losses, 120, 300)


def test_jensen_shannon_by_hand():
    # (1, 0) and (1/2, 1/2): the middle is (3/4, 1/4)
    middle = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    expected = math.sqrt(middle - 0.5 * 1)  # entropies 0 and 1 bit
    found = jensen_shannon(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5]))
    assert float(found) == pytest.approx(expected, abs=1e-12)
    assert float(jensen_shannon(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))) == 1
    assert float(jensen_shannon(torch.tensor([0.2, 0.8]), torch.tensor([0.2, 0.8]))) == 0


def test_jensen_shannon_is_the_mean_divergence_to_the_middle():
    first, second = torch.softmax(3 * torch.randn(2, 7, 11, generator=torch.Generator().manual_seed(0)).double(), -1)
    to_middle = [F.kl_div(((first + second) / 2).log(), one, reduction="none").sum(-1) for one in (first, second)]
    torch.testing.assert_close(jensen_shannon(first, second), (sum(to_middle) / 2 / math.log(2)).sqrt())
    torch.testing.assert_close(jensen_shannon(first, second), jensen_shannon(second, first))


def test_a_head_moves_by_the_mean_of_its_rows_without_the_first():
    still = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    turned = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])  # its last row looks elsewhere
    torch.testing.assert_close(
        moved(torch.stack([still, still]), torch.stack([still, turned])), torch.tensor([0.0, 0.5]).double()
    )
    assert moved(torch.ones(2, 1, 1), torch.ones(2, 1, 1)).tolist() == [0, 0]


# -- what the page says of formation ------------------------------------------------------------------------


def history(score: str) -> tuple[list[int], list[float]]:
    lines = load("formation").card["history"]
    return [line["step"] for line in lines], [line[score] for line in lines]


def test_the_previous_token_score_rises_before_induction():
    previous, induction = rise_of(*history("previous")), rise_of(*history("induction"))
    assert 1550 < previous.step < induction.step < 1650


def test_the_training_loss_falls_there_and_nowhere_else_so_fast():
    steps, losses = history("loss")
    fall = fall_around(steps, losses, rise_of(*history("induction")).step, 200)
    assert fall.before - fall.after > 1
    after_the_start = [losses[i] - losses[i + 4] for i in range(9, len(steps) - 4)]  # from step 500 on
    assert max(after_the_start) == pytest.approx(fall.before - fall.after)


def test_the_history_ends_where_the_card_measures():
    card = load("formation").card
    assert card["history"][-1]["step"] == card["steps"]
    assert card["history"][-1]["induction"] == pytest.approx(card["figures"]["best_induction"], abs=6e-4)
    assert card["history"][-1]["previous"] == pytest.approx(card["figures"]["best_previous_on_repeats"], abs=6e-4)


def test_shipped_moments_and_the_history_agree_on_induction():
    card = load("formation").card
    measured = {line["step"]: line["induction"] for line in card["history"]}
    for checkpoint in card["figures"]["checkpoints"]:
        if checkpoint["step"] in measured:
            best = max(map(max, checkpoint["roles"]["induction"]))
            assert best == pytest.approx(measured[checkpoint["step"]], abs=6e-4)
