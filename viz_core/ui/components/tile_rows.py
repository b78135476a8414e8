"""What is kept of the rows of one tile, at every step of a walk over tiles; the browser turns from one to the next."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.language import _
from viz_core.ui.components.mounting import pack, read

_component = st.components.v2.component(
    "tile_rows",
    html=read("tile_rows.html"),
    css=read("tile_rows.css"),
    js=read("shared.js", "reel.js", "tile_rows.js"),
)


class Place(NamedTuple):
    """tile    first row, one past the last, first key, one past the last
    shown   the first row that is shown, and how many are
    begins  whether it is the first tile of its rows that is computed: nothing is rescaled yet
    """

    tile: tuple[int, int, int, int]
    shown: tuple[int, int]
    begins: bool


def tile_rows(
    places: Sequence[Place],
    numbers: NDArray[np.float32],
    contexts: NDArray[np.float32],
    ends: NDArray[np.float32],
    *,
    tokens: Sequence[str],
    n_key: int,
    map_key: str,
    key: str,
) -> None:
    """Show the rows of the tile at the moment of the page's player.

    places    of each step
    numbers   [step, row, 4]: the largest score so far, what was rescaled by, the sum so far, and how far the context
              is from that in the end
    contexts  [step, row, d_value]: the context so far
    ends      [query, d_value]: the context in the end
    tokens    names of the rows
    map_key   of the figure of the tiles, made by `tile_map`, whose frame moves along
    """
    limit = float(np.abs(ends).max(initial=0)) or 1.0
    header = {
        "steps": [place._asdict() for place in places],
        "shown": numbers.shape[1],
        "width": ends.shape[1],
        "tokens": list(tokens),
        "cells": [len(tokens), n_key],
        "map": map_key,
        "colours": {
            theme: {"signed": list(palette.SIGNED[theme]), "chosen": palette.CHOSEN[theme]}
            for theme in ("light", "dark")
        },
        "words": {
            "label": _("The rows of the tile, and what is kept of each"),
            "columns": [
                _("row"),
                _("largest so far, m"),
                _("old sum, old output"),
                _("sum so far, ℓ"),
                _("max |Δ| to the end"),
                _("context so far, o/ℓ; below: in the end"),
            ],
        },
    }
    _component(key=key, data=pack(header, numbers.astype(np.float32), _levels(contexts, limit), _levels(ends, limit)))


def _levels(values: NDArray[np.float32], limit: float) -> NDArray[np.uint8]:
    """From −limit to limit, as 0 to 255."""
    levels: NDArray[np.float32] = (np.clip(values / limit, -1, 1) + 1) * 127.5
    return np.nan_to_num(levels, nan=127.5).round().astype(np.uint8)
