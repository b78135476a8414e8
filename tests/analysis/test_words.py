"""Words from labels, and maps of words: by hand."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

import viz_core
from viz_core.analysis.words import merged, word_labels, words_of


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (["The", "·un", "believ", "able", "·dog"], ["The", "·unbelievable", "·dog"]),
        (["▁The", "▁un", "able", "▁dog"], ["▁The", "▁unable", "▁dog"]),
        (["[CLS]", "the", "un", "##able", "dog", ",", "[SEP]"], ["[CLS]", "the", "unable", "dog", ",", "[SEP]"]),
        (["the", "dog", "##s"], ["the", "dogs"]),
        (["·dog", "'s", "·(", "well", "-", "known", ")", "."], ["·dog's", "·(", "well", "-", "known", ")", "."]),
        (["·재미있", "어요", ".", "·배우들의", "·연기가"], ["·재미있어요", ".", "·배우들의", "·연기가"]),
        (["·강(1/2)", "강(2/2)아(1/2)", "아(2/2)지", "·말"], ["·강아지", "·말"]),
        (["·", "👍(1/3)", "👍(2/3)", "👍(3/3)", "·ok"], ["·👍", "·ok"]),
        (["a", "·", "·b"], ["a", "·", "·b"]),
        (["<s>", "Hi", "</s>"], ["<s>", "Hi", "</s>"]),
        (["·the", "<mask>", "·dog"], ["·the", "<mask>", "·dog"]),
        (["end", ".", "⏎", "Oh"], ["end", ".", "⏎", "Oh"]),
        (["今天", "天气", "。"], ["今天", "天气", "。"]),
        (["##", "·Title"], ["##", "·Title"]),
        (["x"], ["x"]),
        ([], []),
    ],
)
def test_words_by_hand(tokens: list[str], words: list[str]) -> None:
    assert list(word_labels(tokens, words_of(tokens))) == words


@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert"])
def test_words_of_a_real_tokenizer(name: str) -> None:
    model = viz_core.load(name)
    tokens = model.labels(model.token_ids("The unbelievable dog's 강아지 ran."))
    said = [label.lstrip("·") for label in word_labels(tokens, words_of(tokens))]
    assert said == ["The", "unbelievable", "dog's", "강아지", "ran", "."]


@given(st.lists(st.text(st.sampled_from("ab·▁⏎.#강(1/2)[<>"), min_size=1, max_size=5), max_size=9))
def test_words_cover_every_token_once(tokens: list[str]) -> None:
    spans = words_of(tokens)
    assert [start for start, _stop in spans] == [0, *(stop for _start, stop in spans)][: len(spans)]
    assert all(start < stop for start, stop in spans)
    assert (spans[-1][1] if spans else 0) == len(tokens)
    assert all(one[1] == other[0] for one, other in pairwise(spans))


def test_keys_are_summed_and_queries_averaged() -> None:
    weights = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.4, 0.6, 0.0, 0.0], [0.2, 0.3, 0.5, 0.0], [0.1, 0.2, 0.3, 0.4]])
    by_hand = torch.tensor([[1.0, 0.0, 0.0], [0.3, 0.7, 0.0], [0.1, 0.5, 0.4]])
    assert_close(merged(weights, [(0, 1), (1, 3), (3, 4)]), by_hand)


def test_rows_still_sum_to_one_and_single_tokens_change_nothing() -> None:
    weights = torch.softmax(torch.randn(2, 7, 7), dim=-1)
    spans = [(0, 2), (2, 3), (3, 7)]
    assert merged(weights, spans).shape == (2, 3, 3)
    assert_close(merged(weights, spans).sum(-1), torch.ones(2, 3))
    assert torch.equal(merged(weights, [(at, at + 1) for at in range(7)]), weights)


def test_spans_of_another_text_are_refused() -> None:
    with pytest.raises(ValueError, match=r"weights are \[3, 3\]; expected \[..., 2, 2\] for words of 2 tokens"):
        merged(torch.eye(3), [(0, 2)])
