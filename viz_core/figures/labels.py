"""Words on figures: tokens made short, and every text literal, since Plotly takes <b> for bold and drops <s>."""

from collections.abc import Sequence
from html import escape, unescape
from unicodedata import east_asian_width


def literal(text: str) -> str:
    """Exactly these characters, wherever Plotly reads markup."""
    return escape(text, quote=False)


def unspaced(token: str) -> str:
    """A token's label without the dot that stands for the blank before a word."""
    return token[1:] if token.startswith("·") and token.strip("·") else token


def shortened(token: str, most: int = 14) -> str:
    """A token's label for a place with little room."""
    shown = unspaced(token)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def numbered(tokens: Sequence[str]) -> list[str]:
    """Tokens, short, each with its number whole: it tells one "the" of a text from another."""
    return [f"{shortened(token)} {index}" for index, token in enumerate(tokens)]


def tick_text(token: str) -> str:
    """A token as a Plotly label: short and literal."""
    return literal(shortened(token))


def label_width(texts: Sequence[str], size: float = 13) -> int:
    """Pixels that the longest text takes; Korean and other wide letters count double. Plotly can measure texts itself
    (automargin), but then draws everything twice."""
    widths = (sum(2 if east_asian_width(c) in "WF" else 1 for c in unescape(text)) for text in texts)
    return round(0.56 * size * max(widths, default=0)) + 6
