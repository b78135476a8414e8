"""Put a figure on the page, the same way everywhere: keyed container, quiet tool bar, a way to take it along, badge."""

import re
from collections.abc import Callable, Hashable
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from viz_core.analysis.truth import truth_of
from viz_core.attention import AttentionRecord
from viz_core.figures import told
from viz_core.figures.labels import unspaced
from viz_core.figures.lying import percent
from viz_core.figures.taken import Cells
from viz_core.language import _
from viz_core.ui import presenting, store
from viz_core.ui.taking import figures as taking
from viz_core.ui.taking import shown

MARKDOWN = frozenset("\\`*_{}[]<>()#+-.!|~$:^=\"'&")  # a backslash before these makes them literal
TOOLBAR: dict[str, Any] = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["toImage", "select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    "scrollZoom": False,
}


def figure(
    drawn: go.Figure,
    key: str,
    says: str,
    on_bar: Callable[[int], None] | None = None,
    cells: Callable[[], Cells] | None = None,
) -> None:
    """`key` names the container the page's bridge looks for; `says`, and where the largest numbers are, is read to
    those who do not see it; `on_bar` is called with the number of a clicked bar, before the page runs again; `cells` is
    called for every number of a map that may be drawn with fewer, when the visitor takes it along."""
    says = " ".join(filter(None, [_ended(says), told.largest(drawn)]))

    def clicked() -> None:
        points = st.session_state[f"{key}-figure"].selection.points
        if points and on_bar and points[0]["point_index"] < len(drawn.data[0].x):  # else a bar of the figure before
            on_bar(points[0]["point_index"])

    held = st.container(key=key, gap=None)
    shown.figure(drawn, says, place(held))
    with held:
        st.plotly_chart(
            presenting.figure(drawn, key),
            key=f"{key}-figure",
            theme=None,
            config=TOOLBAR,
            alt=says,
            on_select=clicked if on_bar else "ignore",
            selection_mode="points",
        )
        taking.offer(drawn, key, says, cells)


def _ended(says: str) -> str:
    """As a sentence, for another follows."""
    return says if not says or says.endswith((".", "!", "?", "…")) else f"{says}."


def place(container: DeltaGenerator) -> tuple[int, ...]:
    """Where on the page it lies: by what is in what, from the first to the last."""
    cursor = container._cursor  # Streamlit tells it nowhere else
    return () if cursor is None else tuple(cursor.delta_path)


def badge(record: AttentionRecord, of: tuple[Hashable, ...]) -> None:
    """How far what is drawn is from PyTorch's own attention on the same q, k, v; `of` says which head of which text."""
    truth = store.finding(("truth", *of), lambda: truth_of(record))
    if record.cap is not None:  # no kernel takes one
        words = _(
            "Rows sum to 1 within {rows}; {dtype}. The scores of this model are capped, which PyTorch's own attention "
            "cannot do: it was compared with the model's own, weight by weight, when it was loaded"
        )
        with st.container(key="badge"):
            st.caption(":material/verified: " + words.format(rows=power(truth.row_sum_error), dtype=truth.dtype))
        return
    words = _(
        "Checked: differs from PyTorch's own attention by at most {difference} (max |Δ|); rows sum to 1 within "
        "{rows}; {dtype}"
    )
    with st.container(key="badge"):
        st.caption(
            ":material/verified: "
            + words.format(difference=power(truth.fused_difference), rows=power(truth.row_sum_error), dtype=truth.dtype)
        )


def number(value: float) -> str:
    """Four significant digits, the same everywhere; what is smaller than 0.0001 as a power of ten."""
    if value and abs(value) < 0.0001:
        return ("−" if value < 0 else "") + power(abs(value))
    return f"{value:.4g}".replace("-", "−").replace("inf", "∞")


def power(value: float) -> str:
    """A small number to one digit, e.g. 2·10⁻¹⁵."""
    if not value:
        return "0"
    mantissa, _e, exponent = f"{value:.0e}".partition("e")
    return f"{mantissa}·10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def share(value: float) -> str:
    """A probability in percent; what is not 0 never reads as 0."""
    return percent(value)


def signed(value: float) -> str:
    """As `number`, with the sign."""
    return ("+" if value > 0 else "") + number(value)


def in_bytes(count: int) -> str:
    """With a binary unit, three significant digits."""
    size, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.3g}\u00a0{units[0]}"


def literal(text: str) -> str:
    """Text that a visitor or a stranger wrote, for Markdown: drawn as it is, never acted upon.

    Streamlit makes links of bare addresses, icons of :names: and arrows of ->: an invisible word joiner after the
    characters that these begin with keeps them text.
    """
    shown = text.encode("utf-8", "replace").decode()
    shown = "".join("\\" + character if character in MARKDOWN else character for character in shown)
    return re.sub(r"(www|[:@<>~=-])", "\\1\u2060", shown, flags=re.IGNORECASE)


def quoted(token: str) -> str:
    """A token inside a sentence of Markdown, the blank before a word unsaid."""
    return f"“{literal(unspaced(token))}”"
