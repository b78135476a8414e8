"""What counts as reached."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import psutil
import pytest

from tests.load.crowd import Crowd
from tests.load.measured import MB, Sample
from tests.load.report import missed, report
from tests.load.visitors import Done


def crowd(waits: list[float], sizes: list[float]) -> Crowd:
    """One whose visitors waited so many seconds, while the servers had so many MB, a sample every 10 s."""
    made = Crowd(
        sessions=2,
        every=5,
        seconds=60,
        warm_up=60,
        seed=1,
        addresses=[],
        servers=[psutil.Process()],
        checker=ProcessPoolExecutor(1, multiprocessing.get_context("spawn")),  # starts nothing before it is asked
    )
    made.done = [Done("head", wait, wait, 1_000) for wait in waits]
    made.samples = [Sample(10.0 * at, round(size * MB), at, at) for at, size in enumerate(sizes)]
    made.first = made.samples[0]
    return made


@pytest.mark.parametrize(
    ("waits", "sizes", "says"),
    [
        ([0.2] * 99 + [9.0], [900.0] * 8, []),
        ([0.2] * 90 + [1.5] * 10, [900.0] * 8, ["p95 is 1.50 s"]),
        ([], [900.0] * 8, ["p95 is nan s"]),
        ([0.2], [900.0, 3_001.0, 900.0, 900.0, 900.0, 900.0], ["memory is 3,001 MB"]),
        ([0.2], [500.0, 700.0, 800.0, 800.0, 800.0, 800.0], []),
        ([0.2], [500.0, 500.0, 500.0, 500.0, 502.0, 504.0, 506.0, 508.0], ["memory grows by 12.0 MB a minute"]),
    ],
)
def test_what_is_missed(waits: list[float], sizes: list[float], says: list[str]) -> None:
    found = missed(crowd(waits, sizes), p95=1, most_mb=3_000, growing=10)
    assert len(found) == len(says)
    assert all(one.startswith(begin) for one, begin in zip(found, says, strict=True))


def test_a_report_is_written_of_nothing_too() -> None:
    assert "actions: 0 of 0 planned" in report(crowd([], [1.0]))
