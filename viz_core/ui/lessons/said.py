"""A step's words with their numbers in them, and what is right, computed once for all visitors."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from viz_core.edits import Edits
from viz_core.language import spoken
from viz_core.lessons.asked import Asked, Outside, asked
from viz_core.lessons.asking import Right, right, spoken_words
from viz_core.lessons.check import of_preset
from viz_core.lessons.lesson import Ask, Complaint
from viz_core.models import Model, UnusableText, WeightsUnavailable, bundled_readers
from viz_core.recording import Recording
from viz_core.ui import show, store
from viz_core.ui.lessons.course import Place


@dataclass(frozen=True)
class Asks:
    """Words are Markdown; right: the options, tokens or cells; source: where that is looked up, "" for computed."""

    question: str
    options: tuple[str, ...]
    why: str
    click: str
    right: Right
    source: str = ""


@dataclass(frozen=True)
class Said:
    """`wrong`: why the step cannot be shown as it was meant, "" where it can."""

    title: str
    words: str
    asks: Asks | None = None
    wrong: str = ""


def said_of(place: Place) -> Said:
    """Of a file that is wrong, its words as they are written, and what is wrong."""
    step, file = place.step, place.lesson.file
    key = ("lesson", str(file), place.lesson.language, spoken(), place.at, repr(step))  # of its words, not of the file
    try:
        return store.measurement(key, lambda _note: _said(place), heavy=False)
    except Complaint as complaint:
        return Said(step.title, step.words, wrong=str(complaint))
    except (Outside, UnusableText, WeightsUnavailable) as error:
        return Said(step.title, step.words, wrong=str(of_preset(place.lesson, step, error)))


def _said(place: Place) -> Said:
    step, file = place.step, place.lesson.file
    preset = asked_at(place)

    def words(text: str, line: int) -> str:
        return spoken_words(text, preset, file, line, plain)

    return Said(words(step.title, step.line), words(step.words, step.line), _asks(step.ask, preset, place, words))


def _asks(ask: Ask | None, preset: Asked, place: Place, words: Any) -> Asks | None:
    if ask is None:
        return None
    filled = partial(words, line=ask.line)
    options = tuple(filled(option) for option in ask.options)
    answers = right(ask, preset, place.lesson.file)
    return Asks(filled(ask.question), options, filled(ask.why), ask.click, answers, filled(ask.source))


def asked_at(place: Place) -> Asked:
    """The step's preset, on the models that all visitors share."""
    view = {name: value for name, value in place.step.view.items() if name != "page"}
    return asked(view, _shared, _read)


def _shared(name: str) -> Any:
    return store.companion(name) if name.partition("@")[0] in bundled_readers() else store.translator(name)


def _read(model: Model, text: str, edits: Edits, all_logits: bool) -> Recording:
    return store.recording(model, text, edits=edits, all_logits=all_logits)


def plain(text: str) -> str:
    """Numbers as they are, for they may stand in a formula; tokens and other text as text."""
    return text if all(sign.isdigit() or sign in " .,−%+" for sign in text) else show.literal(text)
