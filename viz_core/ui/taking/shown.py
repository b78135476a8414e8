"""What the page shows now, noted as it is drawn: what a figure, or the lines of Python, are of."""

import streamlit as st

from viz_core.edits import AS_IT_IS, Edits

READ, EDITED = "page reads", "page edits"


def reads(model: str, text: str) -> None:
    """Called once a run by what asks for them."""
    st.session_state[READ] = (model, text)


def nothing_read() -> None:
    """Called where a page begins."""
    st.session_state.pop(READ, None)


def text() -> tuple[str, str] | None:
    """The model's name and the text; None on a page that has neither."""
    found: tuple[str, str] | None = st.session_state.get(READ)
    return found


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
