"""Many visitors on one server: python -m tests.load --sessions 50 --every 5 --minutes 10

Starts the app on this machine (or drives the one at --address), lets each visitor do something about every so many
seconds, checks every map of weights against viz_core, and prints how long the visitors waited and what the server took.
Exits with 1 when anything was wrong, or a visitor waited too long.
"""

import argparse
import asyncio
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests.browser.serving import served_app
from tests.load.checks import modest
from tests.load.crowd import Crowd
from tests.load.measured import listening
from tests.load.report import missed, report


def main() -> None:
    asked = _arguments()
    with ExitStack() as stack:
        homes = [Path(stack.enter_context(TemporaryDirectory())) for _ in range(asked.processes)]
        addresses = [asked.address] if asked.address else [stack.enter_context(served_app(home)) for home in homes]
        servers = [psutil.Process(pid) for pid in asked.pid] or [found for one in addresses for found in listening(one)]
        checker = stack.enter_context(ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=modest))
        crowd = Crowd(
            sessions=asked.sessions,
            every=asked.every,
            seconds=60 * asked.minutes,
            warm_up=asked.warm_up,
            seed=asked.seed,
            addresses=addresses,
            servers=servers,
            checker=checker,
        )
        asyncio.run(crowd.run())
    print(report(crowd))
    failed = missed(crowd, asked.p95, asked.most_mb, asked.most_growth)
    print(*(f"missed: {what}" for what in failed), sep="\n")
    sys.exit(1 if crowd.errors or failed else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--every", type=float, default=5, help="seconds between two actions of a visitor")
    parser.add_argument("--minutes", type=float, default=10, help="what is measured, after the warming up")
    parser.add_argument("--warm-up", type=float, default=60, help="seconds before that, in which all come and act")
    parser.add_argument("--address", help="of a running app, in place of one that is started: http://host:port")
    parser.add_argument("--pid", type=int, nargs="*", default=[], help="of the app at --address, to measure it")
    cores = psutil.cpu_count() or 1
    parser.add_argument("--processes", type=int, default=cores, help="to start, visitors spread over them: one a core")
    parser.add_argument("--p95", type=float, default=1, help="seconds that 95 of 100 actions may wait at most")
    parser.add_argument("--most-mb", type=float, default=3000, help="of memory, of all servers")
    parser.add_argument("--most-growth", type=float, default=10, help="MB a minute of all servers, in the second half")
    parser.add_argument("--seed", type=int, default=20170612)
    return parser.parse_args()


if __name__ == "__main__":
    main()
