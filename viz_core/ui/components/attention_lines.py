"""Queries on the left, keys on the right, and a line from each query to every key it looks at, for any heads of a
layer: one row of a map at a time, but readable word by word."""

from collections.abc import Sequence

import streamlit as st

from viz_core.analysis.links import Links
from viz_core.language import _
from viz_core.ui.components.mounting import colours, pack, read

_component = st.components.v2.component(
    "attention_lines",
    html=read("attention_lines.html"),
    css=read("links.css", "attention_lines.css"),
    js=read("shared.js", "links.js", "attention_lines.js"),
)


def attention_lines(tokens: Sequence[str], links: Links, *, layer: int, key: str) -> None:
    """Show who looks at whom as lines, at first those of the chosen head; the chosen token's are strong.

    Hovering, touching or focusing a token on the left shows what it looks at, on the right who looks at it; clicking
    chooses it. Which heads are shown, and from which weight, is the visitor's business: nothing of it is sent.

    tokens  labels: a leading "·" is the blank before a word, "⏎" ends a line
    links   of all heads of one layer: who looks at whom
    layer   which, from 0
    key     the component's key

    Raises ValueError when the links are not between these tokens.
    """
    n_head, n = links.shape[0], len(tokens)
    if links.shape != (n_head, n, n):
        raise ValueError(f"links are of {list(links.shape)}; expected {[n_head, n, n]}: heads × tokens × tokens")
    header = {
        "tokens": list(tokens),
        "layer": layer,
        "heads": n_head,
        "least": links.least,
        "colours": colours(),
        "words": {
            "heads": _("Heads shown"),
            "chip": _("Click: show or hide. Double-click or Shift+click: only this head."),
            "all": _("all"),
            "only": _("only {head}"),
            "none": _("No head is on."),
            "query": _("query: looks"),
            "key": _("key: is looked at"),
            "label": _("Arrow keys look at a token, Enter chooses it."),
            "direction": _("Lines and colours show"),
            "from": _("what it looks at"),
            "to": _("who looks at it"),
            "least": _("hide lines below"),
        },
    }
    _component(key=key, data=pack(header, *links.arrays))
