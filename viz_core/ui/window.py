"""The part of a long text's maps that the visitor zoomed to, for the model and text it was zoomed in."""

import streamlit as st

from viz_core.figures.heatmaps import Window


def of(model: str, text: str, size: tuple[int, int]) -> Window | None:
    """First row, last row, first column, last column; None: all of it."""
    asked, window = st.session_state.get("window", (("", ""), None))
    if asked != (model, text) or window is None:
        return None
    top, bottom, left, right = window
    inside = 0 <= top <= bottom < size[0] and 0 <= left <= right < size[1]
    return window if inside else None


def keep(model: str, text: str, window: Window | None) -> None:
    st.session_state["window"] = ((model, text), window)
