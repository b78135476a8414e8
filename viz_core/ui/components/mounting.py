"""What every component does: read its assets, send arrays, hear of a choice.

The browser runs ahead of Python: a click moves the frame at once, Python answers later. So that an answer to
an earlier click does not move it back, choices are numbered, and the header says which was answered last.
"""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from viz_core.figures import palette

FOLDER = Path(__file__).parent


def read(*names: str) -> str:
    """The text of the named assets, one after the other."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def pack(header: dict[str, Any], *arrays: np.ndarray) -> bytes:
    """[u32 length of header, little-endian][header as JSON, UTF-8][the arrays' bytes, one after the other].

    Raises TypeError on what JSON cannot hold: Streamlit's own serializer would send str(data) and say nothing.
    """
    text = json.dumps(header, ensure_ascii=False, allow_nan=False).encode()
    payload = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
    return struct.pack("<I", len(text)) + text + payload


def colours() -> dict[str, dict[str, Any]]:
    """The colours a component may need, for each theme; the browser knows which theme it shows."""
    return {
        theme: {
            "weights": list(palette.WEIGHTS[theme]),
            "notAllowed": palette.NOT_ALLOWED[theme],
            "query": palette.QUERY[theme],
        }
        for theme in ("light", "dark")
    }


def mount(
    component: ComponentRenderer,
    header: dict[str, Any],
    *arrays: np.ndarray,
    key: str,
    on_choose: Callable[..., None],
    limits: tuple[int, ...],
    **callbacks: Any,
) -> None:
    """Show the component; when the visitor chooses, call on_choose with the numbers, before the script runs again.

    `callbacks` are for what else the component reports, e.g. on_theme_change.
    A choice is one whole number for each of `limits`, from 0 and below the limit; anything else is ignored.
    """
    answered = f"{key} answered"

    def chosen() -> None:
        choice = st.session_state[key]["choice"]
        st.session_state[answered] = choice["number"]
        value = choice["value"]
        inside = (type(v) is int and 0 <= v < n for v, n in zip(value, limits, strict=False))
        if len(value) == len(limits) and all(inside):
            on_choose(*value)

    header = {**header, "answered": st.session_state.get(answered, 0)}
    component(key=key, data=pack(header, *arrays), on_choice_change=chosen, **callbacks)
