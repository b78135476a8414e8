"""What an encoder guesses is hidden, and hiding and filling a place of the text."""

import pytest
import tokenizers
import torch
from tokenizers import AddedToken

from tests.models.conftest import byte_level_tokenizer, transformer
from viz_core.models import Model
from viz_core.models.tokens import Tokenizer

SENTENCE = "The dog bit the man."


def masking_tokenizer() -> tokenizers.Tokenizer:
    tokenizer = byte_level_tokenizer()
    tokenizer.add_special_tokens([AddedToken("<mask>", special=True, normalized=False, lstrip=True)])
    return tokenizer


@pytest.fixture(scope="module")
def encoder() -> Model:
    tokenizer = Tokenizer(masking_tokenizer())
    made = transformer(architecture="encoder", vocab_size=tokenizer.backend.get_vocab_size(), context=64)
    return Model("encoder", made, tokenizer, "folder")


def row_of(model: Model, text: str, label: str) -> int:
    return model.record(text).tokens.index(label)


def test_who_hides_words(encoder: Model, model: Model) -> None:
    assert encoder.both_sides
    assert encoder.mask_id == 307
    assert not model.both_sides
    assert model.mask_id is None
    assert Model("bare", encoder.transformer, None, "folder").mask_id is None


def test_a_hidden_word_and_its_guesses(encoder: Model) -> None:
    text = encoder.hidden(SENTENCE, row_of(encoder, SENTENCE, "·dog"))
    assert text == "The <mask> bit the man."
    recording = encoder.record(text, all_logits=True)
    row = recording.token_ids.tolist().index(encoder.mask_id)
    guesses = encoder.guesses(recording, row, 5)
    odds = torch.softmax(recording.logits[row], -1)
    assert [guess.token_id for guess in guesses] == odds.topk(5).indices.tolist()
    assert [guess.probability for guess in guesses] == pytest.approx(odds.topk(5).values.tolist())


def test_hidden_and_filled_again_is_the_text(encoder: Model) -> None:
    recording = encoder.record(SENTENCE)
    for row, token_id in enumerate(recording.token_ids.tolist()):
        hidden = encoder.hidden(SENTENCE, row)
        assert hidden.count("<mask>") == 1
        at = encoder.token_ids(hidden).index(encoder.mask_id)
        assert encoder.filled(hidden, at, token_id) == SENTENCE


def test_a_blank_and_half_a_character_stay(encoder: Model) -> None:
    text = "a\n\nb"
    row = encoder.record(text).tokens.index("⏎")
    assert encoder.hidden(text, row) == text
    assert encoder.filled("a <mask>", 1, encoder.token_ids("가")[0]) == "a <mask>"
