"""Where in which lesson the visitor is: said by the address, moved by buttons."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any
from zlib import crc32

import streamlit as st

from viz_core.language import spoken
from viz_core.lessons import lesson as made
from viz_core.lessons.lesson import Broken, Lesson, Step
from viz_core.lessons.places import CHOSEN, COUNTED
from viz_core.lessons.shelf import lessons
from viz_core.ui import classroom, state

LIST = "lessons"  # the page that lists them, and that steps of words alone stand on
KEPT = ("lang", "present", "locked")  # settings that belong to the visit, not to a step
GOING = "lesson goes to"


@dataclass(frozen=True)
class Place:
    """A step of a lesson, counted from 0."""

    lesson: Lesson
    at: int

    @property
    def step(self) -> Step:
        return self.lesson.steps[self.at]

    @property
    def page(self) -> str:
        return self.step.page or LIST

    @property
    def name(self) -> str:
        """The same in every language, and another one when the file asks something else there."""
        step = self.step
        asked = step.ask and (step.ask.answer, step.ask.click, dict(step.ask.given), len(step.ask.options))
        asked_of = crc32(repr((dict(step.view), asked)).encode("utf-8", "replace"))
        return f"{self.lesson.number}-{self.lesson.name}/{self.at}-{asked_of:08x}"


def everything() -> list[Lesson | Broken]:
    """Of the folder, in the visitor's language; those that the class has, in its order."""
    found, chosen = lessons(spoken(), made.LESSONS), classroom.current().lessons
    kept = [lesson for lesson in found if not chosen or lesson.number in chosen]
    return sorted(kept, key=lambda lesson: chosen.index(lesson.number)) if chosen else kept


def all_lessons() -> list[Lesson]:
    return [lesson for lesson in everything() if isinstance(lesson, Lesson)]


def after(lesson: Lesson) -> Lesson | None:
    """The next one, in the order that the class has them."""
    following = (later for earlier, later in pairwise(all_lessons()) if earlier.number == lesson.number)
    return next(following, None)


def open_at() -> Place | None:
    """The one truth of what is open: what the address says, be it 4 or 04; the lesson's first step where it says no
    other that exists, nothing where there is no such lesson."""
    said = _number(state.setting("lesson"))
    if not said:
        return None
    lesson = next((lesson for lesson in all_lessons() if lesson.number == said), None)
    if lesson is None:
        return None
    at = _number(state.setting("lesson_step")) - 1
    return Place(lesson, at if 0 <= at < len(lesson.steps) else 0)


def seen(place: Place) -> None:
    _left_at()[place.lesson.number] = place.at


def left_at(lesson: Lesson) -> int | None:
    """The step that the visitor saw last in this session."""
    at = _left_at().get(lesson.number)
    return None if at is None else min(at, len(lesson.steps) - 1)


def _left_at() -> dict[int, int]:
    found: dict[int, int] = st.session_state.setdefault("lessons left at", {})
    return found


def wanted_page(page: str) -> str:
    """The page to be seen in place of this one: that of a step which was just opened, the list for a lesson that does
    not exist, or this one."""
    going: str | None = st.session_state.pop(GOING, None)
    if going is not None:
        return going
    if not state.setting("lesson"):
        return page
    place = open_at()
    if place is None:
        st.session_state["no such lesson"] = state.setting("lesson")
        _close()
        return LIST
    if page == LIST and place.page != LIST:  # a short link: the lesson and its step alone
        open_step(place)
        st.session_state.pop(GOING)
        return place.page
    return page


def open_step(place: Place) -> None:
    """Its page, as its preset has it. For callbacks, and before a page is drawn."""
    st.session_state["view"] = preset(place)
    st.session_state[GOING] = place.page
    state.show()


def opening(place: Place) -> Callable[[], None]:
    return partial(open_step, place)


def preset(place: Place) -> state.View:
    view = place.step.view
    chosen: dict[str, Any] = {name: int(view[name]) for name in COUNTED if name in view}
    chosen |= {name: view[name] for name in ("model", "text") if name in view}
    settings = {name: value for name, value in view.items() if name not in {"page", *CHOSEN}}
    settings |= {name: state.setting(name) for name in KEPT}
    settings |= {"lesson": str(place.lesson.number), "lesson_step": str(place.at + 1)}
    return state.View(**chosen, settings=tuple(sorted((name, value) for name, value in settings.items() if value)))


def leave() -> None:
    """The lesson alone: the page stays as it is."""
    _close()
    state.show()


def back_to_list() -> None:
    leave()
    st.session_state[GOING] = LIST


def _close() -> None:
    for name in ("lesson", "lesson_step"):
        state.put_setting(name, "")


def _number(said: str) -> int:
    """Of an address, which may say anything; 0 for what is no number."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < state.MOST_DIGITS else 0
