"""The bytes of tokens → labels a person can read. Exact: what cannot be seen is spelled out, nothing becomes "�".

    space ·    newline ⏎    tab ⇥    other controls ␀ ␛ …    invisible characters ⟨200B⟩    a stray byte ⟨E1⟩

A character whose bytes are spread over several tokens, as byte-level tokenizers do to Korean and emoji,
is shown by each of them with its part: 강(1/2), 강(2/2).
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

SPACE, NEWLINE, TAB, MARK_HOLDER = "·", "⏎", "⇥", "◌"
_STAND_INS = {" ": SPACE, "\n": NEWLINE, "\t": TAB, "\x7f": "␡"} | {
    chr(code): chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"
}
# A text that itself holds one of our signs shows its code, so that no two texts share a label; "�" too.
_SPELLED_OUT = frozenset({*_STAND_INS.values(), MARK_HOLDER, "⟨", "⟩", "\ufffd"})
# Characters that leave no trace on screen although Unicode calls them letters, marks or symbols.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})


def labels(pieces: Sequence[bytes]) -> tuple[str, ...]:
    """One label a token, from the bytes every token stands for, read in their sequence."""
    ends = list(accumulate(len(piece) for piece in pieces))
    parts: list[list[str]] = [[] for _ in pieces]
    for start, end, sign in _characters(b"".join(pieces)):
        first, last = bisect_right(ends, start), bisect_left(ends, end)
        owners = [token for token in range(first, last + 1) if pieces[token]]
        for part, token in enumerate(owners, 1):
            held = MARK_HOLDER + sign if not parts[token] and unicodedata.category(sign[0])[0] == "M" else sign
            parts[token].append(held if len(owners) == 1 else f"{held}({part}/{len(owners)})")
    return tuple("".join(part) or "⟨⟩" for part in parts)


def visible(character: str) -> str:
    """A character as itself when it can be seen, else its stand-in or its code."""
    if character in _STAND_INS:
        return _STAND_INS[character]
    variation_selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    unseen = unicodedata.category(character) in _UNSEEN_CATEGORIES or character in _BLANK or variation_selector
    return f"⟨{ord(character):04X}⟩" if unseen or character in _SPELLED_OUT else character


def _characters(data: bytes) -> Iterator[tuple[int, int, str]]:
    """(start, end, sign) of every whole UTF-8 character, and of every byte that belongs to none."""
    start = 0
    while start < len(data):
        lead = data[start]
        length = 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        try:
            sign = visible(data[start : start + length].decode("utf-8"))
        except UnicodeDecodeError:
            length, sign = 1, f"⟨{lead:02X}⟩"
        yield start, start + length, sign
        start += length


def splits_character(text: str, index: int) -> bool:
    """Whether cutting before `index` parts what a reader sees as one character (Unicode Annex 29, in short)."""
    before, after = text[index - 1], text[index]
    flag = "\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff"
    if flag:
        letters = len(text[:index]) - len(text[:index].rstrip(_FLAG_LETTERS))
        return letters % 2 == 1
    return (
        unicodedata.category(after)[0] == "M"
        or "\u200d" in (before, after)
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\u1160" <= after <= "\u11ff"  # vowels and finals of decomposed Hangul
        or "\U000e0020" <= after <= "\U000e007f"  # tags of subdivision flags
        or (before, after) == ("\r", "\n")
    )


_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
