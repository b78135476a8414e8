"""A number for every head, layers down and heads across, as a table of buttons: a click chooses a head, or switches it
off and on."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from viz_core.edits import Heads
from viz_core.figures import palette
from viz_core.language import _
from viz_core.ui.components.mounting import colours, pack, read

_component = st.components.v2.component(
    "head_map",
    html=read("head_map.html"),
    css=read("head_map.css"),
    js=read("shared.js", "head_map.js"),
)


def head_map(
    values: NDArray[np.float32],
    *,
    unit: str,
    says: Sequence[str],
    marks: NDArray[np.uint8],
    letters: Sequence[str],
    signed: bool = False,
    most: float = 0.0,
    written: bool = True,
    tinted: bool = False,
    names: tuple[str, str] = ("L", "H"),
    off: Heads | None = None,
    on_switch: Callable[[Heads], None] | None = None,
    key: str,
) -> None:
    """Show [layer, head] as coloured cells with the letter of each head's role, the chosen head framed.

    values     NaN where nothing is known of a head: no colour
    unit       of the values, beside the scale; "" leaves the scale out
    says       for every head, row by row: what its hover and a screen reader say
    marks      uint8 [layer, head]: the head's role as an index of `letters`, or NONE (viz_core.ui.roles)
    signed     colours diverge around 0, else one hue from 0
    most       the value of the fullest colour; the largest of `values` unless given
    written    whether a value is written where it has room
    tinted     colours are those of the roles, stronger for larger values
    names      what rows and columns are called, each before its number
    off        the heads that are off; with `on_switch`, a click switches a head, a click on a layer's name all its
               heads, and `on_switch` is called with those that are then off, before the script runs again. Without
               it a click chooses the head on the page's board.

    Raises ValueError when the shapes differ.
    """
    if values.shape != marks.shape or len(says) != values.size:
        raise ValueError(f"values is {values.shape}, marks {marks.shape}, says {len(says)}; expected one for each head")
    heard: dict[str, Any] = st.session_state.setdefault(f"{key} heard", {"session": uuid4().hex, "answered": 0})
    n_layer, n_head = values.shape
    seen = values[np.isfinite(values)]
    header = {
        **heard,
        "shape": [n_layer, n_head],
        "switches": on_switch is not None,
        "off": [layer * n_head + head for layer, head in sorted(off or ())],
        "limit": most or float(np.abs(seen).max(initial=0.0)) or 1.0,
        "unit": unit,
        "signed": signed,
        "written": written,
        "tinted": tinted,
        "names": list(names),
        "says": list(says),
        "letters": list(letters),
        "ramps": {theme: (palette.SIGNED if signed else palette.WEIGHTS)[theme] for theme in ("light", "dark")},
        "colours": colours(),
        "words": {
            "label": _("Heads: layers down, heads across. Arrow keys move, Enter or space acts."),
            "layer": _("Switch all heads of layer {layer}"),
            "off": _("switched off"),
        },
    }

    def switched() -> None:
        message = st.session_state[key]["switched"]
        heard["answered"] = message["number"]
        places = [place for place in message["off"] if type(place) is int and 0 <= place < n_layer * n_head]
        if on_switch is not None:
            on_switch(frozenset(divmod(place, n_head) for place in places))

    shown = np.where(np.isfinite(values), values, np.nan).astype(np.float32)
    _component(key=key, data=pack(header, shown, marks.astype(np.uint8)), on_switched_change=switched)
