"""How much memory there is, and what is used again and again kept at hand."""

import ctypes
from pathlib import Path

import psutil

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # glibc's malloc.h
MIB = 2**20


def keep_freed_memory() -> bool:
    """Let this process keep freed memory, up to 256 MiB, instead of giving it back to the system at once.

    glibc returns every freed block of some megabytes, and the next one is faulted in page by page: 2.5 ms for the
    4 MB of a 1,024 × 1,024 map, ten times what computing it takes. Returns whether the C library took the setting;
    others (macOS, Windows, musl) have no such call and are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = ((M_MMAP_THRESHOLD, 32 * MIB), (M_TRIM_THRESHOLD, 256 * MIB), (M_TOP_PAD, 64 * MIB))
    taken = [mallopt(name, value) == 1 for name, value in settings]  # each is tried, whatever the one before said
    return all(taken)


CGROUP = Path("/sys/fs/cgroup")  # of a container, Linux's cgroup v2


def available() -> int:
    """Bytes that this process may still take: what the machine has free, or what its container leaves it."""
    free = int(psutil.virtual_memory().available)
    try:
        most, used = ((CGROUP / name).read_text(encoding="ascii") for name in ("memory.max", "memory.current"))
        return min(free, int(most) - int(used))
    except (OSError, ValueError):  # no such limit: "max", or no such file
        return free
