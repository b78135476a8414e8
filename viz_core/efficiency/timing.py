"""How long something takes on this machine, and how its time grows.

Times are wall-clock seconds of float32 work on the CPU, with the threads PyTorch has. They differ from machine to
machine and from run to run; what holds is how they grow.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

FEWEST = 2  # rounds, however long they take: one alone tells nothing of what disturbs the machine


def in_rounds(
    works: Sequence[Callable[[], object]],
    *,
    rounds: int = 7,
    enough: float = 8.0,
    note: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[list[float]]:
    """Seconds that each of `works` took, in each round: one after the other, so that what disturbs the machine for a
    moment falls on few runs of each; short ones are repeated at once. After `enough` seconds no further round is begun,
    once there are FEWEST.

    A first round is not counted: it fills caches and finds its memory. `note` is told (done, all) before each work.
    """
    taken: list[list[float]] = [[] for _work in works]
    begun, total = time.perf_counter(), (rounds + 1) * len(works)
    for number in range(rounds + 1):
        for place, work in enumerate(works):
            note(number * len(works) + place, total)
            taken[place].append(fastest(work))
        if number >= FEWEST and time.perf_counter() - begun > enough:
            break
    return [runs[1:] for runs in taken]


def fastest(work: Callable[[], object], *, most: int = 10, enough: float = 0.005) -> float:
    """Seconds that the fastest of at most `most` runs took; no further one is begun after `enough` seconds."""
    taken: list[float] = []
    while len(taken) < most and sum(taken) < enough:
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """The p of y ∝ xᵖ: least squares through the points on logarithmic axes.

    Raises ValueError unless there are two different x, and all numbers are above 0.
    """
    if len(set(x)) < 2 or len(x) != len(y):
        raise ValueError(f"{len(x)} x and {len(y)} y; expected as many of both, at two different x or more")
    if min(*x, *y) <= 0:
        raise ValueError(f"the smallest number is {min(*x, *y)}; expected only numbers above 0")
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
