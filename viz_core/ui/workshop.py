"""Long work, done once for all who wait for it, with its progress told, and given up when nobody waits any more."""

import contextvars
import threading
import weakref
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from traceback import clear_frames
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")
Note = Callable[..., None]


class Progress(NamedTuple):
    """`done` of `total`, and what is being done, e.g. a file's name; total 0: nothing is known yet. `ahead`: how many
    pieces of work come before it; 0 once it has begun."""

    done: int = 0
    total: int = 0
    what: str = ""
    ahead: int = 0


Report = Callable[[Progress], None]


class GivenUp(BaseException):
    """Ends work that nobody waits for. No error: nothing may catch it on the way."""


@dataclass(eq=False)
class _Job(Generic[T]):
    lane: "Lane"
    begin: Callable[["_Job[T]"], None]
    future: Future[T] = field(default_factory=Future)
    progress: Progress = field(default_factory=Progress)
    waiting: int = 0
    given_up: bool = False

    def note(self, done: int, total: int, what: str = "") -> None:
        """For the work to tell how far it is."""
        if self.given_up:
            raise GivenUp
        self.progress = Progress(done, total, what)


class Lane:
    """Threads for the work of a workshop, or of several: who comes first is served first."""

    def __init__(self, name: str, workers: int) -> None:
        self._line: deque[_Job[Any]] = deque()
        self._begun: set[_Job[Any]] = set()
        self._lock = threading.Lock()
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix=name)
        _lanes.add(self)

    def join(self, job: _Job[Any]) -> None:
        """Raises RuntimeError when the program is about to end."""
        with self._lock:
            self._workers.submit(self._next)
            self._line.append(job)

    def leave(self, job: _Job[Any]) -> None:
        """At once: those behind it move up, and nothing holds on to what it would have worked on."""
        with self._lock:
            if job in self._line:
                self._line.remove(job)

    def ahead(self, job: _Job[Any]) -> int:
        with self._lock:
            return len(self._begun) + self._line.index(job) if job in self._line else 0

    def close(self) -> None:
        """For the end of the program: nobody waits any more."""
        with self._lock:
            dropped, self._line = self._line, deque()
            for job in self._begun:
                job.given_up = True
        for job in dropped:
            job.future.set_exception(GivenUp())

    def _next(self) -> None:
        with self._lock:
            if not self._line:  # whoever this turn was for has left
                return
            job = self._line.popleft()
            self._begun.add(job)
        try:
            job.begin(job)
        finally:
            with self._lock:
                self._begun.remove(job)


_lanes: "weakref.WeakSet[Lane]" = weakref.WeakSet()


def _close() -> None:
    for lane in list(_lanes):
        lane.close()


# Before the program ends Python waits for the threads of executors, and they for all that is in their line; `atexit`
# comes after that.
threading._register_atexit(_close)  # type: ignore[attr-defined]


_here = threading.local()  # .note, in a worker's thread: what its job tells its progress by


class Workshop(Generic[T]):
    """Work runs in worker threads, so that whoever waits can show how far it is, and can stop waiting."""

    def __init__(self, name: str, workers: int = 2) -> None:
        self._jobs: dict[Hashable, _Job[T]] = {}
        self._lock = threading.RLock()
        self._lane = Lane(name, workers)

    def get(
        self,
        key: Hashable,
        work: Callable[[Note], T],
        report: Report | None = None,
        every: float = 0.2,
        lane: Lane | None = None,
    ) -> T:
        """What `work` returns, which runs once however many ask for `key` at a time.

        work    called with a function note(done, total, what), which it calls as it goes; that is where it ends
                when nobody waits any more
        report  called on the caller's thread every `every` seconds; whatever it raises ends the waiting
        lane    where it waits for its turn; the workshop's own unless said otherwise

        Work that asks for more work, of whatever workshop, does it in its own thread: were it to wait for a worker, all
        workers might wait.

        Raises what the work raises.
        """
        note: Note | None = getattr(_here, "note", None)
        if note is not None:
            return work(note)
        job = self._joined(key, work, lane or self._lane)
        try:
            while True:
                try:
                    return job.future.result(timeout=every)
                except TimeoutError:
                    if job.future.done():  # just now; or the work itself timed out, and says so again
                        return job.future.result()
                    if report is not None:
                        report(job.progress._replace(ahead=job.lane.ahead(job)))
        finally:
            self._left(key, job)

    def _joined(self, key: Hashable, work: Callable[[Note], T], lane: Lane) -> _Job[T]:
        """The job under way for `key`, or a new one."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                context = contextvars.copy_context()  # the language of who asked
                job = _Job(lane, lambda begun: context.run(self._do, key, begun, work))
                lane.join(job)
                self._jobs[key] = job
            job.waiting += 1
        return job

    def _left(self, key: Hashable, job: _Job[T]) -> None:
        with self._lock:
            job.waiting -= 1
            if not job.waiting and not job.future.done():
                job.given_up = True
                job.lane.leave(job)
                self._forget(key, job)

    def _do(self, key: Hashable, job: _Job[T], work: Callable[[Note], T]) -> None:
        _here.note = job.note
        try:
            result = work(job.note)
        except BaseException as error:  # noqa: BLE001  it is raised again, where somebody waits
            self._forget(key, job)
            clear_frames(error.__traceback__)  # which would hold all that was on the way, until the collector comes
            job.future.set_exception(error)
        else:
            self._forget(key, job)
            job.future.set_result(result)
        finally:
            _here.note = None

    def _forget(self, key: Hashable, job: _Job[T]) -> None:
        """Before its result is told: who asks afterwards asks for new work."""
        with self._lock:
            if self._jobs.get(key) is job:
                del self._jobs[key]
