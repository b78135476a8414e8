"""Presenter mode: the pages for a projector, read from the last row. Figures and words are larger, what belongs to a
desk is away, and the keys move on (viz_core.ui.components.presenter)."""

import re
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from viz_core.figures.enlarged import enlarged, least_width
from viz_core.ui import state
from viz_core.ui.presenting import locks

STYLE = (Path(__file__).parent / "presenting.css").read_text(encoding="utf-8")
PROJECTOR = (1280, 720)  # pixels, until the browser has said how many there are
SMALLEST, LARGEST = 320, 8000
AROUND = 272  # pixels of the height that a figure leaves to the strip, to a few lines above it, and to the bar below


def on() -> bool:
    return state.setting("present") == "1"


def style() -> str:
    """What makes a page one for a projector, "" where it is none."""
    return STYLE if on() else ""


def screen() -> tuple[int, int]:
    """Pixels across and down, as the visitor's browser has said."""
    said: tuple[int, int] = st.session_state.get("screen", PROJECTOR)
    return said


def turn(*, presenting: bool, on_screen: object) -> None:
    """Begin or leave, for callbacks; `on_screen` is what the browser says its size is."""
    saw(on_screen)
    state.show_setting("present", "1" if presenting else "")
    if not presenting:
        locks.turn(on=False)


def saw(on_screen: object) -> None:
    """The size of the screen, as a browser says it; what is none is not heard."""
    if isinstance(on_screen, list) and len(on_screen) == 2 and all(type(side) is int for side in on_screen):
        across, down = (min(max(side, SMALLEST), LARGEST) for side in on_screen)
        st.session_state["screen"] = (across, down)


def figure(drawn: go.Figure, key: str) -> go.Figure:
    """The figure of the container `key` as it is shown, called inside it: on a projector larger, with all the width its
    labels need, its colours held where they are locked."""
    if not on():
        return drawn
    larger = enlarged(locks.held_here(drawn, key), max(screen()[1] - AROUND, SMALLEST))
    wide = least_width(larger)
    column = f'[data-testid="stColumn"]:has(.st-key-{re.sub(r"[^a-zA-Z0-9_-]", "-", key)})'
    st.html(f"<style>{column} {{ flex-basis: {wide}px; min-width: min(100%, {wide}px) }}</style>")
    return larger
