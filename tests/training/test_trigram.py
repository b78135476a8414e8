from collections import Counter, defaultdict
from itertools import pairwise, product

import numpy as np
import pytest
from numpy.typing import NDArray

from viz_core.training.trigram import KneserNey


def ids(*tokens: int) -> NDArray[np.uint16]:
    return np.array(tokens, dtype=np.uint16)


def odds_of(vocab_size: int, skew: float = 1.0) -> NDArray[np.float64]:
    odds = 1 / np.arange(1, vocab_size + 1) ** skew
    return odds / odds.sum()


def text(seed: int, length: int, vocab_size: int, skew: float = 1.0) -> NDArray[np.uint16]:
    """Tokens without order."""
    return np.random.default_rng(seed).choice(vocab_size, length, p=odds_of(vocab_size, skew)).astype(np.uint16)


# -- the definition, slowly ---------------------------------------------------------------------------------


class Slow:
    """The same model, written from its definition with dictionaries and sets."""

    def __init__(self, tokens: list[int], vocab_size: int):
        self.vocab_size = vocab_size
        trigrams = list(zip(tokens, tokens[1:], tokens[2:], strict=False))
        before: dict[tuple[int, ...], set[int]] = defaultdict(set)
        for u, v, w in trigrams:
            before[v, w].add(u)
            before[(w,)].add(v)
        self.counts: dict[tuple[int, ...], int] = dict(Counter(trigrams))
        self.counts |= {gram: len(found) for gram, found in before.items()}
        self.discounts = {
            length: estimated([count for gram, count in self.counts.items() if len(gram) == length])
            for length in (1, 2, 3)
        }

    def probability(self, token: int, history: tuple[int, ...]) -> float:
        lower = self.probability(token, history[1:]) if history else 1 / self.vocab_size
        counts = [self.counts.get((*history, other), 0) for other in range(self.vocab_size)]
        if sum(counts) == 0:
            return lower
        taken = [self.discounts[len(history) + 1][min(count, 3) - 1] if count else 0.0 for count in counts]
        return (counts[token] - taken[token] + sum(taken) * lower) / sum(counts)


def estimated(counts: list[int]) -> tuple[float, float, float]:
    n1, n2, n3, n4 = (counts.count(times) for times in (1, 2, 3, 4))
    if n1 == 0:
        return 0.5, 0.5, 0.5
    y = n1 / (n1 + 2 * n2)
    if n2 > 0 and n3 > 0:
        three = 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3
        if min(three) > 0:
            return three
    return y, y, y


THREE = text(1, 600, 60, skew=1.5)  # long enough that every order has its three discounts


@pytest.mark.parametrize(
    ("tokens", "vocab_size", "different"),
    [
        (THREE, 61, (3, 3, 3)),
        (text(0, 400, 12), 12, (1, 3, 3)),
        (text(1, 300, 40, skew=2.0), 40, (3, 3, 1)),
        (text(2, 8, 9), 9, (1, 1, 1)),
        (ids(0, 1, 2), 5, (1, 1, 1)),
        (ids(*[3] * 20), 4, (1, 1, 1)),
    ],
)
def test_equals_the_definition(tokens: NDArray[np.uint16], vocab_size: int, different: tuple[int, int, int]):
    slow = Slow(tokens.tolist(), vocab_size)
    assert tuple(len(set(slow.discounts[length])) for length in (1, 2, 3)) == different
    model = KneserNey(tokens, vocab_size)
    seen = sorted(set(pairwise(tokens.tolist())))[::7]
    for history in [*seen, (vocab_size - 1, int(tokens[0])), (0, vocab_size - 1)]:
        expected = [slow.probability(token, history) for token in range(vocab_size)]
        np.testing.assert_allclose(model.probabilities(history), expected, rtol=0, atol=1e-12)


# -- probabilities ------------------------------------------------------------------------------------------


def test_every_history_has_a_distribution():
    for tokens, vocab_size in ((text(0, 200, 8), 10), (ids(0, 1, 2), 4), (ids(*[3] * 20), 4)):
        model = KneserNey(tokens, vocab_size)
        for history in product(range(vocab_size), repeat=2):
            found = model.probabilities(history)
            assert found.shape == (vocab_size,)
            assert found.min() > 0
            assert found.sum() == pytest.approx(1, abs=1e-12)


def test_loss_is_the_mean_of_minus_log_probability():
    model = KneserNey(THREE, 61)
    held_out = text(5, 200, 61)
    logs = [
        np.log(model.probabilities((int(u), int(v)))[w])
        for u, v, w in zip(held_out, held_out[1:], held_out[2:], strict=False)
    ]
    assert len(logs) == 198
    assert model.loss(held_out) == pytest.approx(-np.mean(logs), abs=1e-12)


def test_what_follows_many_different_tokens_is_the_better_guess_after_a_new_one():
    san, francisco, day, new, *others = range(12)
    rng = np.random.default_rng(0)
    often = [token for _ in range(100) for token in (int(rng.choice(others)), san, francisco)]
    rarely = [token for other in others for token in (other, day)]
    model = KneserNey(ids(*often, *rarely, new), 13)
    assert often.count(francisco) > 10 * rarely.count(day)
    after_new = model.probabilities((day, new))
    assert after_new[day] > 3 * after_new[francisco]
    assert model.probabilities((others[0], san))[francisco] > 0.9


# -- loss ---------------------------------------------------------------------------------------------------


def test_two_tokens_tell_more_than_one_or_none():
    bits = [*np.random.default_rng(0).integers(0, 2, 2)]
    flips = np.random.default_rng(1).random(4000) < 0.05
    for flip in flips:
        bits.append(bits[-1] ^ bits[-2] ^ flip)  # neither of the two tells anything alone
    tokens = ids(*bits)
    train, held_out = tokens[:3000], tokens[3000:]
    unigram = np.bincount(train, minlength=2) / len(train)
    counts = np.zeros((2, 2))
    np.add.at(counts, (train[:-1], train[1:]), 1)
    bigram = counts / counts.sum(1, keepdims=True)
    loss = KneserNey(train, 2).loss(held_out)
    assert loss < 0.5 * -np.log(unigram[held_out[2:]]).mean()
    assert loss < 0.5 * -np.log(bigram[held_out[1:-1], held_out[2:]]).mean()


def test_nothing_tells_more_than_the_odds_where_tokens_have_no_order():
    odds = odds_of(20)
    held_out = text(1, 5_000, 20)
    least = -np.log(odds[held_out[2:]]).mean()
    assert least < KneserNey(text(0, 50_000, 20), 20).loss(held_out) < least + 0.05


# -- what it refuses ----------------------------------------------------------------------------------------


def test_too_short_or_outside_the_vocabulary_is_refused():
    with pytest.raises(ValueError, match="2 tokens; expected 3 or more"):
        KneserNey(ids(0, 1), 4)
    with pytest.raises(ValueError, match="token 4 in a vocabulary of 4"):
        KneserNey(ids(0, 1, 4), 4)
    with pytest.raises(ValueError, match="token 9 in a vocabulary of 4"):
        KneserNey(ids(0, 1, 2), 4).loss(ids(0, 1, 9))
