"""A sentence in both languages, and whether it is kept out of training."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from viz_core.grammar.clause import Sides

HELD_OUT_OF = 36  # one combination of so many is held out: about one sentence in twenty has such a one


@dataclass(frozen=True)
class Pair:
    """A sentence twice; `alignment` joins the positions of a Korean and an English word that mean the same."""

    english: tuple[str, ...]
    korean: tuple[str, ...]
    alignment: tuple[tuple[int, int], ...]
    pattern: str
    combination: tuple[str, ...]

    @property
    def source(self) -> str:
        """The English sentence as a person writes it."""
        text = _written(self.english)
        return text[0].upper() + text[1:]

    @property
    def target(self) -> str:
        """The Korean sentence as a person writes it."""
        return _written(self.korean)


def held_out(pair: Pair) -> bool:
    """Whether one of the sentence's combinations of words ("eat apple", "big dog") is kept out of training."""
    return any(
        int.from_bytes(hashlib.sha256(words.encode()).digest()[:8]) % HELD_OUT_OF == 0 for words in pair.combination
    )


def paired(sides: Sides, end: str, pattern: str, combination: tuple[str, ...]) -> Pair:
    """The sides with their end, a full stop or a question mark; words that share a mark are aligned."""
    places: dict[object, list[int]] = {}
    for e, word in enumerate(sides.english):
        for mark in word.marks:
            places.setdefault(mark, []).append(e)
    alignment = {(k, e) for k, word in enumerate(sides.korean) for mark in word.marks for e in places.get(mark, ())}
    return Pair(
        (*(word.text for word in sides.english), end),
        (*(word.text for word in sides.korean), end),
        tuple(sorted(alignment)),
        pattern,
        combination,
    )


def _written(words: Sequence[str]) -> str:
    return " ".join(words[:-1]) + words[-1]
