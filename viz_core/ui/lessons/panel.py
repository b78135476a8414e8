"""The step's column: what to read, what came of the question, and the way on."""

from html import escape

import streamlit as st

from viz_core.language import LANGUAGES, _, spoken
from viz_core.lessons.lesson import Lesson
from viz_core.ui import languages, sharing, show
from viz_core.ui.lessons import course, questions, score
from viz_core.ui.lessons.course import Place
from viz_core.ui.lessons.said import Said


def draw(place: Place, said: Said) -> None:
    course.seen(place)
    _head(place)
    st.markdown(f"### {said.title}")
    if place.lesson.language != spoken():
        words = _("This lesson is not written in {language} yet; it is shown in English.")
        st.caption(words.format(language=LANGUAGES[spoken()]))
    st.markdown(said.words)
    if said.wrong:
        words = _("This step's file has a mistake: {cause}")
        st.warning(words.format(cause=show.literal(said.wrong)), icon=":material/report:")
    given = score.given(place)
    if said.asks is not None and given is not None:
        questions.answered(place, said.asks, given)
    if place.at == len(place.lesson.steps) - 1:
        _end(place.lesson)
    _way_on(place, hidden=said.asks is not None and given is None)


def _head(place: Place) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="lesson-bar"
    ):
        st.button(
            _("All lessons"), key="lesson-list", icon=":material/list:", type="tertiary", on_click=course.back_to_list
        )
        languages.switch("lesson-language")
        sharing.button("lesson", place.lesson)
        st.button(
            _("Leave"),
            key="lesson-leave",
            icon=":material/close:",
            type="tertiary",
            help=_("Closes the lesson; the page stays as it is."),
            on_click=course.leave,
        )
    lesson, count = place.lesson, len(place.lesson.steps)
    named = _("Lesson {number}: {title}").format(number=lesson.number, title=lesson.title)
    told = _("Step {at} of {count}").format(at=place.at + 1, count=count)
    dots = "".join(f'<i class="{_dot(at, place.at)}"></i>' for at in range(count))
    st.html(
        f'<div class="lesson-where"><span>{escape(named)}</span>'
        f'<span class="lesson-dots"><b aria-hidden="true">{dots}</b> {escape(told)}</span></div>'
    )


def _dot(at: int, here: int) -> str:
    return "here" if at == here else "done" if at < here else ""


def _end(lesson: Lesson) -> None:
    got = score.of(lesson)
    if got.questions and got.answered:
        words = _("In this lesson you predicted {right} of {answered} right (of {questions} questions).")
        told = words.format(right=got.right, answered=got.answered, questions=got.questions)
        st.markdown(f":material/flag: {told}")


def _way_on(place: Place, *, hidden: bool) -> None:
    """`hidden`: the page is not seen yet, so there is nothing to reset, and the question comes first."""
    lesson = place.lesson
    last = place.at == len(lesson.steps) - 1
    after = course.after(lesson)
    with st.container(horizontal=True, vertical_alignment="center", key="lesson-way"):
        st.button(
            _("Back"),
            key="lesson-back",
            icon=":material/arrow_back:",
            disabled=place.at == 0,
            on_click=course.opening(Place(lesson, max(place.at - 1, 0))),
        )
        if place.step.page and not hidden:
            _reset(place)
        onward = Place(after, 0) if last and after else None if last else Place(lesson, place.at + 1)
        st.button(
            _("Next lesson") if last and after else _("All lessons") if last else _("Next"),
            key="lesson-next",
            icon=":material/arrow_forward:",
            icon_position="right",
            type="secondary" if hidden else "primary",
            on_click=course.back_to_list if onward is None else course.opening(onward),
        )


def _reset(place: Place) -> None:
    st.button(
        _("Reset"),
        key="lesson-reset",
        icon=":material/restart_alt:",
        type="tertiary",
        help=_("Change anything on the page; this brings back what the step began with."),
        on_click=course.opening(place),
    )
