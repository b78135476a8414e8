"""A bar to play the moments of a course by: the browser plays, Python hears where the visitor rests."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

import streamlit as st

from viz_core.language import _
from viz_core.ui.components.mounting import read

PACE = 700  # ms a moment


class Words(NamedTuple):
    """What is played, as screen readers are told."""

    label: str
    slider: str
    back: str
    next: str


_component = st.components.v2.component(
    "player", html=read("player.html"), css=read("player.css"), js=read("reel.js", "player.js")
)


def player(
    names: Sequence[str],
    places: Sequence[float],
    says: Sequence[str],
    *,
    moment: int,
    event: int,
    curves: Sequence[str],
    on_moment: Callable[[int], None],
    key: str,
    words: Words | None = None,
    pace: int = PACE,
    steps: bool = False,
) -> None:
    """A slider over moments, evenly spaced, with a button that plays them to the last, `pace` ms each, at no cost to
    the server. A visitor who asked for less movement goes on by one moment a press.

    names      of the moments, under the slider; that of the `event` is underlined
    places     where they lie on the axis of the figures under the keys `curves`, whose first shape moves along
    says       a line on each moment
    moment     the one that is shown
    on_moment  called with the moment the visitor came to rest at, before the script runs again
    words      of other things than moments of training
    steps      whether buttons for one moment back and one on stand beside it
    """
    says_what = words or Words(_("Moments of training"), _("Moment of training"), _("Moment before"), _("Next moment"))
    heard: dict[str, Any] = st.session_state.setdefault(f"{key} heard", {"session": uuid4().hex, "answered": 0})

    def told() -> None:
        message = st.session_state[key]["moment"]
        heard["answered"] = message["number"]
        if type(message["moment"]) is int and 0 <= message["moment"] < len(names):
            on_moment(message["moment"])

    _component(
        key=key,
        data={
            "names": list(names),
            "places": list(places),
            "says": list(says),
            "moment": moment,
            "event": event,
            "curves": list(curves),
            "heard": dict(heard),
            "pace": pace,
            "steps": steps,
            "words": {**says_what._asdict(), "play": _("Play"), "pause": _("Pause")},
        },
        on_moment_change=told,
    )
