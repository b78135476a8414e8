"""The keys and the quiet bar of presenter mode, the lecturer's timer in a window of its own, and the page's language
for screen readers. Mounted once on every page: P begins anywhere."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from viz_core.language import _, spoken
from viz_core.ui.components.mounting import read

_component = st.components.v2.component(
    "presenter",
    html='<div class="presenter" data-testid="presenter" hidden></div>',
    css=read("presenter.css"),
    js=read("presenter_timer.js", "presenter.js"),
)


def presenter(
    *,
    presenting: bool,
    locked: bool,
    screen: tuple[int, int],
    title: str,
    around: tuple[str | None, str | None],
    next_title: str,
    on_turn: Callable[..., None],
    on_lock: Callable[..., None],
    on_screen: Callable[[object], None],
) -> None:
    """Listen to the keys; takes no room on the page.

    screen     pixels across and down that the figures were drawn for
    title      of the page
    around     the last part of the addresses of the page before and the page after in the page's group, "" for the
               landing page; None where there is none
    next_title of the page after
    on_turn    called with whether to present and the size of the screen when the visitor begins or leaves
    on_lock    called with whether colour scales are to be locked
    on_screen  called with the size of the screen when it is another one
    """

    def told() -> None:
        message: dict[str, Any] = st.session_state["presenter"]["wish"]
        kind, value = message.get("kind"), message.get("value")
        if kind == "present" and isinstance(value, bool):
            on_turn(presenting=value, on_screen=message.get("screen"))
        elif kind == "lock" and isinstance(value, bool):
            on_lock(on=value)
        elif kind == "screen":
            on_screen(message.get("screen"))

    _component(
        key="presenter",
        data={
            "presenting": presenting,
            "locked": locked,
            "screen": list(screen),
            "language": spoken(),
            "title": title,
            "around": list(around),
            "nextTitle": next_title,
            "words": _words(),
            "keys": _keys(),
        },
        on_wish_change=told,
    )


def _words() -> dict[str, str]:
    return {
        "bar": _("Presenting"),
        "back": _("Back"),
        "next": _("Next"),
        "help": _("Keys"),
        "leave": _("Leave presenter mode"),
        "locked": _("colours locked"),
        "close": _("Close"),
        "timer": _("Timer"),
        "elapsed": _("elapsed"),
        "comes": _("Next: {what}"),
        "end": _("the end of this group of pages"),
        "start": _("Space: start or pause · R: from 0 · ← →: move the page"),
        "blocked": _("The browser has blocked the timer's window. Allow windows of this page and press T again."),
    }


def _keys() -> list[tuple[str, str]]:
    return [
        ("→ PageDown", _("next step, then the next page")),
        ("← PageUp", _("step before")),
        ("↓ ↑", _("next picture of this step, and the one before")),
        ("F", _("the picture in view on the full screen; Esc: back")),
        ("L", _("lock the colour scales, so that pictures can be compared; again: let them go")),
        ("D", _("dark or light")),
        ("T", _("a timer in a window of its own, for your own screen")),
        ("H ?", _("these keys")),
        ("P", _("begin and leave presenter mode")),
    ]
