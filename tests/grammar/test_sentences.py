import numpy as np
import pytest

from viz_core.grammar import Pair, held_out, pair


@pytest.fixture(scope="module")
def drawn() -> list[Pair]:
    rng = np.random.default_rng(3)
    return [pair(rng) for _ in range(50_000)]


def test_an_english_sentence_has_one_korean_sentence(drawn: list[Pair]) -> None:
    translations: dict[str, str] = {}
    for one in drawn:
        assert translations.setdefault(one.source, one.target) == one.target


def test_most_sentences_are_distinct_and_of_many_lengths(drawn: list[Pair]) -> None:
    assert len({one.source for one in drawn}) >= 30_000
    lengths = {len(one.english) for one in drawn}
    assert lengths == set(range(3, 16))


def test_a_sentence_is_written_as_a_person_writes_it(drawn: list[Pair]) -> None:
    for one in drawn[:1000]:
        assert one.source[0].isupper()
        assert one.english[-1] == one.korean[-1] == one.source[-1] == one.target[-1]
        assert one.source[-1] in ".?"
        assert one.target == " ".join(one.korean[:-1]) + one.korean[-1]


def test_every_korean_word_stands_for_an_english_one(drawn: list[Pair]) -> None:
    for one in drawn:
        assert {k for k, _ in one.alignment} == set(range(len(one.korean) - 1)), one
        assert all(0 <= e < len(one.english) - 1 for _, e in one.alignment), one


def test_what_is_held_out_is_made_of_words_that_are_trained_on(drawn: list[Pair]) -> None:
    kept_out = [one for one in drawn if held_out(one)]
    trained = [one for one in drawn if not held_out(one)]
    assert 0.03 < len(kept_out) / len(drawn) < 0.08
    assert {word for one in kept_out for word in one.english} <= {word for one in trained for word in one.english}
    # a Korean word with its particle or ending may be rare: nearly every one is met
    met = {word for one in trained for word in one.korean}
    words = [word for one in kept_out for word in one.korean]
    assert sum(word in met for word in words) / len(words) > 0.995


def test_a_held_out_combination_is_nowhere_in_training(drawn: list[Pair]) -> None:
    trained = {words for one in drawn if not held_out(one) for words in one.combination}
    for one in drawn:
        if held_out(one):
            assert not trained.issuperset(one.combination)
