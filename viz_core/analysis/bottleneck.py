"""What a translator gets right, against the length of the sentence and the place of the word: whether one vector holds
a whole sentence.

Intervals: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTHS = (2, 5, 7, 9, 11, 15)  # English words: from the first to one below the second, and so on
SURE = 1.96  # standard deviations to either side: 95 %
RESAMPLED = 1_000
PLACES = 5  # a sentence is cut into so many stretches


@dataclass(frozen=True)
class Share:
    """`right` of `n`, and the 95 % interval of the share."""

    label: str
    n: int
    right: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.right / self.n


def share(label: str, n: int, right: int) -> Share:
    return Share(label, n, right, *wilson(right, n))


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of which `right` of `n` were seen. Raises ValueError on nothing seen."""
    if not 0 <= right <= n or n < 1:
        raise ValueError(f"{right} of {n}; expected at least one, and no more right than there are")
    seen, spread = right / n, SURE**2 / n
    middle = (seen + spread / 2) / (1 + spread)
    half = SURE * (seen * (1 - seen) / n + spread / (4 * n)) ** 0.5 / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def by_length(words: Sequence[int], right: Sequence[bool]) -> list[Share]:
    """The share right among sentences of each length; lengths that none has are left out."""
    lengths, rights = np.array(words), np.array(right, dtype=bool)
    found = []
    for low, high in pairwise(LENGTHS):
        inside = (lengths >= low) & (lengths < high)
        if inside.any():
            found.append(share(f"{low}–{high - 1}", int(inside.sum()), int(rights[inside].sum())))
    return found


def on_card(figures: Mapping[str, Any]) -> list[Share]:
    """The same of the sentences that a translator's card was measured on."""
    return [share(label, n, right) for label, (right, n) in figures["right_by_length"].items()]


def apart(one: Share, other: Share) -> bool:
    """Whether the two intervals have nothing in common."""
    return one.low > other.high or other.low > one.high


def kept_words(wanted: Sequence[str], written: Sequence[str]) -> list[bool]:
    """Which of the wanted words were written, in the wanted order."""
    kept = [False] * len(wanted)
    for block in SequenceMatcher(None, wanted, written, autojunk=False).get_matching_blocks():
        kept[block.a : block.a + block.size] = [True] * block.size
    return kept


def differing(sentences: Sequence[Sequence[str]]) -> list[list[tuple[str, bool]]]:
    """The words of each sentence, and whether one of the other sentences lacks them in that place."""
    found = []
    for number, words in enumerate(sentences):
        shared = [kept_words(words, other) for at, other in enumerate(sentences) if at != number]
        found.append([(word, not all(kept)) for word, *kept in zip(words, *shared, strict=True)])
    return found


@dataclass(frozen=True)
class Lost:
    """Of the words that stand for the English ones of one stretch of a sentence: the share not written, and the 95 %
    interval over sentences (their words are lost together, so that sentences are resampled, not words)."""

    n: int
    value: float
    low: float
    high: float


def lost_by_place(places: Sequence[Sequence[float]], kept: Sequence[Sequence[bool]]) -> list[Lost]:
    """One list a sentence: the places of its words, 0 = the start of the sentence, up to but not 1; which were written.

    Stretches that hold no word are left out.
    """
    if not places:
        return []
    seen = np.zeros((len(places), PLACES))
    lost = np.zeros_like(seen)
    for number, (where, written) in enumerate(zip(places, kept, strict=True)):
        for place, was_kept in zip(where, written, strict=True):
            stretch = int(place * PLACES)
            seen[number, stretch] += 1
            lost[number, stretch] += not was_kept
    again = np.random.default_rng(0).integers(len(places), size=(RESAMPLED, len(places)))
    return [_lost(lost[:, stretch], seen[:, stretch], again) for stretch in range(PLACES) if seen[:, stretch].any()]


def _lost(lost: NDArray[np.float64], seen: NDArray[np.float64], again: NDArray[np.int64]) -> Lost:
    totals = seen[again].sum(-1)
    shares = lost[again].sum(-1)[totals > 0] / totals[totals > 0]
    low, high = np.quantile(shares, [0.025, 0.975]).tolist()
    return Lost(int(seen.sum()), float(lost.sum() / seen.sum()), low, high)
