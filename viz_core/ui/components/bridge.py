"""The bridge between the page and Python: what is chosen goes out, what the visitor chooses comes in.

It keeps the page's board (shared.js), from which every component reads which head, row and column are chosen and
which are pointed at; that part is a component of its own, some hundred bytes a click.

The other part alone touches Plotly's page elements: Streamlit drops clicks on heatmap cells and offers no hover
events, so it listens to the figures themselves. A figure takes part when its layout.meta (or a trace's meta, which
goes first) says so:

{"linked": "cells"}                           x is the key, y the query
{"linked": "cells", "rows_only": True}        y is the query, x something else: a click keeps the chosen key
{"linked": "cells", "columns": "key-rows"}    y is the key: a click keeps the chosen query

{"linked": "cells", "first": [i, j]}          its first row is query i and its first column key j: maps of several texts

{"linked": "cells", "words": [s, …]}          its rows and columns are words, and begin with these tokens: maps of words

Axis values are whole numbers from 0, one a cell. Two further entries are for maps of cells:

"size": n         each drawn cell covers n × n, and its customdata says which of them it shows: row · n + column
"window": true    only part of the map was sent; another part is asked for when the visitor zooms or drags

Hovering and zooming a map that was sent whole say nothing to the server.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4
from zlib import crc32

import streamlit as st

from viz_core.figures import palette
from viz_core.figures.heatmaps import Window
from viz_core.language import _
from viz_core.ui import themes
from viz_core.ui.components.mounting import pack, read

_choice = st.components.v2.component("choice", js=read("choice.js"), isolate_styles=False)
_maps = st.components.v2.component(
    "bridge",
    html=read("bridge.html"),
    css=read("bridge.css"),
    js=read("shared.js", "bridge.js"),
    isolate_styles=False,  # the frames lie inside the figures, where a shadow root's styles do not reach
)


def bridge(
    keys: Sequence[str],
    *,
    of: str,
    chosen: Mapping[str, int],
    limits: Mapping[str, int],
    on_choose: Callable[..., None],
    on_window: Callable[[Window | None], None],
    window: Window | None = None,
    role: str = "",
    colour: Mapping[str, str] = palette.CHOSEN,
) -> None:
    """Link the maps shown by st.plotly_chart(…, key=k) (or inside st.container(key=k)) for each k of keys, and the
    components of the page.

    Takes no room. Frames the chosen cell in all maps, outlines the hovered one in all, and moves the chosen one by
    click, touch or, in a focused figure, by arrow keys. Mount it once a page, after everything else.

    of         what is looked at, e.g. model and text: while it stays the same, maps keep the zoom
    chosen     {"layer", "head", "query", "key"}, each from 0
    limits     how many there are of each
    on_choose  called with layer, head, query, key (−1: the column that the row looks at most) when the visitor
               chooses, before the script runs again; never with a number outside the limits
    on_window  called with (first row, last row, first column, last column) that the visitor zoomed to in a map
               which was not sent whole, or None when all of it is wanted again
    window     the part that such maps are drawn with now: where they are first seen, the zoom goes on from there
    role       the one whose heads are picked out, or ""
    colour     of the frame, for each theme
    """
    # the page counts its choices, so that an answer to an earlier click does not undo a later one
    heard: dict[str, Any] = st.session_state.setdefault("bridge heard", {"session": uuid4().hex, "answered": 0})
    header = {
        "of": crc32(of.encode("utf-8", "surrogatepass")),
        "keys": list(keys),
        "limits": dict(limits),
        "window": window,
        "colour": dict(colour),
        "theme": themes.theme(),
        "words": {"label": _("Arrow keys move the chosen cell."), "strongest": _("strongest")},
    }

    def told() -> None:
        message = st.session_state["choice"]["choice"]
        heard["answered"] = message["number"]
        value = message["value"]
        least = {name: -1 if name == "key" else 0 for name in limits}
        if all(type(value.get(name)) is int and least[name] <= value[name] < limits[name] for name in limits):
            on_choose(**{name: value[name] for name in limits})

    def zoomed() -> None:
        at = st.session_state["bridge"]["window"]["at"]
        on_window(tuple(at) if at and len(at) == 4 and all(type(edge) is int for edge in at) else None)

    _choice(key="choice", data={**heard, "choice": dict(chosen), "role": role}, on_choice_change=told)
    _maps(
        key="bridge",
        data=pack(header),
        on_window_change=zoomed,
        on_theme_change=lambda: None,
    )
