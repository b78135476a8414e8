"""The lessons of a folder, in a language; what is no lesson, with the reason."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

from viz_core.language import _, spoken
from viz_core.lessons.lesson import LESSONS, Broken, Complaint, Lesson, stamp
from viz_core.lessons.parsing import parsed, parts_of, translated

T = TypeVar("T")
Name = tuple[int, str, str]  # number, name, language


def lessons(language: str, folder: Path = LESSONS) -> list[Lesson | Broken]:
    """In order. A lesson without words in that language comes in English; a file that is none, as a Broken."""
    files = tuple((file, stamp(file)) for file in sorted(folder.glob("*.md")))
    return list(_lessons(language, files, complaining_in=spoken()))


@lru_cache(maxsize=16)
def _lessons(
    language: str,
    files: tuple[tuple[Path, tuple[int, ...]], ...],
    *,
    complaining_in: str,  # noqa: ARG001  of what is kept
) -> tuple[Lesson | Broken, ...]:
    named: dict[Name, Path] = {}
    found: list[Lesson | Broken] = []
    for file, _stamp in files:
        name = _or_broken(partial(parts_of, file), file)
        if isinstance(name, Broken):
            found.append(name)
        else:
            named[name] = file
    found += _strays(named)
    for file, other in _pairs(named, language):
        original = _or_broken(partial(parsed, file), file)
        if isinstance(original, Broken) or other is None:
            found.append(original)
            continue
        told = _or_broken(partial(translated, original, other), other)
        found += [told] if isinstance(told, Lesson) else [original, told]
    return tuple(sorted(found, key=lambda lesson: (lesson.number, isinstance(lesson, Broken), lesson.file.name)))


def _or_broken(read: Callable[[], T], file: Path) -> T | Broken:
    try:
        return read()
    except Complaint as complaint:
        number = file.name[:2]
        return Broken(int(number) if number.isascii() and number.isdigit() else 0, file, complaint)


def _pairs(named: Mapping[Name, Path], language: str) -> Iterator[tuple[Path, Path | None]]:
    """Every lesson's English file, with the one in that language if there is one."""
    numbers = set()
    for (number, name, written), file in named.items():
        if written == "en" and number not in numbers:
            numbers.add(number)
            yield file, None if language == "en" else named.get((number, name, language))


def _strays(named: Mapping[Name, Path]) -> Iterator[Broken]:
    """Translations of nothing, and lessons whose number another one has."""
    numbers: dict[int, Path] = {}
    for (number, name, language), file in named.items():
        cause = ""
        if (number, name, "en") not in named:
            cause = _("there is no English file {name} for it").format(name=f"{number:02}-{name}.md")
        elif language == "en" and numbers.setdefault(number, file) != file:
            cause = _("{other} has the number {number} too").format(other=numbers[number].name, number=number)
        if cause:
            yield Broken(number, file, Complaint(file, 1, cause))
