"""The frame of every page: configuration, navigation, theme, and what stands on every page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Concatenate, ParamSpec

import streamlit as st

from viz_core.figures.palette import BACKGROUND, MUTED, ThemeName
from viz_core.language import LANGUAGES, _, speak
from viz_core.ui import classroom, languages, lessons, parts, presenting, server, sharing, show, state, themes, widgets
from viz_core.ui.components.presenter import presenter
from viz_core.ui.presenting import locks
from viz_core.ui.taking import shown
from viz_core.ui.toml_file import Unusable

ICON = Path(__file__).parents[2] / "assets" / "icon.svg"  # a Material icon would be fetched from the network
Given = ParamSpec("Given")
# Streamlit's browser side asks for the whole page when its connection comes back only if a part of the page runs by
# itself; a server started anew, which knows no part, would else drop every click and show nothing new
BY_ITSELF = timedelta(days=1)
SIDEBAR_WIDTH = 236  # pixels; the pictures need the room
STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


@contextmanager
def page(name: str) -> Iterator[state.View]:
    """The same around each page, `name` as in `_pages`. Gives what the visitor is looking at; what is drawn inside
    stands beside the step of a lesson, where one is open."""
    _server_is_usable()
    _class_is_usable()
    view = state.view()
    speak(_language())
    st.set_page_config(page_title=_title(name), page_icon=ICON, layout="wide", initial_sidebar_state=SIDEBAR_WIDTH)
    st.html(f"<style>{_colours()}\n{STYLE}{presenting.style()}</style>")
    # widgets of the page before, or of one that a question has hidden since, are other ones for Streamlit, also where
    # they have the same keys: they must be told their values again (`settings.put`)
    place = name, state.setting("lesson"), state.setting("lesson_step")
    st.session_state["new page"] = st.session_state.get("seen") != place
    st.session_state["page"] = name
    shown.nothing_read()
    with st.sidebar:
        st.markdown("#### " + _("Inside attention"))
        of_class = classroom.current().title
        words = _("Type a sentence, see what a Transformer's heads look at: true numbers at every cell.")
        st.caption(show.literal(of_class) if of_class else words)
        languages.switch("language")
    with sharing.around(_title(name)):
        with st.sidebar:
            sharing.button()
        with lessons.beside(name, file_of) as seen:
            st.session_state["seen"] = place if seen else None
            if seen:
                yield view
    _presenter(name)
    widgets.forget_others(whole=True)
    if not seen:
        st.stop()  # the page draws nothing


def live(body: Callable[Concatenate[state.View, Given], None]) -> Callable[Given, None]:
    """Let the part of a page that depends on what is chosen on it run again by itself (a fragment): a click then
    neither loads the model, reads the sentence nor draws the controls again.

    The body is called with the view as it is now, and what it is given. A new sentence, model or theme makes the whole
    page run.
    """

    def asked() -> tuple[str, str, ThemeName]:
        view = state.current()
        return view.model, view.text, themes.theme()

    @st.fragment(key="page", run_every=BY_ITSELF)
    def part(then: tuple[str, str, ThemeName], *given: Given.args, **named: Given.kwargs) -> None:
        speak(_language())
        if asked() != then:
            st.rerun()
        view = state.current()
        shown.nothing_edited()
        body(view, *given, **named)  # first, for it is what a click waits for
        _navigation(view)
        state.mirror()
        widgets.forget_others(whole=False)

    return lambda *given, **named: part(asked(), *given, **named)


def _navigation(view: state.View) -> None:
    """Links that carry along what is looked at; so they are written anew whenever that changes."""
    address = state.address_of(view)
    with st.sidebar:
        for group, pages in _pages():
            if group:
                st.caption(group)
            for name, label, icon in pages:
                there = parts.address_of(name, address)
                st.page_link(file_of(name), label=label, icon=f":material/{icon}:", query_params=there)


def _pages() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """By group: the name of a page, its title and its icon."""
    return [
        (
            "",
            [
                ("explore", _("Explore"), "grid_view"),
                ("inside_one_head", _("Inside one head"), "linear_scale"),
            ],
        ),
        (
            _("Learn"),
            [
                ("lessons", _("Lessons"), "school"),
            ],
        ),
        (
            _("How it works"),
            [
                ("scaling", _("Scaling"), "compress"),
                ("masks", _("Masks"), "grid_off"),
                ("positions", _("Positions"), "pin"),
                ("many_heads", _("Many heads"), "view_module"),
                ("block", _("The block"), "layers"),
                ("birth", _("How heads are born"), "timeline"),
                ("encoder_decoder", _("Encoder and decoder"), "translate"),
                ("efficient", _("Made cheaper"), "bolt"),
            ],
        ),
        (
            _("Ask a model"),
            [
                ("compare", _("Compare"), "compare_arrows"),
                ("head_finder", _("Head finder"), "manage_search"),
                ("beyond_weights", _("Beyond weights"), "query_stats"),
            ],
        ),
        (
            _("By hand"),
            [
                ("matrix_lab", _("Matrix lab"), "calculate"),
            ],
        ),
    ]


def file_of(name: str) -> str:
    """Where the page of that name lies, as Streamlit's links ask for it."""
    return "app.py" if name == "explore" else f"pages/{name}.py"


def _title(name: str) -> str:
    return next(title for _group, pages in _pages() for found, title, _icon in pages if found == name)


def _presenter(name: str) -> None:
    """What makes of the page one for a projector, by a key; → goes on to the next page of its group."""
    groups = [[page for page, *_words in pages] for _group, pages in _pages()]
    group = next(names for names in groups if name in names)
    around = [group[at] if 0 <= at < len(group) else None for at in (group.index(name) - 1, group.index(name) + 1)]
    before, after = (None if page is None else "" if page == "explore" else page for page in around)
    presenter(
        presenting=presenting.on(),
        locked=locks.locked(),
        screen=presenting.screen(),
        title=_title(name),
        around=(before, after),
        next_title=_title(around[1]) if around[1] else "",
        on_turn=presenting.turn,
        on_lock=locks.turn,
        on_screen=presenting.saw,
    )


def _class_is_usable() -> None:
    """That the teacher's file cannot be used is told in place of every page: nobody is to take it for the class's. Why,
    visitors of a server are not told, for that says where things lie on the disk."""
    try:
        classroom.current()
    except Unusable as error:
        words = _(
            "The presets of the class cannot be used, so this server shows nothing. Whoever runs it finds the cause "
            "with `python -m viz_core.ui.classroom`."
        )
        st.error(show.literal(str(error)) if server.is_operator() else words, icon=":material/error:")
        st.stop()


def _server_is_usable() -> None:
    """Likewise of the operator's file."""
    try:
        server.current()
    except Unusable:
        words = _(
            "This server's settings cannot be used, so it shows nothing. Whoever runs it finds the cause with "
            "`python -m viz_core.ui.server`."
        )
        st.error(words, icon=":material/error:")
        st.stop()


def _language() -> str:
    """The visitor's choice, kept in the address; before there is one, that of the class, or of the browser."""
    said = state.setting("lang")
    if said in LANGUAGES:
        return said
    browsers = (st.context.locale or "").partition("-")[0]
    found = classroom.current().language or (browsers if browsers in LANGUAGES else "en")
    state.put_setting("lang", "" if found == "en" else found)
    return found


def _colours() -> str:
    """Those that the style sheet asks for."""
    now = themes.theme()
    return f":root {{ --page-background: {BACKGROUND[now]}; --muted: {MUTED[now]} }}"
