"""Visitors who come, act each in their own time, and are answered; what they waited and what the server took."""

import asyncio
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from random import Random

import numpy as np
import psutil
from numpy.typing import NDArray
from websockets.exceptions import WebSocketException

from tests.load.checks import Seen, percentile, wrong
from tests.load.client import Failed, Tab
from tests.load.measured import MB, Sample
from tests.load.visitors import Done, Visitor

LONGEST = 60.0  # seconds a visitor waits for an answer before it counts as an error
LATE = 5.0  # seconds after the end in which what was planned before may begin


@dataclass(kw_only=True)
class Crowd:
    """All visitors, and what came of what they did; `seconds` are measured, after `warm_up`."""

    sessions: int
    every: float
    seconds: float
    warm_up: float
    seed: int
    addresses: list[str]
    servers: list[psutil.Process]
    checker: ProcessPoolExecutor
    done: list[Done] = field(default_factory=list)  # after the warming up
    opened: list[Done] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)  # after the warming up
    first: Sample | None = None
    planned: int = 0
    checks: int = 0
    measured_from: float = 0.0
    checking: set[Future[str]] = field(default_factory=set)

    async def run(self) -> None:
        self.first = Sample.of(self.servers)
        print(f"{self.sessions} visitors come within {self.warm_up / 2:.0f} s", flush=True)
        self.measured_from = time.monotonic() + self.warm_up
        await asyncio.gather(self._watch(), *(self._visitor(number) for number in range(self.sessions)))
        while self.checking:
            await asyncio.sleep(0.1)

    async def _watch(self) -> None:
        """Memory and CPU, every ten seconds; a line each minute."""
        await asyncio.sleep(self.measured_from - time.monotonic())
        steps = max(1, round(self.seconds / 10))
        for step in range(steps + 1):
            self.samples.append(Sample.of(self.servers))
            if step % 6 == 0 and self.samples[-1].resident:
                waits = [done.seconds for done in self.done]
                print(
                    f"minute {step / 6:.0f}: {self.samples[-1].resident / MB:,.0f} MB, {len(self.done)} actions, "
                    f"p95 {percentile(waits, 0.95):.2f} s, {len(self.errors)} errors",
                    flush=True,
                )
            if step < steps:
                following = self.measured_from + self.seconds * (step + 1) / steps
                await asyncio.sleep(max(0, following - time.monotonic()))

    async def _visitor(self, number: int) -> None:
        random = Random(f"{self.seed} {number}")  # noqa: S311  the same each time
        end = self.measured_from + self.seconds
        await asyncio.sleep(self.warm_up / 2 * number / self.sessions)
        while time.monotonic() < end:
            try:
                async with Tab.opened(self.addresses[number % len(self.addresses)]) as tab:
                    visitor = Visitor(number, tab, random, self._check)
                    async with asyncio.timeout(LONGEST):
                        self.opened.append(await visitor.come())
                    await self._act(visitor, end)
                    return
            except (Failed, OSError, TimeoutError, WebSocketException) as error:
                self.errors.append(f"visitor {number}: {type(error).__name__}: {error}")
                await asyncio.sleep(1)  # and comes again

    async def _act(self, visitor: Visitor, end: float) -> None:
        """At moments that are planned without regard to how long answers take; who is late acts at once."""
        planned = time.monotonic() + visitor.random.uniform(0, self.every)
        while planned < end:
            await asyncio.sleep(max(0, planned - time.monotonic()))
            if time.monotonic() > end + LATE:
                break
            counts = planned >= self.measured_from
            self.planned += counts
            async with asyncio.timeout(LONGEST):
                done = await visitor.act()
            if counts:
                self.done.append(done)
            planned += visitor.random.uniform(0.5, 1.5) * self.every

    def _check(self, seen: Seen, cells: NDArray[np.float32], names: list[str]) -> None:
        future = self.checker.submit(wrong, seen, cells, names)
        self.checking.add(future)
        self.checks += 1
        future.add_done_callback(self._checked)

    def _checked(self, future: "Future[str]") -> None:
        if future.exception() or future.result():
            self.errors.append(str(future.exception() or future.result()))
        self.checking.discard(future)
