"""Chat templates are programs of whoever made a checkpoint. They run in another process, one at a time, which is ended
when one does not come to its end."""

import concurrent.futures.thread  # noqa: F401  first: its end must come after ours
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Timer
from typing import IO, cast

from viz_core.language import _

PROGRAM = Path(__file__).with_name("template_process.py")
PATIENCE = 5.0  # seconds for a conversation, which takes milliseconds
START = 60.0  # likewise for the program to start: it imports transformers
# All it is given of our surroundings, which hold tokens and passwords: what Python may need to start.
GIVEN = (
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "HOME", "TMPDIR"),
    *("SYSTEMROOT", "USERPROFILE", "TEMP", "TMP"),  # of Windows
)


class Refused(ValueError):
    """Why a template did not write a conversation."""


class _Elsewhere:
    """The process, from its first conversation on."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._process: subprocess.Popen[str] | None = None

    def asked(self, question: str) -> str:
        """The line that answers a line. Raises Refused where none comes."""
        with self._turn:
            if self._process is not None and self._process.poll() is not None:
                self._end()  # it died between two conversations
            process = self._process or self._started()
            with _at_most(PATIENCE, process):
                answer = _answer(process, question)
            if not answer:
                self._end()
                raise Refused(_("it came to no end within {n:g} seconds, or ended the program").format(n=PATIENCE))
            return answer

    def _started(self) -> subprocess.Popen[str]:
        # nothing of ours is on its path, and nothing that it says by the way is anybody's answer
        self._process = process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-I", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env={name: os.environ[name] for name in GIVEN if name in os.environ},
        )
        with _at_most(START, process):
            if not _answer(process, ""):
                self._end()
                raise Refused(_("the program that reads it did not start"))
        return process

    def close(self) -> None:
        """For the end of the program. Waits for nobody: whoever has the turn finds the process ended."""
        process = self._process
        if process is not None:
            process.kill()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(OSError), process:  # its pipes are closed, though nobody reads the rest; its end is awaited
                pass


@contextmanager
def _at_most(seconds: float, process: subprocess.Popen[str]) -> Iterator[None]:
    watch = Timer(seconds, process.kill)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _answer(process: subprocess.Popen[str], question: str) -> str:
    """ "" of a process that has ended, also where it was ended within its line."""
    given, told = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
    try:
        given.write(question)
        given.flush()
    except OSError:
        return ""
    answer = told.readline()
    return answer if answer.endswith("\n") else ""


_elsewhere = _Elsewhere()
# `atexit` comes after Python has waited for the threads of executors, and they may be waiting for the process.
threading._register_atexit(_elsewhere.close)  # type: ignore[attr-defined]


def conversation(template: str, tokens: Mapping[str, str], messages: Sequence[Mapping[str, str]]) -> str:
    """What a template makes of messages. Raises Refused."""
    asked = {"template": template, "tokens": dict(tokens), "messages": [dict(message) for message in messages]}
    answer = json.loads(_elsewhere.asked(json.dumps(asked) + "\n"))
    if "error" in answer:
        raise Refused(answer["error"])
    return str(answer["text"])
