"""What the visitor answered in this session: the first answer to each question counts."""

from dataclasses import dataclass

import streamlit as st

from viz_core.lessons.lesson import Lesson
from viz_core.ui.lessons.course import Place

Guess = int | tuple[int, int] | None


@dataclass(frozen=True)
class Given:
    """guess: an option, a token or a cell; None where the visitor had it shown."""

    guess: Guess
    right: bool


@dataclass(frozen=True)
class Score:
    right: int
    answered: int
    questions: int


def give(place: Place, given: Given) -> None:
    _answers().setdefault(place.name, given)


def given(place: Place) -> Given | None:
    return _answers().get(place.name)


def of(lesson: Lesson) -> Score:
    places = [Place(lesson, at) for at, step in enumerate(lesson.steps) if step.ask is not None]
    found = [answer for place in places if (answer := given(place)) and answer.guess is not None]
    return Score(sum(answer.right for answer in found), len(found), len(places))


def _answers() -> dict[str, Given]:
    answers: dict[str, Given] = st.session_state.setdefault("lesson answers", {})
    return answers
