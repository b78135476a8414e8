"""The command line in this process: what it returned, and what it wrote where."""

import io
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from viz_core.command import main


class Done(NamedTuple):
    code: int
    out: bytes
    err: str


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    def run(*arguments: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main([str(argument) for argument in arguments])
        captured = capsysbinary.readouterr()
        return Done(code, captured.out, captured.err.decode())

    return run
