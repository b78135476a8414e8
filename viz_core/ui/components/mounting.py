"""What the components share: their assets, the bytes they are sent, their colours.

A component that only shows is sent what it shows and nothing else, so that its bytes change with the text or the
head and not with every click: what is chosen goes through the bridge to a board in the page, where all look it up.
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from viz_core.figures import palette

FOLDER = Path(__file__).parent


def read(*names: str) -> str:
    """The text of the named assets, one after the other."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def pack(header: dict[str, Any], *arrays: np.ndarray) -> bytes:
    """[u32 length of header, little-endian][header as JSON, UTF-8][the arrays' bytes, one after the other].

    Put arrays of wide numbers first: the browser reads each one in place, at a multiple of its width.
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
            "hatch": palette.HATCH[theme],
            "query": palette.QUERY[theme],
            "key": palette.KEY[theme],
            "categories": list(palette.CATEGORIES[theme]),
        }
        for theme in ("light", "dark")
    }
