"""Long work, done once for all who wait for it, with its progress told, and given up when nobody waits any more."""

import contextvars
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Progress(NamedTuple):
    """`done` of `total`, and what is being done, e.g. a file's name; total 0: nothing is known yet."""

    done: int = 0
    total: int = 0
    what: str = ""


Report = Callable[[Progress], None]


class GivenUp(BaseException):
    """Ends work that nobody waits for. No error: nothing may catch it on the way."""


@dataclass(eq=False)
class _Job(Generic[T]):
    future: Future[T] = field(default_factory=Future)
    progress: Progress = field(default_factory=Progress)
    waiting: int = 0
    given_up: bool = False

    def note(self, done: int, total: int, what: str = "") -> None:
        """For the work to tell how far it is."""
        if self.given_up:
            raise GivenUp
        self.progress = Progress(done, total, what)


class Workshop(Generic[T]):
    """Work runs in worker threads, so that whoever waits can show how far it is, and can stop waiting."""

    def __init__(self, name: str, workers: int = 2) -> None:
        self._jobs: dict[Hashable, _Job[T]] = {}
        self._lock = threading.RLock()
        self._mine = threading.local()  # .note, in a worker's thread: what its job tells its progress by
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix=name)

    def get(
        self, key: Hashable, work: Callable[[Callable[..., None]], T], report: Report | None = None, every: float = 0.2
    ) -> T:
        """What `work` returns, which runs once however many ask for `key` at a time.

        work    called with a function note(done, total, what), which it calls as it goes; that is where it ends
                when nobody waits any more
        report  called on the caller's thread every `every` seconds; whatever it raises ends the waiting

        Work that asks for more work does it in its own thread: were it to wait for a worker, all workers might wait.

        Raises what the work raises.
        """
        note: Callable[..., None] | None = getattr(self._mine, "note", None)
        if note is not None:
            return work(note)
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                job = self._jobs[key] = _Job()
                context = contextvars.copy_context()  # the language of who asked
                self._workers.submit(context.run, self._do, key, job, work)
            job.waiting += 1
        try:
            while True:
                try:
                    return job.future.result(timeout=every)
                except TimeoutError:
                    if job.future.done():  # just now; or the work itself timed out, and says so again
                        return job.future.result()
                    if report is not None:
                        report(job.progress)
        finally:
            with self._lock:
                job.waiting -= 1
                if not job.waiting and not job.future.done():
                    job.given_up = True
                    self._forget(key, job)

    def _do(self, key: Hashable, job: _Job[T], work: Callable[[Callable[..., None]], T]) -> None:
        self._mine.note = job.note
        try:
            result = work(job.note)
        except BaseException as error:  # noqa: BLE001  it is raised again, where somebody waits
            self._forget(key, job)
            job.future.set_exception(error)
        else:
            self._forget(key, job)
            job.future.set_result(result)
        finally:
            self._mine.note = None

    def _forget(self, key: Hashable, job: _Job[T]) -> None:
        """Before its result is told: who asks afterwards asks for new work."""
        with self._lock:
            if self._jobs.get(key) is job:
                del self._jobs[key]
