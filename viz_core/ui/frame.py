"""The frame of every page: configuration, navigation, theme, and what stands on every page."""

from pathlib import Path

import streamlit as st

from viz_core.figures.palette import ThemeName
from viz_core.language import _, speak
from viz_core.ui import state

ICON = Path(__file__).parents[2] / "assets" / "icon.svg"  # a Material icon would be fetched from the network
SIDEBAR_WIDTH = 236  # pixels; the pictures need the room
STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def start(title: str) -> state.View:
    """Begin a page: the same call on each one. Returns what the visitor is looking at."""
    st.set_page_config(page_title=title, page_icon=ICON, layout="wide", initial_sidebar_state=SIDEBAR_WIDTH)
    st.html(f"<style>{STYLE}</style>")
    speak("en")
    view = state.view()
    with st.sidebar:
        st.markdown("#### " + _("Inside attention"))
        st.caption(_("Type a sentence, see what a Transformer's heads look at: true numbers at every cell."))
        address = state.address_of(view)
        st.page_link("app.py", label=_("Explore"), icon=":material/grid_view:", query_params=address)
        st.page_link(
            "pages/inside_one_head.py", label=_("Inside one head"), icon=":material/linear_scale:", query_params=address
        )
    return view


def theme() -> ThemeName:
    """The theme the browser shows now."""
    return "dark" if st.context.theme.type == "dark" else "light"
