"""The part of a long text's maps that the visitor zoomed to, for the text it was zoomed in."""

import streamlit as st

from viz_core.figures.heatmaps import Window


def of(text: str, size: tuple[int, int]) -> Window | None:
    """First row, last row, first column, last column; None: all of it."""
    asked, window = st.session_state.get("window", ("", None))
    if asked != text or window is None:
        return None
    top, bottom, left, right = window
    inside = 0 <= top <= bottom < size[0] and 0 <= left <= right < size[1]
    return window if inside else None


def keep(text: str, window: Window | None) -> None:
    st.session_state["window"] = (text, window)
