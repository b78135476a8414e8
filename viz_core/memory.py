"""How much memory there is, and what is used again and again kept at hand."""

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import psutil

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -2, -3, -8  # glibc's malloc.h
MIB = 2**20


def keep_freed_memory() -> bool:
    """Let this process keep freed memory, up to 256 MiB, instead of giving it back to the system at once.

    glibc returns every freed block of some megabytes, and the next one is faulted in page by page: 2.5 ms for the
    4 MB of a 1,024 × 1,024 map, ten times what computing it takes. And threads share two heaps: by default there are
    eight a core, and each keeps what the threads of some visitor once needed. Returns whether the C library took the
    settings; others (macOS, Windows, musl) have no such call and are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = ((M_MMAP_THRESHOLD, 32 * MIB), (M_TRIM_THRESHOLD, 256 * MIB), (M_TOP_PAD, 64 * MIB), (M_ARENA_MAX, 2))
    taken = [mallopt(name, value) == 1 for name, value in settings]  # each is tried, whatever the one before said
    return all(taken)


CGROUP = Path("/sys/fs/cgroup")  # Linux's control groups, as systemd, Docker and Kubernetes use them
OF_PROCESS = Path("/proc/self/cgroup")  # which of them this process is in
V2 = ("memory.max", "memory.current", "inactive_file")  # limit, used, and in memory.stat: cache that makes room
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def available() -> int:
    """Bytes that this process may still take: what the machine has free, or what its control groups or ulimit leave
    it, whichever is least."""
    left = [int(psutil.virtual_memory().available), *_left_by_groups(), *_left_by_ulimit()]
    return max(0, min(left))


class Store(Protocol):
    """The one place that keeps what it could make anew."""

    @property
    def size(self) -> int:
        """Bytes that it would let go of."""

    def give(self, wanted: int) -> object:
        """Let go of so many bytes."""


_store: Store | None = None


def keeps(store: Store) -> None:
    """Who is asked before something is refused for want of memory."""
    global _store  # noqa: PLW0603  one a process, as its memory is
    _store = store


def room() -> int:
    """As `available`, with what would be let go of for it."""
    return available() + (0 if _store is None else _store.size)


def room_for(needed: int) -> int:
    """As `room`, after as much has been let go of as `needed` bytes ask for. Where all of it would not do, it stays:
    what is refused all the same must cost the others nothing."""
    free = available()
    if _store is None or needed <= free:
        return free
    if needed <= free + _store.size:
        _store.give(needed - free)
        return available()
    return free + _store.size


def ran_out(error: BaseException) -> bool:
    """Whether an error says that there is no memory left: Python's own, or PyTorch's, which is a bare RuntimeError."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and any(said in str(error) for said in ("can't allocate memory", "out of memory"))
    )


def _left_by_groups() -> Iterator[int]:
    """Of every group this process is in, with those around it: a limit binds all that is below."""
    for root, path, names in _groups():
        inside = path.strip("/")
        for folder in (root / inside, *(root / inside).parents):
            if not folder.is_relative_to(root):
                break
            try:
                limit, used = (int((folder / name).read_text(encoding="ascii")) for name in names[:2])
                yield limit - used + _cached(folder / "memory.stat", names[2])
            except (OSError, ValueError):  # no limit: "max"; or no such folder: a container's own group is its root
                continue


def _groups() -> Iterator[tuple[Path, str, tuple[str, str, str]]]:
    """Where the hierarchies that count memory begin, and this process's place in each."""
    try:
        lines = OF_PROCESS.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux, or no /proc
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if ".." in path:  # outside of what this process may see
            path = "/"
        if number == "0":
            yield CGROUP, path, V2
            yield CGROUP / "unified", path, V2  # where version 1 is mounted beside it
        elif "memory" in controllers.split(","):
            yield CGROUP / "memory", path, V1


def _cached(statistics: Path, name: str) -> int:
    """Bytes of files kept in memory that nobody has used lately: they count as used, and are given up when needed."""
    try:
        counts = dict(line.split() for line in statistics.read_text(encoding="ascii").splitlines())
    except OSError:
        return 0
    return int(counts.get(name, 0))


def _left_by_ulimit() -> Iterator[int]:
    process = psutil.Process()
    if not hasattr(process, "rlimit"):  # Linux alone
        return
    used = process.memory_info()
    for limit, taken in ((psutil.RLIMIT_AS, used.vms), (psutil.RLIMIT_DATA, used.data)):
        most, _hard = process.rlimit(limit)
        if most != psutil.RLIM_INFINITY:
            yield most - taken
