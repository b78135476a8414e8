"""Sharing: the address of what is looked at, as a link and as a code for the room; the page, or the lesson, as a file.

`button` stands wherever it is wanted; `around` goes round all that a page draws, and fills those that are open when the
page stands: only then is it known what is on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from viz_core.language import _
from viz_core.lessons.lesson import Lesson
from viz_core.ui.sharing import menu
from viz_core.ui.taking import shown

OPEN = "share buttons that are open"


@dataclass(frozen=True)
class Opened:
    """A menu to be filled; the lesson that it offers too."""

    menu: PopoverContainer
    lesson: Lesson | None


def button(place: str = "sidebar", lesson: Lesson | None = None) -> None:
    """A quiet button. `place` tells those on one page apart; `lesson` can be had as a hand-out too."""
    found = st.popover(
        _("Share"),
        icon=":material/ios_share:",
        help=_("A link to this page as it is now, a QR code of it, a hand-out"),
        type="tertiary",
        key=f"share-{place}",
        on_change="rerun",
    )
    if found.open:
        opened: dict[str, Opened] = st.session_state.setdefault(OPEN, {})
        opened[place] = Opened(found, lesson)
        shown.gather()


@contextmanager
def around(title: str) -> Iterator[None]:
    """Inside, a page draws what it has; `title` is the page's."""
    st.session_state.pop(OPEN, None)
    shown.gathered()  # those of a run that did not come to its end
    wanted = shown.WANTED in st.session_state
    if wanted:
        shown.gather()
    yield
    pictures = sorted(shown.gathered(), key=lambda picture: picture.place)
    if wanted:
        st.session_state[shown.WANTED] = pictures
    opened: dict[str, Opened] = st.session_state.pop(OPEN, {})
    for place, found in opened.items():
        with found.menu, st.container(key=f"sharing-{place}", gap="small", width=menu.WIDTH):
            menu.draw(place, title, pictures, found.lesson)
