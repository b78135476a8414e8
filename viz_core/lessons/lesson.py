"""What a lesson is, and the lessons that a folder holds.

NN-name.md is a lesson in English, its presets and its questions; NN-name.ko.md the same words in Korean. The format is
told in docs/teaching.md; every complaint about a file says where in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "assets" / "lessons"
MISTAKES = 13  # common ones, that the lessons make visible


class Complaint(ValueError):
    """What is wrong with a lesson, and where: one line for whoever wrote it."""

    def __init__(self, file: Path, line: int, cause: str) -> None:
        super().__init__(f"{_named(file)}:{line}: {cause}")
        self.file, self.line, self.cause = file, line, cause


def stamp(file: Path) -> tuple[int, ...]:
    """Another one as soon as the file is; () for one that cannot be looked at."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_mode


def _named(file: Path) -> Path:
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file


@dataclass(frozen=True)
class Ask:
    """A question to be answered before the page is seen.

    options  one is right (or several are as good); or else
    click    "cell": of the map, or "token": of the sentence
    answer   the name of the function that computes what is right, one of `answers.ANSWERS`, called with `given`
    why      said after the answer
    mistake  the number of the common mistake that it makes visible; 0 for none
    source   where the answer is looked up, for one that no model can compute; else ""
    """

    question: str
    answer: str
    why: str
    options: tuple[str, ...] = ()
    click: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    mistake: int = 0
    source: str = ""
    line: int = 1


@dataclass(frozen=True)
class Step:
    """`view`: the page to be seen and what is set on it, as an address says it; empty for words alone."""

    title: str
    words: str
    view: Mapping[str, str] = field(default_factory=dict)
    ask: Ask | None = None
    line: int = 1
    lines: Mapping[str, int] = field(default_factory=dict)  # of the view's entries

    @property
    def page(self) -> str:
        """Its name; "" for words alone."""
        return self.view.get("page", "")


@dataclass(frozen=True)
class Lesson:
    """language: the one that its words are in; file: where they stand."""

    number: int
    name: str
    title: str
    summary: str
    minutes: int
    steps: tuple[Step, ...]
    language: str
    file: Path

    @property
    def questions(self) -> int:
        return sum(step.ask is not None for step in self.steps)


@dataclass(frozen=True)
class Broken:
    """A file that is no lesson, and why not."""

    number: int
    file: Path
    complaint: Complaint
