"""All heads of a small model at every moment of its training, a tile each; the browser turns from one to the next."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from viz_core.language import _
from viz_core.ui.components.mounting import colours, pack, read

_component = st.components.v2.component(
    "film", html=read("film.html"), css=read("film.css"), js=read("shared.js", "reel.js", "film.js")
)


class Frames(NamedTuple):
    """What the page's figures show at each moment, so that playing asks nothing of the server.

    weights  float32 [moment, query, key], of the map; NaN where it may not look
    titles   of the map
    bars     of each moment: shares, what is written at them, names
    """

    weights: NDArray[np.float32]
    titles: Sequence[str]
    bars: Sequence[tuple[Sequence[float], Sequence[str], Sequence[str]]]


def film(
    tiles: NDArray[np.uint8],
    *,
    allowed: NDArray[np.bool_],
    marks: NDArray[np.uint8],
    roles: Sequence[tuple[str, str]],
    scores: Sequence[Sequence[str]],
    frames: Frames,
    map_key: str,
    bars_key: str,
    key: str,
) -> None:
    """Show every head at the moment of the page's player; a click chooses a head.

    tiles    uint8 [moment, layer, head, side, side], as in `viz_core.analysis.overview`
    allowed  bool [side, side]
    marks    uint8 [moment, layer, head]: each head's role as an index of `roles`, or NONE
    roles    (letter, what a head of that role looks at)
    scores   of each moment and head: what stands beside its name
    frames   what the figures under `map_key` and `bars_key` show, which turn along
    """
    n_moment, n_layer, n_head, side, _side = tiles.shape
    header = {
        "shape": [n_moment, n_layer, n_head, side],
        "cells": list(frames.weights.shape[1:]),
        "roles": [{"letter": letter, "says": says} for letter, says in roles],
        "scores": [list(of_moment) for of_moment in scores],
        "map": {"key": map_key, "titles": list(frames.titles)},
        "bars": {
            "key": bars_key,
            "moments": [
                {"x": list(shares), "text": list(written), "names": list(names)}
                for shares, written, names in frames.bars
            ],
        },
        "colours": colours(),
        "words": {
            "label": _("Heads: layers down, heads across. Arrow keys move, Enter or space acts."),
            "none": _("not known for any role"),
        },
    }
    _component(key=key, data=pack(header, frames.weights, allowed, marks, tiles))
