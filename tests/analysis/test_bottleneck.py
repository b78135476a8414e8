"""What a translator gets right, counted: intervals against printed ones, cards against what they were made of."""

import pytest

import viz_core
from viz_core.analysis import bottleneck
from viz_core.analysis.bottleneck import apart, by_length, differing, kept_words, lost_by_place, on_card, share, wilson


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)],
)
def test_intervals_are_wilsons(right: int, n: int, low: float, high: float):
    assert wilson(right, n) == pytest.approx((low, high), abs=5e-5)


def test_the_ends_of_an_interval_are_where_the_share_would_just_be_seen():
    for end in wilson(7, 40):  # the interval's definition: |7/40 − p| = 1.96 √(p (1 − p) / 40)
        assert abs(7 / 40 - end) == pytest.approx(1.96 * (end * (1 - end) / 40) ** 0.5)


@pytest.mark.parametrize(("right", "n"), [(1, 0), (-1, 3), (4, 3)])
def test_a_share_of_nothing_is_refused(right: int, n: int):
    with pytest.raises(ValueError, match=f"{right} of {n}"):
        wilson(right, n)


def test_sentences_are_counted_by_their_length():
    found = by_length([2, 4, 5, 14, 14], [True, False, True, True, True])
    assert [(one.label, one.n, one.right, one.value) for one in found] == [
        ("2–4", 2, 1, 0.5),
        ("5–6", 1, 1, 1.0),
        ("11–14", 2, 2, 1.0),
    ]


@pytest.mark.parametrize("name", ["tiny-translator", "gru-attention", "gru-plain"])
def test_a_cards_table_is_what_its_figures_say(name: str):
    card = viz_core.load(name).card
    found = on_card(card["figures"])
    assert sum(one.n for one in found) == 999
    for one in found:
        assert one.value == pytest.approx(card["figures"]["exact_by_length"][one.label], abs=5e-5)
    assert sum(one.right for one in found) / 999 == pytest.approx(card["figures"]["exact"], abs=5e-5)


def test_of_long_sentences_one_vector_loses_more():
    """What the page says of the cards: apart at the longest, not at the shortest."""
    plain, attending = (on_card(viz_core.load(name).card["figures"]) for name in ("gru-plain", "gru-attention"))
    assert apart(plain[-1], attending[-1])
    assert apart(attending[-1], plain[-1])
    assert not apart(plain[0], attending[0])
    assert plain[-1].high < plain[0].low


def test_touching_intervals_are_not_apart():
    assert not apart(share("", 10, 5), share("", 10, 6))
    assert apart(share("", 1000, 100), share("", 1000, 900))


def test_words_are_kept_in_their_order():
    assert kept_words(["a", "b", "c"], ["a", "x", "c"]) == [True, False, True]
    assert kept_words(["a", "b"], ["b", "a"]).count(True) == 1
    assert kept_words(["a"], []) == [False]


def test_words_differ_where_one_of_the_others_lacks_them():
    found = differing([["a", "b"], ["a", "c"], ["a", "b"]])
    assert found == [[("a", False), ("b", True)], [("a", False), ("c", True)], [("a", False), ("b", True)]]


def test_lost_words_by_place():
    places = [[0.0, 0.5, 0.9]] * 4
    kept = [[True, False, True], [True, False, False], [True, True, True], [True, False, True]]
    found = lost_by_place(places, kept)  # of five stretches three hold words
    assert [(one.n, one.value) for one in found] == [(4, 0.0), (4, 0.75), (4, 0.25)]
    assert all(0 <= one.low <= one.value <= one.high <= 1 for one in found)
    assert found[0].high == 0


def test_intervals_know_that_words_of_a_sentence_are_lost_together():
    """Ten words that always go together are no more evidence than one."""
    kept = [[number % 2 == 0] * 10 for number in range(40)]
    together = lost_by_place([[0.0] * 10] * 40, kept)[0]
    single = lost_by_place([[0.0]] * 40, [words[:1] for words in kept])[0]
    assert together.high - together.low == pytest.approx(single.high - single.low)
    low, high = wilson(200, 400)
    assert together.high - together.low > 2 * (high - low)


def test_stretches_cover_the_sentence():
    edges = [stretch / bottleneck.PLACES for stretch in range(bottleneck.PLACES)]
    assert [one.n for one in lost_by_place([edges], [[True] * 5])] == [1] * 5


def test_of_no_sentences_nothing_is_lost():
    assert lost_by_place([], []) == []
