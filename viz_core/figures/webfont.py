"""The app's typeface, put into a page that needs it: every machine then reads Korean, without a network.

Of the files that it is cut into, those go whole that have letters of the page: to cut them again would take seconds.
"""

import base64
import logging
import re
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

FAMILY = "Attention Sans"
HANGUL = re.compile("[ᄀ-ᇿ㄰-㆏가-힣]")  # what a machine may have no letters for


def faces(folder: Path, text: str) -> str:
    """CSS that declares the typeface for the letters of `text`; "" for a text that any machine can write, or where the
    folder holds no font."""
    if not HANGUL.search(text):
        return ""
    letters = set(map(ord, text))
    files = sorted(folder.glob("*.woff2"))
    return "\n".join(_face(path, sorted(letters & _read(path)[1])) for path in files if letters & _read(path)[1])


def _face(path: Path, letters: list[int]) -> str:
    weight, _has, data = _read(path)
    return (
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; '
        f"unicode-range: {', '.join(map('U+{:X}'.format, letters))}; "
        f'src: url(data:font/woff2;base64,{data}) format("woff2"); }}'
    )


@cache
def _read(path: Path) -> tuple[int, frozenset[int], str]:
    """Its weight, the letters that it has, itself in base64; no letters where it is damaged: others will do."""
    try:
        with path.open("rb") as file, TTFont(file, lazy=True) as font:
            data = base64.b64encode(path.read_bytes()).decode()
            return font["OS/2"].usWeightClass, frozenset(font.getBestCmap()), data
    except Exception as error:  # noqa: BLE001  fontTools and what unpacks for it have many for a damaged file
        logging.getLogger(__name__).warning("%s cannot be read (%s): install the program again", path, error)
        return 400, frozenset(), ""
