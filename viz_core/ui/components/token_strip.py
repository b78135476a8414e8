"""The text itself as tokens, tinted by attention, with lines between one token and those it has to do with."""

from collections.abc import Sequence

import streamlit as st

from viz_core.analysis.links import Links
from viz_core.language import _
from viz_core.ui.components.mounting import colours, pack, read

_component = st.components.v2.component(
    "token_strip",
    html=read("token_strip.html"),
    css=read("links.css", "token_strip.css"),
    js=read("shared.js", "links.js", "token_strip.js"),
)


def token_strip(tokens: Sequence[str], links: Links, *, key: str) -> None:
    """Show the text in large type; the chosen token's lines run to the tokens it looks at, or, switched, come from
    those that look at it. Hovering, touching or focusing another token shows that token's, and sends nothing.

    tokens  labels: a leading "·" is the blank before a word, "⏎" ends a line
    links   of one head: who looks at whom
    key     the component's key

    Raises ValueError when the links are not those of one head over these tokens.
    """
    if links.shape != (1, len(tokens), len(tokens)):
        raise ValueError(f"links are of {list(links.shape)}; expected {[1, len(tokens), len(tokens)]}")
    header = {
        "tokens": list(tokens),
        "least": links.least,
        "colours": colours(),
        "words": {
            "label": _("The text as tokens. Arrow keys look at a token, Enter chooses it."),
            "says": _("The model reads tokens: words or pieces of words. Hover one, click to keep it."),
            "faint": _("Lines under {least} are not drawn; here they hold {share} of the weight."),
            "direction": _("Lines and colours show"),
            "from": _("what it looks at"),
            "to": _("who looks at it"),
        },
    }
    _component(key=key, data=pack(header, *links.arrays))
