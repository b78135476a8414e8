"""The frame of every page: configuration, navigation, theme, and what stands on every page."""

from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec

import streamlit as st

from viz_core.figures.palette import BACKGROUND, ThemeName
from viz_core.language import _, speak
from viz_core.ui import parts, state
from viz_core.ui.taking import shown

ICON = Path(__file__).parents[2] / "assets" / "icon.svg"  # a Material icon would be fetched from the network
Given = ParamSpec("Given")
SIDEBAR_WIDTH = 236  # pixels; the pictures need the room
STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def start(title: str) -> state.View:
    """Begin a page: the same call on each one. Returns what the visitor is looking at."""
    st.set_page_config(page_title=title, page_icon=ICON, layout="wide", initial_sidebar_state=SIDEBAR_WIDTH)
    st.html(f"<style>:root {{ --page-background: {BACKGROUND[theme()]} }}\n{STYLE}</style>")
    speak("en")
    view = state.view()
    # a widget of the page before is another one for Streamlit, also when it has the same key
    st.session_state["new page"] = st.session_state.get("page") != title
    st.session_state["page"] = title
    shown.nothing_read()
    with st.sidebar:
        st.markdown("#### " + _("Inside attention"))
        st.caption(_("Type a sentence, see what a Transformer's heads look at: true numbers at every cell."))
    return view


def live(body: Callable[Concatenate[state.View, Given], None]) -> Callable[Given, None]:
    """Let the part of a page that depends on what is chosen on it run again by itself (a fragment): a click then
    neither loads the model, reads the sentence nor draws the controls again.

    The body is called with the view as it is now, and what it is given. A new sentence, model or theme makes the whole
    page run.
    """

    def asked() -> tuple[str, str, ThemeName]:
        view = state.current()
        return view.model, view.text, theme()

    @st.fragment(key="page")
    def part(then: tuple[str, str, ThemeName], *given: Given.args, **named: Given.kwargs) -> None:
        speak("en")
        if asked() != then:
            st.rerun()
        view = state.current()
        shown.nothing_edited()
        body(view, *given, **named)  # first, for it is what a click waits for
        _navigation(view)
        state.mirror()

    return lambda *given, **named: part(asked(), *given, **named)


def _navigation(view: state.View) -> None:
    """Links that carry along what is looked at; so they are written anew whenever that changes."""
    address = state.address_of(view)
    with st.sidebar:
        for group, pages in _pages():
            if group:
                st.caption(group)
            for path, label, icon in pages:
                there = parts.address_of(label, address)
                st.page_link(path, label=label, icon=f":material/{icon}:", query_params=there)


def _pages() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """By group: the file of a page, its title and its icon."""
    return [
        (
            "",
            [
                ("app.py", _("Explore"), "grid_view"),
                ("pages/inside_one_head.py", _("Inside one head"), "linear_scale"),
            ],
        ),
        (
            _("How it works"),
            [
                ("pages/scaling.py", _("Scaling"), "compress"),
                ("pages/masks.py", _("Masks"), "grid_off"),
                ("pages/positions.py", _("Positions"), "pin"),
                ("pages/many_heads.py", _("Many heads"), "view_module"),
                ("pages/block.py", _("The block"), "layers"),
                ("pages/birth.py", _("How heads are born"), "timeline"),
                ("pages/encoder_decoder.py", _("Encoder and decoder"), "translate"),
                ("pages/efficient.py", _("Made cheaper"), "bolt"),
            ],
        ),
        (
            _("Ask a model"),
            [
                ("pages/compare.py", _("Compare"), "compare_arrows"),
                ("pages/head_finder.py", _("Head finder"), "manage_search"),
                ("pages/beyond_weights.py", _("Beyond weights"), "query_stats"),
            ],
        ),
        (
            _("By hand"),
            [
                ("pages/matrix_lab.py", _("Matrix lab"), "calculate"),
            ],
        ),
    ]


def theme() -> ThemeName:
    """The theme the browser shows now."""
    return "dark" if st.context.theme.type == "dark" else "light"
