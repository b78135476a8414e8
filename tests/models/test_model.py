"""The face of every model."""

import dataclasses
import time
from itertools import pairwise

import pytest
import tokenizers
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.conftest import byte_level_tokenizer, transformer
from viz_core.models import Model, UnusableText, load
from viz_core.models.tokens import Tokenizer


def test_a_recording_of_text(model: Model) -> None:
    recording = model.record("The dog bit")
    n = len(recording.token_ids)
    assert recording.tokens == model.labels(recording.token_ids.tolist())
    assert len(recording.tokens) == n
    assert recording.logits.shape == (1, 307)
    assert len(recording.blocks) == 2
    assert recording.blocks[0].attention.weights.shape == (3, n, n)


def test_logits_of_every_position_when_asked(model: Model) -> None:
    every, last = model.record("The dog bit", all_logits=True), model.record("The dog bit")
    assert every.logits.shape == (len(every.token_ids), 307)
    torch.testing.assert_close(every.logits[-1:], last.logits)


def test_the_same_text_leaves_the_same_recording(model: Model) -> None:
    one, other = model.record("강아지를 보았다"), model.record("강아지를 보았다")
    assert one.tokens == other.tokens
    assert torch.equal(one.logits, other.logits)
    assert torch.equal(one.blocks[1].attention.query, other.blocks[1].attention.query)


def test_text_and_its_ids_are_the_same_input(model: Model) -> None:
    by_text = model.record("The dog")
    by_ids = model.record(by_text.token_ids.tolist())
    assert by_ids.tokens == by_text.tokens
    assert torch.equal(by_ids.logits, by_text.logits)


def test_a_record_carries_no_gradients(model: Model) -> None:
    assert not model.record("The dog").logits.requires_grad


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x07\x1b",
        "שלום",
        "<script>",
        "👍🏽",
        "\u202eab",
        "e\u0301",
        "\u200b",
        "<|endoftext|>",
        "a\r\nb",
        "\\",
        "\ufeff",
    ],
)
def test_odd_texts_work(model: Model, text: str) -> None:
    recording = model.record(text)
    assert len(recording.tokens) == len(recording.token_ids)
    assert "\ufffd" not in "".join(recording.tokens)


@given(st.text(st.characters(), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_any_text_is_recorded_or_refused(text: str) -> None:
    try:
        recording = MODEL.record(text)
    except UnusableText as error:
        assert str(error)  # noqa: PT017  either outcome is right; what is not, is any other exception
    else:
        assert recording.logits.isfinite().all()
        assert len(recording.tokens) == len(recording.token_ids)


MODEL = Model("kept", transformer(), Tokenizer(byte_level_tokenizer()), "folder")


# -- unusable input ----------------------------------------------------------------------------------------


def test_empty(model: Model) -> None:
    with pytest.raises(UnusableText, match="There is no text") as error:
        model.record("")
    assert error.value.n_tokens == 0
    with pytest.raises(UnusableText, match="nothing to read"):
        model.record([])


@pytest.mark.parametrize("blank", [" ", "   \n\t ", "\u3000", "\u00a0\r\n"])
def test_blank(model: Model, blank: str) -> None:
    with pytest.raises(UnusableText, match="blank"):
        model.record(blank)


def test_too_long_says_how_long_and_the_limit(model: Model) -> None:
    with pytest.raises(UnusableText, match="The text has 24 tokens; this model takes at most 23") as error:
        model.record([3] * 24)
    assert (error.value.n_tokens, error.value.limit) == (24, 23)
    assert model.record([3] * 23).logits.shape == (1, 307)
    with pytest.raises(UnusableText, match="30 tokens; this model takes at most 23"):
        model.record("q!" * 15)


@pytest.mark.parametrize("text", ["a" * 1_000_000, "강" * 400_000, "The dog. " * 120_000])
def test_a_megabyte_is_refused_at_once(model: Model, text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(UnusableText, match=r"at least [\d,]+ tokens; this model takes at most 23") as error:
        model.record(text)
    assert time.perf_counter() - start < 2
    assert error.value.limit == 23
    assert error.value.n_tokens is not None
    assert error.value.n_tokens > 23


def test_ids_that_are_no_tokens(model: Model) -> None:
    for wrong in (307, -1, 10**12):
        with pytest.raises(UnusableText, match=f"Token {wrong} is not in this model's vocabulary.* 0 to 306"):
            model.record([1, wrong])


def test_a_tokenizer_larger_than_the_vocabulary(tokenizer: Tokenizer) -> None:
    small = Model("small", transformer(vocab_size=100), tokenizer, "folder")
    with pytest.raises(UnusableText, match="is not in this model's vocabulary"):
        small.record("강아지")


def test_without_a_tokenizer(model: Model) -> None:
    mute = dataclasses.replace(model, tokenizer=None)
    recording = mute.record([5, 7, 5])
    assert recording.tokens == ("5", "7", "5")
    assert mute.next_tokens(recording, 1)[0].label.isdigit()
    for use in (mute.record, mute.cut):
        with pytest.raises(UnusableText, match="without a tokenizer"):
            use("The dog")


# -- cut and next tokens -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["q!" * 40, "강" * 100, "The dog bit the man. " * 40, "👍🏽" * 30])
def test_what_was_cut_fits(model: Model, text: str) -> None:
    cut = model.cut(text)
    recording = model.record(cut)
    assert text.startswith(cut)
    assert 20 <= len(recording.token_ids) <= 23 or "👍" in text


def test_what_fits_is_not_cut(model: Model) -> None:
    assert model.cut("The dog") == "The dog"
    assert model.cut("") == ""


def test_next_tokens(model: Model) -> None:
    recording = model.record("The dog")
    everything = model.next_tokens(recording, 1000)
    assert len(everything) == 307
    assert sum(token.probability for token in everything) == pytest.approx(1, abs=1e-5)
    assert all(one.probability >= other.probability for one, other in pairwise(everything))
    expected = torch.softmax(recording.logits[-1], dim=-1)
    for token in model.next_tokens(recording, 3):
        assert token.probability == pytest.approx(expected[token.token_id].item())
    of_every_position = model.next_tokens(model.record("The dog", all_logits=True), 3)
    assert [token.token_id for token in of_every_position] == [token.token_id for token in everything[:3]]


def test_the_label_of_a_next_token_completes_the_character_begun(model: Model) -> None:
    ids = model.record("넋").token_ids.tolist()
    recording = model.record(ids[:2])
    labels = {token.token_id: token.label for token in model.next_tokens(recording, 307)}
    assert labels[ids[2]] == "넋(3/3)"


def test_extend_adds_what_the_token_spells(model: Model) -> None:
    token_id = model.record("The dog").token_ids.tolist()[-1]
    assert model.tokenizer is not None
    assert model.extend("The", token_id) == "The" + model.tokenizer.text([token_id])


def test_extend_never_leaves_half_a_character(model: Model) -> None:
    """A token that begins 강 is followed by others until the character is whole, or nothing is added."""
    assert model.tokenizer is not None
    for token_id in range(model.transformer.config.vocab_size):
        longer = model.extend("강아지", token_id)
        assert longer.startswith("강아지")
        assert "⟨" not in longer


def test_overflowing_numbers_are_refused(model: Model) -> None:
    huge = transformer(vocab_size=307)
    for weight in huge.parameters():
        weight.data.mul_(1e20)
    with pytest.raises(UnusableText, match="overflow"):
        dataclasses.replace(model, network=huge).record("The dog bit")


def test_a_tokenizer_that_cannot_read_the_text_says_so(model: Model) -> None:
    unknowing = tokenizers.Tokenizer(tokenizers.models.WordLevel({"known": 0}, unk_token="[UNK]"))  # noqa: S106
    with pytest.raises(UnusableText, match="cannot read this text"):
        dataclasses.replace(model, tokenizer=Tokenizer(unknowing)).record("stranger")


def test_tokens_spell_text_and_not_labels() -> None:
    model = load("tiny-gpt")
    for text in ("학생이 a·b 한다", "one\ntwo"):
        assert model.spelled(model.token_ids(text)) == text
