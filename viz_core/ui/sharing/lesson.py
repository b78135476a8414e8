"""The lesson that is open, as a hand-out: made by another process, for it draws pages as nobody's visitor."""

import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from viz_core.language import _, spoken
from viz_core.lessons.lesson import ROOT, Lesson
from viz_core.ui import themes
from viz_core.ui.sharing import link, works
from viz_core.ui.sharing.sheet import file_name
from viz_core.ui.workshop import Note

PROGRAM = ("viz_core", "pages", "assets/models", "assets/translations")  # what a lesson's pictures come from
PATIENCE = 180  # seconds for a lesson
BETWEEN = 0.1  # seconds from one look at how far it is to the next


def ordered(lesson: Lesson) -> works.Ordered:
    theme = themes.theme()
    root = link.to("explore", {})
    key = ("lesson", str(lesson.number), digest(lesson), spoken(), theme, root)
    name = file_name(f"{lesson.number:02} {lesson.title}")
    return works.Ordered(name, key, partial(_made, lesson.number, spoken(), theme, root))


def digest(lesson: Lesson) -> str:
    """Another one as soon as the words of the lesson in any language, the program or what is bundled with it change."""
    found = sha256()
    for file in sorted(lesson.file.parent.glob(f"{lesson.number:02}-*.md")):
        found.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    for file in sorted(file for folder in PROGRAM for file in (ROOT / folder).rglob("*.*") if file.suffix != ".pyc"):
        said = file.stat()
        found.update(f"{file}\0{said.st_mtime_ns}\0{said.st_size}\0".encode("utf-8", "replace"))
    return found.hexdigest()


def _made(number: int, language: str, theme: str, root: str, note: Note) -> str:
    """Raises works.Failed."""
    note(0, 0, "")
    try:
        with TemporaryDirectory(prefix="lesson-") as folder:
            out = Path(folder) / "lesson.html"
            command = [sys.executable, "-m", "viz_core.ui.sharing", str(number), "--out", str(out)]
            command += ["--language", language, "--theme", theme, "--root", root, "--progress"]
            _run(command, note, Path(folder))
            return out.read_text(encoding="utf-8")
    except OSError as error:  # a full disk
        raise works.Failed(_("The lesson could not be drawn: {reason}").format(reason=error.strerror)) from error


def _run(command: Sequence[str], note: Note, folder: Path) -> None:
    """Whoever waits may give up in between, which ends the process; what it says is kept in files of the folder, for a
    pipe would hold up whoever reads it. Raises works.Failed."""
    told, complained = folder / "told", folder / "complained"
    until = time.monotonic() + PATIENCE
    with (
        told.open("wb") as out,
        complained.open("wb") as errors,
        subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=errors) as process,  # noqa: S603
    ):
        try:
            while process.poll() is None:
                if time.monotonic() > until:
                    raise works.Failed(_("The lesson was not drawn within {n} seconds.").format(n=PATIENCE))
                note(*_progress(told), "")
                time.sleep(BETWEEN)
        finally:
            process.kill()  # one that has come to its end does not mind
    if process.returncode:
        # of a traceback, what is wrong, and not where the program lies
        reason = "".join(_lines(complained)[-1:]) or process.returncode
        raise works.Failed(_("The lesson could not be drawn: {reason}").format(reason=reason))


def _progress(told: Path) -> tuple[int, int]:
    """(done, of how many), as told last."""
    done, _of, total = "".join(_lines(told)[-1:]).partition("/")
    return (int(done), int(total)) if done.isdigit() and total.isdigit() else (0, 0)


def _lines(file: Path) -> list[str]:
    """Those that are written to their end."""
    found = file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    return [line.strip() for line in found if line.endswith("\n") and line.strip()]
