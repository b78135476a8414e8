"""The lesson check: every file of a folder, in every language, and every question and number against the models."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import viz_core
from viz_core.language import LANGUAGES
from viz_core.lessons.asked import Asked, Load, Outside, asked
from viz_core.lessons.asking import right, spoken_words
from viz_core.lessons.lesson import LESSONS, Ask, Broken, Complaint, Lesson, Step
from viz_core.lessons.shelf import lessons
from viz_core.models import UnusableText, WeightsUnavailable


def check(folder: Path = LESSONS) -> list[Complaint]:
    """Everything that is wrong, in order of files; nothing where all is well. What cannot be read is not computed."""
    load = lru_cache(viz_core.load)
    told = [
        complaint
        for language in LANGUAGES
        for lesson in lessons(language, folder)
        for complaint in ([lesson.complaint] if isinstance(lesson, Broken) else _of_lesson(lesson, load))
    ]
    once = {(complaint.file.name, complaint.line, complaint.cause): complaint for complaint in told}
    return [once[where] for where in sorted(once)]


def _of_lesson(lesson: Lesson, load: Load) -> Iterator[Complaint]:
    """Presets and answers are those of the English file, and told once."""
    original = lesson.language == "en"
    for step in lesson.steps:
        try:
            preset = asked({name: value for name, value in step.view.items() if name != "page"}, load)
        except (Outside, UnusableText, WeightsUnavailable) as error:
            if original:
                yield of_preset(lesson, step, error)
            continue
        if original and step.ask is not None:
            yield from _of_answer(lesson, step.ask, preset)
        yield from _of_words(lesson, step, preset)


def of_preset(lesson: Lesson, step: Step, error: Outside | UnusableText | WeightsUnavailable) -> Complaint:
    """What is wrong with a step's preset, and where in the English file, the only one that has it."""
    name = getattr(error, "name", "text" if isinstance(error, UnusableText) else "model")
    file = lesson.file.with_name(f"{lesson.number:02}-{lesson.name}.md")
    return Complaint(file, step.lines.get(name, step.line), f"{name}: {error}")


def _of_answer(lesson: Lesson, ask: Ask, preset: Asked) -> Iterator[Complaint]:
    try:
        right(ask, preset, lesson.file)
    except Complaint as complaint:
        yield complaint


def _of_words(lesson: Lesson, step: Step, preset: Asked) -> Iterator[Complaint]:
    said = [(step.line, step.title), (step.line, step.words)]
    if step.ask is not None:
        said += [
            (step.ask.line, words) for words in (step.ask.question, step.ask.why, step.ask.source, *step.ask.options)
        ]
    for line, words in said:
        try:
            spoken_words(words, preset, lesson.file, line)
        except Complaint as complaint:
            yield complaint
