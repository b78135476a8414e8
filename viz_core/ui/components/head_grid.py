"""All heads at once: one picture, layers down, heads across; click or arrow keys choose one."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from viz_core.language import _
from viz_core.ui.components.mounting import colours, pack, read
from viz_core.ui.roles import NONE

_component = st.components.v2.component(
    "head_grid",
    html=read("head_grid.html"),
    css=read("head_grid.css"),
    js=read("shared.js", "head_grid.js"),
)


def head_grid(
    tiles: NDArray[np.uint8],
    *,
    allowed: NDArray[np.bool_],
    roles: Sequence[tuple[str, str, str]],
    here: Mapping[str, NDArray[np.float64]],
    known: Mapping[str, NDArray[np.float64]],
    marks: NDArray[np.uint8],
    resting: NDArray[np.bool_],
    pooled: str,
    key: str,
) -> None:
    """Show every head's attention map as a small tile, the chosen one framed, with what is known of each head.

    A tile has the letter and the colour of its head's role on its edge. While the page has picked out a role, the
    heads that do not have it are paler, and may be put in order of it.

    tiles    uint8 [layer, head, query, key], row 0 on top: round(255·√weight), so that 1 % is still seen (25)
    allowed  bool [layer, query, key], or [1, query, key] for all layers; a cell that may not be looked at is grey,
             never the colour of weight 0
    roles    (name, letter, what a head of that role looks at)
    here     role → [layer, head], scores on this text; NaN where the role sleeps on it
    known    role → [layer, head], scores from elsewhere; for the roles somebody measured
    marks    uint8 [layer, head]: the head's role as an index of `roles`, or NONE
    resting  bool [layer, head]: does nothing much on this text; paler
    pooled   what one cell of a tile is where it covers several of the text, in words, or ""
    key      the component's key

    Raises ValueError on tiles or allowed of another type or shape.
    """
    if tiles.dtype != np.uint8 or tiles.ndim != 4:
        raise ValueError(f"tiles is {tiles.dtype} {list(tiles.shape)}; expected uint8 [layer, head, query, key]")
    n_layer, n_head, n_query, n_key = tiles.shape
    if allowed.dtype != bool or allowed.shape not in {(1, n_query, n_key), (n_layer, n_query, n_key)}:
        raise ValueError(f"allowed is {allowed.dtype} {list(allowed.shape)}; expected bool {[n_layer, n_query, n_key]}")
    header = {
        "shape": [n_layer, n_head, n_query, n_key],
        "masks": len(allowed),
        "roles": [
            {"name": name, "letter": letter, "says": says, "here": name in here, "known": name in known}
            for name, letter, says in roles
        ],
        "colours": colours(),
        "words": {
            "label": _("All heads: layers down, heads across. Arrow keys choose a head."),
            "meaning": _("row looks at column"),
            "pooled": pooled,
            "resting": _("rests on the first token here"),
            "here": _("here"),
            "known": _("known"),
            "asleep": _("asleep"),
            "sort": _("strongest first"),
        },
    }
    tables = [table[name] for name, _letter, _says in roles for table in (here, known) if name in table]
    _component(key=key, data=pack(header, allowed, marks, resting, *map(_hundredths, tables), tiles))


def _hundredths(scores: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.where(np.isnan(scores), NONE, np.clip(np.nan_to_num(scores), 0, 1) * 100).round().astype(np.uint8)
