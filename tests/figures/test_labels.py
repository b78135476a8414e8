"""Tokens as labels: short, whole in their numbers, exact in their characters."""

import pytest

from viz_core.figures import numbered
from viz_core.figures.labels import label_width, shortened, tick_text


def test_a_long_token_keeps_its_number() -> None:
    long = "·internationally"
    names = numbered(["The", *[long] * 130, "⏎"])
    assert names[0] == "The 0"
    assert names[1] == "international… 1"
    assert names[130] == "international… 130"
    assert names[131] == "⏎ 131"
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("token", "label"), [("·the", "the"), ("·", "·"), ("··", "··"), ("a" * 15, "a" * 13 + "…")])
def test_a_token_is_shown_without_its_blank_and_short(token: str, label: str) -> None:
    assert shortened(token) == label


def test_a_token_is_cut_before_it_is_escaped() -> None:
    assert tick_text("<" * 15) == "&lt;" * 13 + "…"


def test_wide_letters_and_escaped_ones_take_the_room_they_take() -> None:
    assert label_width(["강강"]) == label_width(["abcd"]) > label_width(["ab"])
    assert label_width(["&lt;s&gt;"]) == label_width(["<s>"])
