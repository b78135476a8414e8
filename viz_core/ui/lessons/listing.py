"""The page of lessons: a card for each, how far the visitor is in it, and what of the folder is no lesson."""

import streamlit as st

from viz_core.language import LANGUAGES, _, spoken
from viz_core.lessons.lesson import Broken, Lesson
from viz_core.ui import frame, show
from viz_core.ui.lessons import course, score
from viz_core.ui.lessons.course import Place
from viz_core.ui.lessons.score import Score

AT_ONCE = 2  # cards on a line


def show_page(name: str) -> None:
    with frame.page(name):
        _cards()  # no fragment: what is begun there needs the whole page to run
        frame.live(lambda _view: None)()


def _cards() -> None:
    found = course.everything()
    lessons = [lesson for lesson in found if isinstance(lesson, Lesson)]
    st.markdown("## " + _("Lessons"))
    words = _(
        "Each lesson leads through the pages of this app, set up for it: read, predict, look, then change what you "
        "like. Answers are computed while you wait; one that is looked up names its source."
    )
    st.markdown(words)
    _unknown()
    _score([score.of(lesson) for lesson in lessons])
    for first in range(0, len(lessons), AT_ONCE):
        for column, lesson in zip(st.columns(AT_ONCE, gap="medium"), lessons[first : first + AT_ONCE], strict=False):
            with column, st.container(border=True, key=f"lesson-card-{lesson.number}", height="stretch"):
                _card(lesson)
    for broken in found:
        if isinstance(broken, Broken):
            words = _("One file is left out: {cause}")
            st.warning(words.format(cause=show.literal(str(broken.complaint))), icon=":material/report:")


def _unknown() -> None:
    asked: str | None = st.session_state.pop("no such lesson", None)
    if asked is not None:
        words = _("There is no lesson {number}; here are all.")
        st.info(words.format(number=show.literal(asked[:20])), icon=":material/info:")


def _score(scores: list[Score]) -> None:
    answered, right = sum(each.answered for each in scores), sum(each.right for each in scores)
    if answered:
        words = _("In this session you predicted {right} of {answered} right; there are {questions} questions.")
        questions = sum(each.questions for each in scores)
        told = words.format(right=right, answered=answered, questions=questions)
        st.markdown(f":material/flag: {told}")


def _card(lesson: Lesson) -> None:
    at = course.left_at(lesson)
    st.markdown(f"#### {lesson.number} · {lesson.title}")
    st.markdown(lesson.summary)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(" · ".join(_told(lesson, score.of(lesson))))
        st.button(
            _("Begin") if at is None else _("Go on"),
            key=f"lesson-open-{lesson.number}",
            type="primary" if at is not None else "secondary",
            icon=":material/play_arrow:",
            on_click=course.opening(Place(lesson, at or 0)),
        )


def _told(lesson: Lesson, got: Score) -> list[str]:
    told = [_("{minutes} minutes").format(minutes=lesson.minutes)]
    if got.answered:
        words = _("{right} of {questions} predicted right")
        told.append(words.format(right=got.right, questions=got.questions))
    elif got.questions:
        told.append(_("{questions} questions").format(questions=got.questions))
    if lesson.language != spoken():
        told.append(LANGUAGES[lesson.language])
    return told
