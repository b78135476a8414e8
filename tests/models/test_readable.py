"""Labels: exact, readable, never "�"."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz_core.models.readable import labels, splits_character, visible

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("·⏎⟨⟩◌\ufffd \n\t\u200b강👍🏽\u0301"))


def test_stand_ins() -> None:
    assert labels([b" the", b"\n\n", b"\t", b"a b", b"\r", b"\x00\x1b\x7f"]) == (
        "·the", "⏎⏎", "⇥", "a·b", "␍", "␀␛␡",
    )  # fmt: skip


@pytest.mark.parametrize(
    "invisible", list("\u200b\u200d\u200e\u202e\u2066\ufeff\u00ad\u0085\u2028\u3164\ufe0f\U000e0100\ue000")
)
def test_what_cannot_be_seen_is_spelled_out(invisible: str) -> None:
    assert visible(invisible) == f"⟨{ord(invisible):04X}⟩"


def test_characters_over_several_tokens_show_their_part() -> None:
    gang = "강".encode()
    assert labels([gang[:1], gang[1:2], gang[2:]]) == ("강(1/3)", "강(2/3)", "강(3/3)")
    assert labels([b" " + gang[:2], gang[2:] + b"!"]) == ("·강(1/2)", "강(2/2)!")
    two = "강요".encode()
    assert labels([two[:1], two[1:4], two[4:]]) == ("강(1/2)", "강(2/2)요(1/2)", "요(2/2)")
    thumb = "👍🏽".encode()
    assert labels([thumb[:3], thumb[3:5], thumb[5:]]) == ("👍(1/2)", "👍(2/2)🏽(1/2)", "🏽(2/2)")


def test_bytes_that_belong_to_no_character_are_shown_as_bytes() -> None:
    gang = "강".encode()
    assert labels([gang[1:], b"a", gang[:2]]) == ("⟨B0⟩⟨95⟩", "a", "⟨EA⟩⟨B0⟩")
    assert labels([b"\xff\xc0\x80"]) == ("⟨FF⟩⟨C0⟩⟨80⟩",)
    assert labels([b"\xed\xa0\x80"]) == ("⟨ED⟩⟨A0⟩⟨80⟩",)  # half of a surrogate pair is no character


def test_a_mark_without_its_letter_gets_something_to_stand_on() -> None:
    assert labels([b"e", "\u0301".encode()]) == ("e", "◌\u0301")
    assert labels(["e\u0301".encode()]) == ("e\u0301",)


def test_no_bytes_no_token() -> None:
    assert labels([]) == ()
    assert labels([b"", b"a"]) == ("⟨⟩", "a")
    gang = "강".encode()
    assert labels([gang[:1], b"", gang[1:]]) == ("강(1/2)", "⟨⟩", "강(2/2)")


def test_right_to_left_and_markup_stay_as_they_are() -> None:
    assert labels(["שלום".encode(), b"<script>", "مرحبا".encode()]) == ("שלום", "<script>", "مرحبا")


@given(st.lists(st.binary(max_size=5)))
def test_one_label_a_token_none_empty_none_unreadable(pieces: list[bytes]) -> None:
    made = labels(pieces)
    assert len(made) == len(pieces)
    for label in made:
        assert label
        assert "\ufffd" not in label
        assert not any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"} for sign in label)


@given(TEXTS, TEXTS)
def test_two_texts_never_share_a_label(one: str, other: str) -> None:
    assert (labels([one.encode()]) == labels([other.encode()])) == (one == other)


@given(TEXTS, st.lists(st.integers(0, 50)))
def test_cutting_anywhere_keeps_every_character(text: str, cuts: list[int]) -> None:
    """However the bytes are shared out, each character is named by the tokens that hold it."""
    data = text.encode()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:stop] for start, stop in pairwise(edges)]
    joined = "".join(labels(pieces))
    for character in text:
        assert visible(character) in joined


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("e\u0301", 1),
        ("👍🏽", 1),
        ("👨\u200d👩", 1),
        ("👨\u200d👩", 2),
        ("❤\ufe0f", 1),
        ("🇰🇷", 1),
        ("🇰🇷🇺🇸", 3),
        ("\r\n", 1),
        ("\u1112\u1161\u11ab", 1),
        ("\u1112\u1161\u11ab", 2),
    ],
)
def test_what_a_reader_sees_as_one_character_is_not_cut(text: str, index: int) -> None:
    assert splits_character(text, index)


@pytest.mark.parametrize(("text", "index"), [("ab", 1), ("강요", 1), ("🇰🇷🇺🇸", 2), ("a🇰🇷", 1), ("\n\r", 1), ("👍👍", 1)])
def test_between_characters_is_a_place_to_cut(text: str, index: int) -> None:
    assert not splits_character(text, index)
