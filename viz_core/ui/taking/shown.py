"""What the page shows now, noted as it is drawn: what a figure, or the lines of Python, are of."""

from collections.abc import Callable
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from viz_core.edits import AS_IT_IS, Edits

READ, PART, EDITED = "page reads", "page part", "page edits"
GATHERED, WANTED = "page figures", "page figures are wanted"


@dataclass(frozen=True, eq=False)
class Shown:
    """A figure of the page; says: what it shows, in words; place: orders those of a page from the top, and from the
    left."""

    drawn: go.Figure
    says: str
    place: tuple[int, ...]


def reads(model: str, text: str) -> None:
    """Called once a run by what asks for them."""
    st.session_state[READ] = (model, text)


def nothing_read() -> None:
    """Called where a page begins."""
    st.session_state.pop(READ, None)
    st.session_state.pop(PART, None)


def text() -> tuple[str, str] | None:
    """The model's name and the text; None on a page that has neither."""
    found: tuple[str, str] | None = st.session_state.get(READ)
    return found


def part_is(label: str) -> None:
    """Called by what chooses the part of the page that is on screen."""
    st.session_state[PART] = label


def part() -> str:
    """As the visitor reads it; "" on a page of one piece."""
    return str(st.session_state.get(PART, ""))


def edited(edits: Edits) -> None:
    """Called by what shows a changed recording: the lines of Python then change it likewise."""
    st.session_state[EDITED] = edits


def nothing_edited() -> None:
    """Called where the changing part of a page begins."""
    st.session_state.pop(EDITED, None)


def edits() -> Edits:
    """Those shown last on this page."""
    found: Edits = st.session_state.get(EDITED, AS_IT_IS)
    return found


def gather() -> None:
    """Note every figure that is drawn from here on in this run: one is only kept while somebody asks for it."""
    st.session_state[GATHERED] = []


def figure(drawn: go.Figure, says: str, place: tuple[int, ...]) -> None:
    """Called for every figure."""
    found: list[Shown] | None = st.session_state.get(GATHERED)
    if found is not None:
        found.append(Shown(drawn, says, place))


def instead(draw: Callable[[], go.Figure], says: str, place: tuple[int, ...]) -> None:
    """Called for a picture that is no figure: `draw` makes one that shows the same."""
    if GATHERED in st.session_state:
        figure(draw(), says, place)


def gathered() -> list[Shown]:
    """Those noted, in the order they were drawn in, which need not be that of the page; ends the noting."""
    found: list[Shown] = st.session_state.pop(GATHERED, [])
    return found
