"""What processes take: CPU seconds and memory, of the servers and of those who drive them."""

import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

MB = 1_000_000


@dataclass(frozen=True)
class Sample:
    """At a moment: seconds on the clock, bytes resident in the servers together, CPU seconds used so far by the servers
    and by the visitors' own process."""

    at: float
    resident: int
    servers: float
    visitors: float

    @classmethod
    def of(cls, servers: list[psutil.Process]) -> "Sample":
        resident, used = 0, 0.0
        for process in servers:
            with suppress(psutil.NoSuchProcess), process.oneshot():  # a drill may kill some
                resident, used = resident + process.memory_info().rss, used + sum(process.cpu_times()[:2])
        return cls(time.monotonic(), resident, used, sum(psutil.Process().cpu_times()[:2]))


def growth(samples: list[Sample]) -> float:
    """MB a minute: the slope of the straight line nearest to the samples."""
    if len(samples) < 2:
        return 0.0
    minutes = [(sample.at - samples[0].at) / 60 for sample in samples]
    sizes = [sample.resident / MB for sample in samples]
    mean_at, mean_size = sum(minutes) / len(minutes), sum(sizes) / len(sizes)
    spread = sum((at - mean_at) ** 2 for at in minutes)
    return sum((at - mean_at) * (size - mean_size) for at, size in zip(minutes, sizes, strict=True)) / spread


def listening(address: str) -> list[psutil.Process]:
    """The processes that listen at that address; none where it is another machine's."""
    place = urlsplit(address)
    if place.hostname not in {"localhost", "127.0.0.1", "::1"}:
        return []
    port = place.port or 80
    found = {c.pid for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr.port == port}
    return [psutil.Process(pid) for pid in found if pid]
