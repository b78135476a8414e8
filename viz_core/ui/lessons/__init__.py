"""A lesson beside the page: its step in words, what it asks, the way on; the page itself is the live view."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from viz_core.ui import state
from viz_core.ui.lessons import course, panel, questions, score
from viz_core.ui.lessons.said import said_of

STYLE = (Path(__file__).parent / "lessons.css").read_text(encoding="utf-8")


@contextmanager
def beside(page: str, file_of: Callable[[str], str]) -> Iterator[bool]:
    """Draws the step that the address names, if any; what is drawn inside is its live view. Gives whether the page is
    to be seen: not before its question is answered, nor where a step has words alone.

    Raises what st.switch_page raises where the step, or the list of lessons, is on another page.
    """
    elsewhere = course.wanted_page(page)
    if elsewhere != page:
        st.switch_page(file_of(elsewhere), query_params=state.address_of(state.current()))
    place = course.open_at()
    if place is None:
        yield True
        return
    said = said_of(place)
    st.html(f"<style>{STYLE}</style>")
    asks = said.asks is not None and score.given(place) is None
    alone = not asks and page == course.LIST
    with st.container(key="lesson-alone" if alone else "lesson-beside"):
        words, view = (st.container(), st.container()) if alone else st.columns([1, 2.4], gap="medium")
    with words, st.container(key="lesson"):
        panel.draw(place, said)
    with view, st.container(key="lesson-view"):
        if asks:
            questions.draw(place, said)
        yield not asks and not alone
    if asks or alone:
        state.mirror()
