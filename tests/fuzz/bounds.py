"""What a hostile file may not do: take memory, take for ever, run anything, write anything."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

MOST_MEMORY = 300_000_000  # bytes at any moment, above what there were before; the files have a hundredth of it
LONGEST = 120  # seconds of CPU, after which a case is taken to hang
RUNS = ("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "subprocess.Popen", "pty.spawn")
REACHES = ("socket.connect", "socket.bind", "ctypes.dlopen")
CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.chmod", "os.chown", "os.mkdir", "os.symlink", "shutil.rmtree")

_watching: list[list[str]] = []  # what was done, where somebody watches


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not _watching:
        return
    writes = event == "open" and isinstance(args[2], int) and bool(args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    if writes or event in (*RUNS, *REACHES, *CHANGES):
        _watching[-1].append(f"{event} {args!r}"[:300])


sys.addaudithook(_audit)


@contextmanager
def bounded() -> Iterator[None]:
    """Inside, nothing runs, nothing is written, and memory and time are bounded."""
    done: list[str] = []
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted from here
    _watching.append(done)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)  # of what is imported when it is first needed
        try:
            with _in_time():
                yield
        finally:
            _watching.pop()
    assert not done, f"a file made the program act: {done}"
    assert _memory("VmHWM") - before < MOST_MEMORY, f"{_memory('VmHWM') - before:,} bytes"


def a_sentence(error: Exception, most: int = 500, *, names: str = "") -> None:
    """What an error says is there, and short; `names` stands in it."""
    assert 0 < len(str(error)) < most
    assert names in str(error)


def _memory(name: str) -> int:
    """Of this process, now (VmRSS) or at most (VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


@contextmanager
def _in_time() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"no end after {LONGEST} seconds")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
