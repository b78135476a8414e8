"""The text itself as tokens, with lines from one token to those it looks at."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from viz_core.language import _
from viz_core.ui.components.mounting import colours, mount, read

_component = st.components.v2.component(
    "token_strip",
    html=read("token_strip.html"),
    css=read("token_strip.css"),
    js=read("shared.js", "token_strip.js"),
)


def token_strip(
    tokens: Sequence[str],
    *,
    row: int,
    keys: np.ndarray,
    weights: np.ndarray,
    key: str,
    on_choose: Callable[[int], None],
) -> None:
    """Show the text in large type; lines run from the chosen token to those it looks at.

    Hovering, touching or focusing another token shows that token's lines and sends nothing to the server.

    tokens     labels: a leading "·" is the blank before a word, "⏎" ends a line
    row        the chosen token, from 0
    keys       int [n, k]: the k tokens that each token looks at most, strongest first
    weights    float [n, k]: how much, 0 to 1; 0 in slots not used
    key        the component's key
    on_choose  called with the token's number when the visitor clicks another, before the script runs again

    Raises ValueError when keys or weights are not [n, k], n the number of tokens.
    """
    if keys.shape != weights.shape or keys.ndim != 2 or len(keys) != len(tokens):
        raise ValueError(
            f"keys {list(keys.shape)}, weights {list(weights.shape)}; expected [{len(tokens)}, k] for both"
        )
    header = {
        "tokens": list(tokens),
        "k": keys.shape[1],
        "choice": [row],
        "colours": colours(),
        "words": {"label": _("The text as tokens. Arrow keys look at a token, Enter chooses it.")},
    }
    arrays = keys.astype(np.uint32), weights.astype(np.float32)
    mount(_component, header, *arrays, key=key, on_choose=on_choose, limits=(len(tokens),))
