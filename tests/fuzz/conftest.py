"""What was tried, told at the end: target, cases, seconds, failures."""

import time
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

from tests.fuzz.cases import TRIED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    before, began = TRIED.copy(), time.perf_counter()
    try:
        return (yield)
    finally:
        seconds = time.perf_counter() - began
        item.user_properties += [("fuzz", (target, cases, seconds)) for target, cases in (TRIED - before).items()]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    cases, seconds, failures = Counter[str](), Counter[str](), Counter[str]()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, found in report.user_properties if report.when == "call" else []:
                if name == "fuzz":
                    target, tried, took = found
                    cases[target] += tried
                    seconds[target] += took
                    failures[target] += outcome == "failed"
    if not cases:
        return
    seed = config.getoption("--hypothesis-seed")
    terminalreporter.section("fuzzing" if seed is None else f"fuzzing, --hypothesis-seed={seed}")
    terminalreporter.line(f"{'target':<44}{'cases':>9}{'seconds':>9}{'failures':>10}")
    for target in sorted(cases):
        terminalreporter.line(f"{target:<44}{cases[target]:>9,}{seconds[target]:>9.1f}{failures[target]:>10}")
    total = f"{cases.total():>9,}{seconds.total():>9.1f}{failures.total():>10}"
    terminalreporter.line(f"{'in all':<44}{total}")
