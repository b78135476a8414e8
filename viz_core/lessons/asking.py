"""What a step asks and says, computed: raises Complaint naming file and line where it cannot be."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from viz_core.language import _, spoken, with_particles
from viz_core.lessons.answers import ANSWERS
from viz_core.lessons.answers.weights import OPTION_A_STATE
from viz_core.lessons.asked import Asked
from viz_core.lessons.filling import Slot, filled
from viz_core.lessons.lesson import Ask, Complaint
from viz_core.lessons.values import VALUES
from viz_core.models import WeightsUnavailable

Right = frozenset[int] | frozenset[tuple[int, int]]
REFUSED = (ValueError, WeightsUnavailable)  # arguments of a file, in words
FAULTS = (ArithmeticError, LookupError, TypeError)  # likewise, in Python's words; it may be a fault of ours

log = logging.getLogger(__name__)


def right(ask: Ask, asked: Asked, file: Path) -> Right:
    """The right options, tokens or cells, one at least."""
    with _told(file, ask.line, ask.answer):
        if ask.answer in OPTION_A_STATE and len(ask.given["between"]) != len(ask.options):
            words = _("{states} states for {options} options")
            raise ValueError(words.format(states=len(ask.given["between"]), options=len(ask.options)))
        found = ANSWERS[ask.answer](asked, **ask.given)
        answers = frozenset({found}) if isinstance(found, int) else found
        n = len(ask.options) if ask.options else len(asked.recording.token_ids)
        if ask.click == "cell":
            fits = all(isinstance(at, tuple) and len(at) == 2 and all(0 <= i < n for i in at) for at in answers)
        else:
            fits = all(isinstance(at, int) and 0 <= at < n for at in answers)
        if not answers or not fits:
            words = _("the answer is {answer}; expected {expected} from 0 below {n}")
            kind = {"cell": _("cells (row, column)"), "token": _("tokens")}.get(ask.click, _("options"))
            raise ValueError(words.format(answer=sorted(answers), expected=kind, n=n))
        if ask.options and len(answers) == len(ask.options):
            raise ValueError(_("every option is right"))
    return answers


def spoken_words(words: str, asked: Asked, file: Path, line: int, literal: Callable[[str], str] = str) -> str:
    """Words with their numbers; `literal` makes text that comes from a model safe where the words are shown."""

    def value(slot: Slot) -> str:
        with _told(file, line, slot.name):
            return literal(VALUES[slot.name](asked, **slot.given))

    if spoken() == "ko":
        return with_particles(words, lambda marked: filled(marked, value))
    return filled(words, value)


@contextmanager
def _told(file: Path, line: int, name: str) -> Iterator[None]:
    try:
        yield
    except REFUSED as error:
        raise Complaint(file, line, f"{name}: {error}") from error
    except FAULTS as error:
        log.warning("%s:%s: %s failed", file, line, name, exc_info=True)
        raise Complaint(file, line, f"{name}: {error}") from error
