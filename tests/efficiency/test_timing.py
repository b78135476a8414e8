import time

import numpy as np
import pytest

from viz_core.efficiency.timing import FEWEST, fastest, in_rounds, slope


@pytest.mark.parametrize("power", [-1.0, 0.0, 0.5, 1.0, 1.79, 2.0])
def test_the_slope_of_a_power_is_its_exponent(power: float) -> None:
    x = [3.0, 5.0, 7.0, 100.0]
    assert slope(x, [4e-7 * n**power for n in x]) == pytest.approx(power)


def test_the_slope_of_noisy_points_is_near() -> None:
    x = np.geomspace(64, 4096, 40)
    y = x**1.5 * np.exp(np.random.default_rng(0).normal(0, 0.1, 40))
    assert slope(list(x), list(y)) == pytest.approx(1.5, abs=0.05)


def test_a_constant_beside_a_power_flattens_it() -> None:
    assert slope([1, 2], [10 + 1, 10 + 2]) < 0.2


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [([1], [1], "two different x"), ([2, 2], [1, 3], "two different x"), ([1, 2], [0, 3], "above 0")],
)
def test_what_has_no_slope(x: list, y: list, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        slope(x, y)


def test_rounds_take_turns_and_the_first_does_not_count() -> None:
    ran: list[str] = []

    def slow(name: str) -> None:
        ran.append(name)
        time.sleep(0.006)

    taken = in_rounds([lambda: slow("a"), lambda: slow("b")], rounds=3)
    assert "".join(ran) == "abababab"
    assert [len(runs) for runs in taken] == [3, 3]


def test_what_is_short_is_repeated_and_the_fastest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now, takes = [0.0], iter([4.0, 2.0, 3.0, 5.0])
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def work() -> None:
        now[0] += next(takes)

    assert fastest(work, most=10, enough=8.0) == 2.0
    assert next(takes) == 5.0


def test_no_round_is_begun_after_enough_but_two_are_counted() -> None:
    taken = in_rounds([lambda: time.sleep(0.01)], rounds=50, enough=0.0)
    assert len(taken[0]) == FEWEST
    assert taken[0][0] >= 0.01
