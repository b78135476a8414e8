"""All heads at once: one picture, layers down, heads across; click or arrow keys choose one."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from viz_core.language import _
from viz_core.ui.components.mounting import colours, mount, read

_component = st.components.v2.component(
    "head_grid",
    html=read("head_grid.html"),
    css=read("head_grid.css"),
    js=read("shared.js", "head_grid.js"),
)


def head_grid(
    tiles: np.ndarray,
    *,
    layer: int,
    head: int,
    allowed: np.ndarray,
    key: str,
    on_choose: Callable[[int, int], None],
) -> None:
    """Show every head's attention map as a small tile, the chosen one framed.

    tiles      uint8 [layer, head, query, key], row 0 on top: round(255·√weight), so that 1 % is still seen (25)
    layer      the chosen head, numbered from 0 like the labels
    head
    allowed    bool [query, key]; a cell that may not be looked at is grey, never the colour of weight 0
    key        the component's key
    on_choose  called with (layer, head) when the visitor chooses another head, before the script runs again

    Raises ValueError on tiles or allowed of another type or shape.
    """
    if tiles.dtype != np.uint8 or tiles.ndim != 4:
        raise ValueError(f"tiles is {tiles.dtype} {list(tiles.shape)}; expected uint8 [layer, head, query, key]")
    n_layer, n_head, n_query, n_key = tiles.shape
    if allowed.dtype != bool or allowed.shape != (n_query, n_key):
        raise ValueError(f"allowed is {allowed.dtype} {list(allowed.shape)}; expected bool {[n_query, n_key]}")
    header = {
        "shape": [n_layer, n_head, n_query, n_key],
        "choice": [layer, head],
        "colours": colours(),
        "words": {
            "label": _("All heads: layers down, heads across. Arrow keys choose a head."),
            "meaning": _("row looks at column"),
        },
    }
    mount(_component, header, allowed, tiles, key=key, on_choose=on_choose, limits=(n_layer, n_head))
