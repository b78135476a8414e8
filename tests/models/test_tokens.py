"""Text ↔ ids over several kinds of tokenizers."""

import time

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tests.models.conftest import CORPUS, byte_level_tokenizer
from viz_core.models.errors import UnusableText
from viz_core.models.readable import splits_character
from viz_core.models.tokens import Tokenizer

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.text(
    " 강아지👍🏽\n\u200b\u0301a\ufffd", max_size=60
)

BYTE_LEVEL = Tokenizer(byte_level_tokenizer())


def byte_fallback_tokenizer() -> Tokenizer:
    """As SentencePiece makes them: ▁ for a space, <0xE1> for a byte of a character it does not know."""
    words = ["▁", "▁the", "t", "h", "e", "▁d", "d", "o", "g", "강"]
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    vocab = {piece: index for index, piece in enumerate(pieces)}
    merges = [("▁", "d")]
    backend = tokenizers.Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", byte_fallback=True))  # noqa: S106
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return Tokenizer(backend)


@given(TEXTS)
def test_labels_of_any_text(text: str) -> None:
    ids = BYTE_LEVEL.token_ids(text)
    labels = BYTE_LEVEL.labels(ids)
    assert len(labels) == len(ids)
    assert "\ufffd" not in "".join(labels)
    assert BYTE_LEVEL.text(ids) == text
    assert BYTE_LEVEL.fewest_tokens(text) <= len(ids)


@given(TEXTS, st.integers(1, 20))
def test_cut_is_the_longest_prefix_that_fits(text: str, limit: int) -> None:
    cut = BYTE_LEVEL.cut(text, limit)
    assert text.startswith(cut)
    assert len(BYTE_LEVEL.token_ids(cut)) <= limit
    if len(BYTE_LEVEL.token_ids(text)) <= limit:
        assert cut == text
    longer = [length for length in range(len(cut) + 1, len(text)) if len(BYTE_LEVEL.token_ids(text[:length])) <= limit]
    # what would have fitted too ends within what a reader sees as one character
    assert all(splits_character(text, length) for length in longer)


def test_a_korean_syllable_and_an_emoji_with_a_skin_tone() -> None:
    labels = BYTE_LEVEL.labels(
        BYTE_LEVEL.token_ids("넋 👍🏽")
    )  # not in the corpus: three tokens a syllable, four an emoji
    assert labels[:3] == ("넋(1/3)", "넋(2/3)", "넋(3/3)")
    assert {label.strip("·")[0] for label in labels[3:] if label != "·"} == {"👍", "🏽"}


def test_special_tokens_show_their_content() -> None:
    ids = BYTE_LEVEL.token_ids("a<|endoftext|>b")
    assert BYTE_LEVEL.labels(ids) == ("a", "<|endoftext|>", "b")


def test_an_id_that_is_no_token_is_shown_as_a_number() -> None:
    assert BYTE_LEVEL.labels([70_000]) == ("#70000",)


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(UnusableText, match=r"Character 3 is only half a character \(U\+D83D\)"):
        BYTE_LEVEL.token_ids("ab\ud83d")
    with pytest.raises(UnusableText, match="half a character"):
        BYTE_LEVEL.fewest_tokens("\udc80")
    with pytest.raises(UnusableText, match="half a character"):
        BYTE_LEVEL.cut("\udfff", 5)


def test_truncation_and_padding_of_the_file_are_switched_off() -> None:
    backend = byte_level_tokenizer()
    backend.enable_truncation(2)
    backend.enable_padding(length=50)
    assert len(Tokenizer(backend).token_ids("q w e r t y")) == 11


def test_sentencepiece_with_byte_fallback() -> None:
    tokenizer = byte_fallback_tokenizer()
    ids = tokenizer.token_ids("dog 강넋")
    assert tokenizer.labels(ids) == ("·d", "o", "g", "·", "강", "넋(1/3)", "넋(2/3)", "넋(3/3)")
    assert tokenizer.text(ids) == " dog 강넋"


def test_wordpiece_pieces_that_go_on_say_so() -> None:
    vocab = {"[UNK]": 0, "dog": 1, "##s": 2}
    backend = tokenizers.Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))  # noqa: S106
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.decoder = decoders.WordPiece()
    tokenizer = Tokenizer(backend)
    assert tokenizer.labels(tokenizer.token_ids("dogs 강")) == ("·dog", "##s", "·[UNK]")
    assert tokenizer.text(tokenizer.token_ids("dogs")) == " dogs"
    assert tokenizer.fewest_tokens("dog " * 1000) == 0  # one [UNK] may stand for anything: nothing is sure
    assert tokenizer.cut("dogs dog dog", 3) == "dogs dog "


def test_an_added_token_that_swallows_spaces_makes_the_bound_unsure() -> None:
    backend = byte_level_tokenizer()
    backend.add_tokens([AddedToken("<mask>", lstrip=True)])
    assert len(backend.encode(" " * 500 + "<mask>").ids) == 1
    assert Tokenizer(backend).fewest_tokens(" " * 500 + "<mask>") == 0


def test_a_normalizer_that_shortens_is_reckoned_with() -> None:
    backend = byte_level_tokenizer()
    backend.normalizer = normalizers.Replace("x", "")
    assert Tokenizer(backend).fewest_tokens("x" * 10_000) == 0


def test_tokens_added_at_the_end_count() -> None:
    backend = byte_level_tokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A <|endoftext|>", special_tokens=[("<|endoftext|>", 0)]
    )
    tokenizer = Tokenizer(backend)
    assert tokenizer.cut("qwertz", 5) == "qwe"


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "강" * 1_000_000, " " * 1_000_000, "The dog. " * 120_000, "\n" * 10**6]
)
def test_a_megabyte_is_counted_and_cut_at_once(text: str) -> None:
    tokenizer = Tokenizer(byte_level_tokenizer())
    start = time.perf_counter()
    assert tokenizer.fewest_tokens(text) > 10_000
    assert len(tokenizer.token_ids(tokenizer.cut(text, 1024))) > 1000
    assert time.perf_counter() - start < 2


def test_cutting_leaves_something_of_a_letter_with_more_marks_than_fit() -> None:
    tokenizer = Tokenizer(byte_level_tokenizer()).taking(1_000)
    assert tokenizer.cut("e" + "\u0301" * 2_000, 10**6) == "e" + "\u0301" * 999
    assert tokenizer.cut("e" + "\u0301" * 2_000, 5)


def test_a_unigram_tokenizer_works_too() -> None:
    backend = tokenizers.Tokenizer(models.Unigram())
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    backend.train_from_iterator(
        CORPUS, trainers.UnigramTrainer(vocab_size=50, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False)  # noqa: S106
    )  # fmt: skip
    tokenizer = Tokenizer(backend)
    assert "".join(tokenizer.labels(tokenizer.token_ids("The dog bit"))) == "·The·dog·bit"


def test_of_one_character_with_marks_without_end_something_is_left() -> None:
    tower = "a" + "\u0301" * 5_000
    cut = BYTE_LEVEL.cut(tower, 20)
    assert tower.startswith(cut)
    assert len(cut) > 1
    assert len(BYTE_LEVEL.token_ids(cut)) <= 20
    assert BYTE_LEVEL.cut("a" * 300 + "e\u0301", 300)[-1] == "a"
