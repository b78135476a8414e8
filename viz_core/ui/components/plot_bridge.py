"""Clicks, crosshairs and the chosen cell on Plotly maps: the only thing that touches Plotly's page elements.

Streamlit drops clicks on heatmap cells and offers no hover events, so this invisible component listens to the
figures themselves. A figure takes part when its layout.meta (or a trace's meta, which goes first) says so:

{"linked": "cells"}                           x is the key, y the query
{"linked": "cells", "rows_only": True}        y is the query, x something else: a click keeps the chosen key
{"linked": "cells", "columns": "key-rows"}    y is the key: a click keeps the chosen query

Axis values are whole numbers from 0, one a cell. Hovering sends nothing to the server.
"""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from viz_core.figures import palette
from viz_core.language import _
from viz_core.ui.components.mounting import mount, read

_component = st.components.v2.component(
    "plot_bridge",
    html='<div class="plot-bridge" data-testid="plot-bridge" hidden></div>',
    css=read("plot_bridge.css"),
    js=read("shared.js", "plot_bridge.js"),
    isolate_styles=False,  # the frames lie inside the figures, where a shadow root's styles do not reach
)


def plot_bridge(
    keys: Sequence[str],
    *,
    shape: tuple[int, int],
    chosen: tuple[int, int] | None,
    key: str,
    on_choose: Callable[[int, int], None],
    colour: Mapping[str, str] = palette.CHOSEN,
) -> None:
    """Link the maps shown by st.plotly_chart(…, key=k) (or inside st.container(key=k)) for each k of keys.

    Takes no room. Frames the chosen cell in all of them, outlines the hovered one in all, and moves the chosen
    one by click, touch or, in a focused figure, by arrow keys.

    shape      (n_query, n_key): the cells there are
    chosen     (query, key) from 0, or None for no frame
    key        the component's key
    on_choose  called with (query, key) when the visitor chooses another cell, before the script runs again
    colour     of the frame, for each theme
    """
    header = {
        "keys": list(keys),
        "shape": list(shape),
        "choice": None if chosen is None else list(chosen),
        "colour": dict(colour),
        "theme": "dark" if st.context.theme.type == "dark" else "light",
        "words": {"label": _("Arrow keys move the chosen cell.")},
    }
    mount(_component, header, key=key, on_choose=on_choose, limits=shape, on_theme_change=lambda: None)
