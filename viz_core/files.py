"""Files that are whole or not there: a full disk, or a process that is killed, leaves what was there before."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` once it is whole; where the writing fails nothing is left.

    Raises OSError, naming `path`.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():  # a pipe, /dev/stdout
        with path.open("wb") as file:
            yield file
        return
    beside = path.with_name(f".{secrets.token_hex(8)}.part")  # short, and nobody else's
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the new name and none of the content
        beside.replace(path)
    except OSError as error:
        if error.filename in (None, str(beside)):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        beside.unlink(missing_ok=True)


def write(path: Path, content: bytes | str) -> None:
    """All of it or nothing; text as UTF-8. Raises OSError, naming `path`."""
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
