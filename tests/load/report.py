"""What a crowd waited and what the server took, as a table to print."""

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime

import psutil

from tests.load.checks import percentile
from tests.load.crowd import Crowd
from tests.load.measured import MB, Sample, growth

MOST_ERRORS = 20


def report(crowd: Crowd) -> str:
    lines = [*_setting(crowd), "", *_waits(crowd), "", *_taken(crowd), f"errors: {len(crowd.errors)}"]
    return "\n".join([*lines, *(f"  {error[:500]}" for error in crowd.errors[:MOST_ERRORS])])


def missed(crowd: Crowd, p95: float, most_mb: float, growing: float) -> list[str]:
    """What is not reached: the waiting, in seconds, the memory of all servers, in MB, and its growth in the second
    half, in MB a minute."""
    waits = percentile([done.seconds for done in crowd.done], 0.95)
    most = max((sample.resident for sample in crowd.samples), default=0) / MB
    grows = growth(_half(crowd))
    wanted = [
        (waits <= p95, f"p95 is {waits:.2f} s; asked for are {p95:g}"),  # nobody who acted: no number, no success
        (most <= most_mb, f"memory is {most:,.0f} MB; asked for are {most_mb:,.0f}"),
        (crowd.servers, "memory was not measured: say --pid"),
        (grows <= growing, f"memory grows by {grows:.1f} MB a minute; asked for are {growing:g}"),
    ]
    return [says for reached, says in wanted if not reached]


def _half(crowd: Crowd) -> list[Sample]:
    return crowd.samples[len(crowd.samples) // 2 :]


def _setting(crowd: Crowd) -> Iterator[str]:
    machine = f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}"
    yield f"{datetime.now(UTC):%Y-%m-%d}, {machine}; load average {os.getloadavg()[0]:.1f}"
    yield (
        f"{crowd.sessions} visitors, each about every {crowd.every:g} s, {crowd.seconds / 60:g} min after "
        f"{crowd.warm_up:g} s of warming up; servers: {len(crowd.servers)}"
    )


def _waits(crowd: Crowd) -> Iterator[str]:
    yield "seconds from the input to the new figure, and to the end of the run; kB on the wire"
    yield f"{'':10}{'actions':>8}{'p50':>8}{'p95':>8}{'max':>8}{'end p95':>10}{'kB':>8}"
    for kind in ["opening", *sorted({done.kind for done in crowd.done}), "all"]:
        of = crowd.opened if kind == "opening" else [done for done in crowd.done if kind in {done.kind, "all"}]
        waits, ends = [done.seconds for done in of], [done.ended for done in of]
        times = f"{percentile(waits, 0.5):8.3f}{percentile(waits, 0.95):8.3f}{max(waits, default=0):8.3f}"
        sent = sum(done.sent for done in of) / 1000 / max(1, len(of))
        yield f"{kind:10}{len(of):8}{times}{percentile(ends, 0.95):10.3f}{sent:8.1f}"
    yield f"actions: {len(crowd.done)} of {crowd.planned} planned; maps checked against viz_core: {crowd.checks}"


def _taken(crowd: Crowd) -> Iterator[str]:
    first, begin, end = crowd.first, crowd.samples[0], crowd.samples[-1]
    took, actions = end.at - begin.at or 1.0, max(1, len(crowd.done))
    if crowd.servers and first:
        used = end.servers - begin.servers
        yield f"server CPU: {used:.0f} s, {used / took:.0%} of a core, {1000 * used / actions:.0f} ms an action"
        most = max(sample.resident for sample in crowd.samples)
        a_session = (end.resident - first.resident) / MB / crowd.sessions
        yield (
            f"server memory: {first.resident / MB:,.0f} MB at first, {begin.resident / MB:,.0f} warmed up, "
            f"{end.resident / MB:,.0f} at the end, most {most / MB:,.0f}; {growth(crowd.samples):+.1f} MB a minute, "
            f"{growth(_half(crowd)):+.1f} in the second half; {a_session:.1f} MB a session, all that is shared included"
        )
    used = end.visitors - begin.visitors
    yield f"visitors' CPU: {used:.0f} s, {used / took:.0%} of a core (without checking, which is niced)"
