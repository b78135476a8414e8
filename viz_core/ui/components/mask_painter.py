"""A mask as a grid of its own, to paint on: a click allows or forbids a cell, a drag several."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from viz_core.language import _
from viz_core.ui.components.mounting import colours, pack, read

_component = st.components.v2.component(
    "mask_painter",
    html=read("mask_painter.html"),
    css=read("mask_painter.css"),
    js=read("shared.js", "mask_painter.js"),
)


def mask_painter(
    tokens: Sequence[str],
    allowed: NDArray[np.bool_],
    own: NDArray[np.bool_],
    *,
    title: str,
    painted: str,
    paintable: bool,
    on_paint: Callable[[str], None],
    key: str,
) -> None:
    """Show which cells may be looked at, with a dot where that is other than the model's own mask.

    tokens     labels: a leading "·" is the blank before a word
    allowed    bool [query, key], square
    own        likewise: the model's own
    painted    what `on_paint` was last called with, when `allowed` is that
    paintable  whether the visitor may change cells
    on_paint   called with the size and the bits of what was painted, "n.base64" (viz_core.ui.mechanism.masks.painted),
               before the script runs again
    key        the component's key

    Raises ValueError on maps of another shape.
    """
    n = len(tokens)
    for name, cells in (("allowed", allowed), ("own", own)):
        if cells.shape != (n, n) or cells.dtype != bool:
            raise ValueError(f"{name} is {cells.dtype} {list(cells.shape)}; expected bool {[n, n]}")
    hint = _("Click a cell to allow or forbid it; drag to paint several.")
    header = {
        "n": n,
        "tokens": list(tokens),
        "title": title,
        "subtitle": _("row may look at column"),
        "painted": painted,
        "paintable": paintable,
        "colours": colours(),
        "words": {
            "label": _("Arrow keys move, Space allows or forbids the cell.") if paintable else "",
            "hint": hint if paintable else _("Too long to paint by hand."),
            "may": _("may look"),
            "not": _("may not"),
            "other": _("other than the model's own"),
            "looks": _("{row} may look at {column}"),
            "forbidden": _("{row} may not look at {column}"),
        },
    }

    def told() -> None:
        on_paint(st.session_state[key]["painted"])

    _component(key=key, data=pack(header, np.packbits(allowed), np.packbits(own)), on_painted_change=told)
