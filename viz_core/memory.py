"""Memory that is used again and again, kept at hand."""

import ctypes

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
