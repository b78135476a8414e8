"""A text being written token by token: the source tinted by where the model looks, what is written so far under it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from viz_core.language import _
from viz_core.ui.components.mounting import colours, pack, read

_component = st.components.v2.component(
    "writer", html=read("writer.html"), css=read("writer.css"), js=read("shared.js", "reel.js", "writer.js")
)


class Bars(NamedTuple):
    """The bars that turn along in the figure under `key`: shares, what is written at them and names, of each step."""

    key: str
    steps: Sequence[tuple[Sequence[float], Sequence[str], Sequence[str]]]


def writer(
    source: Sequence[str],
    written: Sequence[str],
    weights: NDArray[np.float32],
    says: Sequence[str],
    *,
    names: tuple[str, str],
    bars: Bars,
    step: int,
    on_step: Callable[[int], None],
    key: str,
) -> None:
    """Show the step that writes token `step`: slider, buttons and the written tokens choose another, and the browser
    plays on by itself, asking nothing of the server. A visitor who asked for less movement gets no play button.

    source   labels: a leading "·" is the blank before a word
    written  likewise; the first is written from the sign that starts a text
    weights  [written, source]: where each step looks; rows sum to 1
    says     a line on each step
    names    of the two texts
    on_step  called with the step that the visitor came to rest at, before the script runs again

    Raises ValueError when the shapes differ.
    """
    if weights.shape != (len(written), len(source)) or len(says) != len(written):
        raise ValueError(
            f"weights are {list(weights.shape)}; expected {[len(written), len(source)]}, with as many says"
        )
    heard: dict[str, Any] = st.session_state.setdefault(f"{key} heard", {"session": uuid4().hex, "answered": 0})
    header = {
        "source": list(source),
        "written": list(written),
        "says": list(says),
        "names": list(names),
        "step": step,
        "bars": {
            "key": bars.key,
            "steps": [{"x": list(x), "text": list(text), "names": list(of)} for x, text, of in bars.steps],
        },
        "heard": dict(heard),
        "colours": colours(),
        "words": {
            "label": _("Word by word"),
            "slider": _("Token being written"),
            "play": _("Play"),
            "pause": _("Pause"),
            "previous": _("One token back"),
            "next": _("Next token"),
            "start": _("[start]"),
            "in": _("goes in"),
            "out": _("is written"),
            "looks": _("weight {weight}"),
            "of": _("{step} of {all}"),
        },
    }

    def told() -> None:
        message = st.session_state[key]["moment"]
        heard["answered"] = message["number"]
        if type(message["moment"]) is int and 0 <= message["moment"] < len(written):
            on_step(message["moment"])

    _component(key=key, data=pack(header, weights.astype(np.float32)), on_moment_change=told)
