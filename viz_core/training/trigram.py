"""A trigram language model: what counting alone can predict, to measure a trained network against.

Interpolated modified Kneser–Ney. Every order is the order below it, corrected by what was counted:

    P(w | h) = max(c(hw) − D(c(hw)), 0) / Σ_x c(hx)  +  γ(h) P(w | h without its oldest token)
    γ(h)     = (D₁ N₁(h) + D₂ N₂(h) + D₃ N₃₊(h)) / Σ_x c(hx)

Nᵢ(h) is the number of tokens seen i times after h (3+: three times or more), so γ(h) is the mass that the discounts
took away and each P(· | h) sums to 1. A history never seen has γ = 1. Only the highest order counts occurrences; below
it, c(hw) is the number of different tokens seen before hw ("Francisco" is frequent but follows one word, so it is a
bad guess after any other). Below the lowest order lies the uniform distribution: no token has probability 0.

With nᵢ the number of n-grams of an order whose c is i, that order's discounts are

    Y = n₁ / (n₁ + 2 n₂),   D₁ = 1 − 2Y n₂/n₁,   D₂ = 2 − 3Y n₃/n₂,   D₃₊ = 3 − 4Y n₄/n₃

or, where these are undefined or not all positive, Y for every count; where there is no Y > 0 either, ½.

Sources: Kneser & Ney 1995 ("Improved Backing-off for M-gram Language Modeling"); Chen & Goodman 1999 ("An Empirical
Study of Smoothing Techniques for Language Modeling"), section 3, for three discounts and interpolation.
"""

import numpy as np
from numpy.typing import NDArray

ORDER = 3


class KneserNey:
    def __init__(self, ids: NDArray[np.uint16], vocab_size: int):
        """Counts `ids`, one running text. Raises ValueError where it is too short or leaves the vocabulary."""
        self.vocab_size = vocab_size
        grams, counts = np.unique(self._trigrams(ids), return_counts=True)
        orders = [_Order(grams, counts, vocab_size)]
        for length in range(ORDER - 1, 0, -1):
            grams, counts = np.unique(grams % np.uint64(vocab_size**length), return_counts=True)
            orders.insert(0, _Order(grams, counts, vocab_size))
        self._orders = orders

    def loss(self, held_out: NDArray[np.uint16]) -> float:
        """Mean cross-entropy, nats a token, of every token but the first two, each given the two before it."""
        return float(-np.log(self._probabilities(self._trigrams(held_out))).mean())

    def probabilities(self, history: tuple[int, int]) -> NDArray[np.float64]:
        """[vocab], the distribution of the token that follows `history`, the older token first."""
        size = self.vocab_size
        first = (history[0] * size + history[1]) * size
        return self._probabilities(np.arange(first, first + size, dtype=np.uint64))

    def _trigrams(self, ids: NDArray[np.uint16]) -> NDArray[np.uint64]:
        """[len(ids) − 2], every three consecutive tokens as the digits of one number."""
        if len(ids) < ORDER:
            raise ValueError(f"{len(ids)} tokens; expected {ORDER} or more")
        if ids.max() >= self.vocab_size:
            raise ValueError(f"token {ids.max()} in a vocabulary of {self.vocab_size}")
        grams = ids[: 1 - ORDER].astype(np.uint64)
        for start in range(1, ORDER):
            grams *= np.uint64(self.vocab_size)
            grams += ids[start : len(ids) + 1 - ORDER + start]
        return grams

    def _probabilities(self, trigrams: NDArray[np.uint64]) -> NDArray[np.float64]:
        """The probability of each trigram's last token given the two before it."""
        found = np.full(len(trigrams), 1 / self.vocab_size)
        for length, order in enumerate(self._orders, start=1):
            found = order.corrected(found, trigrams % np.uint64(self.vocab_size**length))
        return found


class _Order:
    """The n-grams of one length: for each the share that its discounted count keeps, for each history the mass γ."""

    def __init__(self, grams: NDArray[np.uint64], counts: NDArray[np.intp], vocab_size: int):
        """grams are sorted and distinct, so those of one history are neighbours."""
        self._vocab_size = np.uint64(vocab_size)
        taken = _discounts(counts)[np.minimum(counts, 3)]
        histories = grams // self._vocab_size
        starts = np.flatnonzero(np.diff(histories, prepend=histories[:1] + np.uint64(1)))
        totals = np.add.reduceat(counts, starts)
        self._grams = grams
        self._kept = (counts - taken) / np.repeat(totals, np.diff(starts, append=len(grams)))
        self._histories = histories[starts]
        self._left = np.add.reduceat(taken, starts) / totals

    def corrected(self, lower: NDArray[np.float64], grams: NDArray[np.uint64]) -> NDArray[np.float64]:
        """`lower`, the next lower order's probabilities, raised to this order."""
        kept = _found(self._grams, self._kept, grams, missing=0.0)
        return kept + _found(self._histories, self._left, grams // self._vocab_size, missing=1.0) * lower


def _discounts(counts: NDArray[np.intp]) -> NDArray[np.float64]:
    """[4], what is taken from a count of 0, 1, 2, and 3 or more."""
    n1, n2, n3, n4 = (int(n) for n in np.bincount(np.minimum(counts, 5), minlength=6)[1:5])
    single = n1 / (n1 + 2 * n2) if n1 else 0.5
    if n1 and n2 and n3:
        three = np.array([0, 1 - 2 * single * n2 / n1, 2 - 3 * single * n3 / n2, 3 - 4 * single * n4 / n3])
        if (three[1:] > 0).all():
            return three
    return np.array([0, single, single, single])


def _found(
    keys: NDArray[np.uint64], values: NDArray[np.float64], wanted: NDArray[np.uint64], missing: float
) -> NDArray[np.float64]:
    """The value of each wanted key, or `missing`. keys are sorted."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], missing)
