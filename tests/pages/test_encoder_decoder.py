"""The page "Encoder and decoder" through AppTest: its first three parts, and what cannot be read."""

import re

import pytest
from streamlit.testing.v1 import AppTest

import viz_core
from tests.pages.test_pages import drawn, opened
from viz_core.analysis.cell import cell_of
from viz_core.analysis.translating import cross_weights
from viz_core.models import Translator
from viz_core.recording import Recording
from viz_core.ui.formulas import tex
from viz_core.ui.mechanism.translation.scene import EXAMPLES, START

PAGE = "pages/encoder_decoder.py"
PARTS = ["writing", "three", "alignment"]


def recorded(text: str = START) -> Recording:
    model = viz_core.load("tiny-translator")
    assert isinstance(model, Translator)
    found = model.record(text)
    assert isinstance(found, Recording)
    return found


def words(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in ("markdown", "caption", "latex") for element in app.get(kind))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "text", [EXAMPLES[1], "a", ".", "안녕하세요, 반갑습니다", "👋🏽 👩‍👩‍👧 ok", "<b>it</b> $x$ [a](b)"]
)
def test_every_part_draws_whatever_is_typed(part: str, text: str) -> None:
    app = opened(PAGE, part=part, english=text)
    assert not app.exception
    assert not app.error
    assert drawn(app) > 0


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("text", ["   ", "word " * 64, "a" * 1_000_000], ids=["blank", "long", "1 MB"])
def test_unusable_text_gets_one_sentence_and_stays_typed(part: str, text: str) -> None:
    app = opened(PAGE, part=part, english=EXAMPLES[1])
    app.text_input(key="setting-english").set_value(text).run()
    assert not app.exception
    assert len(app.error) == 1
    assert app.text_input(key="setting-english").value == text
    assert drawn(app) > 0
    assert EXAMPLES[1] in "".join(caption.value for caption in app.caption).replace("\\", "")


def test_the_limit_is_said_and_holds() -> None:
    tokenizer = viz_core.load("tiny-translator").tokenizer
    longest = tokenizer.cut("The cat saw the bird and " * 20, 63)
    app = opened(PAGE, english=longest)
    assert not app.error
    assert len(app.session_state["good english"]) == len(longest)
    app.text_input(key="setting-english").set_value(longest + " cat").run()
    assert "64 tokens; this model takes at most 63" in app.error[0].value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("The dog bit the man.", ["hardly saw", "“bit” (sentence pairs with it: 8)"]),
        ("The Zyx chased bit.", ["never saw “Zyx”", "hardly saw"]),
        ("🙂", ["no word"]),
    ],
)
def test_words_the_models_hardly_know_are_named(text: str, says: list[str]) -> None:
    (warning,) = opened(PAGE, english=text).warning
    plain = warning.value.replace("\\", "")
    assert all(words in plain for words in says)


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_hold_only_words_they_know(text: str) -> None:
    assert not opened(PAGE, english=text).warning


def test_a_new_sentence_forgets_the_cell_of_the_one_before() -> None:
    app = opened(PAGE, word="9", source="3")
    assert dict(app.session_state["view"].settings)["word"] == "9"
    app.text_input(key="setting-english").set_value("This cat saw my bird.").run()
    assert "word" not in dict(app.session_state["view"].settings)


@pytest.mark.parametrize(
    "address",
    [
        {"word": "99", "source": "-1", "cross_layer": "7", "cross_head": "x"},
        {"word": "1" * 500, "looks": "5", "looked_at": "99"},
        {"looks": "2", "looked_at": "20", "cells_of": "none", "decoding": "1000000"},
        {"cross_head": "mean"},
        {"english": "a" * 1_000_000},
    ],
)
@pytest.mark.parametrize("part", PARTS)
def test_an_address_may_say_anything(part: str, address: dict[str, str]) -> None:
    app = opened(PAGE, part=part, **address)
    assert not app.exception


def test_the_arithmetic_is_that_of_the_chosen_cell() -> None:
    recording = recorded()
    across = recording.blocks[1].cross_attention
    assert across is not None
    cell = cell_of(across.head(3), 7, 2)
    app = opened(PAGE, part="three", word="7", source="2", cross_head="3")
    assert tex(cell.score) in words(app)
    assert rf"\mathbf{{{tex(cell.weight)}}}" in words(app)


@pytest.mark.parametrize(("query", "key", "side"), [(3, 9, "encoder"), (14 + 6, 14 + 2, "decoder")])
def test_a_cell_of_self_attention_has_its_own_arithmetic(query: int, key: int, side: str) -> None:
    recording = recorded()
    assert recording.encoder is not None
    of, at = (recording.encoder, (query, key)) if side == "encoder" else (recording, (query - 14, key - 14))
    cell = cell_of(of.blocks[1].attention.head(2), *at)
    app = opened(PAGE, part="three", looks=str(query), looked_at=str(key))
    assert rf"\mathbf{{{tex(cell.weight)}}}" in words(app)


def test_a_later_korean_token_may_not_be_looked_at() -> None:
    app = opened(PAGE, part="three", looks=str(14 + 2), looked_at=str(14 + 6))
    assert "may not look at" in words(app)
    assert r"-\infty" in words(app)


def test_the_alignment_compares_what_both_write() -> None:
    assert "gru-attention writes the same sentence" in words(opened(PAGE, part="alignment"))
    other = words(opened(PAGE, part="alignment", english="The dog bit the man."))
    assert "gru-attention writes another sentence" in other
    begun = words(opened(PAGE, part="alignment", english="The dog bit the man.", word="0"))  # both with 그
    assert "Framed there: the row of the same Korean word." in begun
    assert "Framed there" not in words(opened(PAGE, part="alignment"))


def test_the_measured_figures_are_those_of_the_cards() -> None:
    said = words(opened(PAGE, part="alignment"))
    for name in ("tiny-translator", "gru-attention"):
        assert f"{viz_core.load(name).card['figures']['aligned']:.1%}" in said


def test_crossing_pairs_are_counted_from_the_weights() -> None:
    app = opened(PAGE, part="alignment", cells_of="tokens")
    recording = recorded()
    weights = cross_weights(recording)[1, 2]
    sure = [
        int(row.argmax())
        for token, row in zip(recording.tokens[1:], weights[:-1], strict=True)
        if row.max() >= 0.5 and any(map(str.isalnum, token))
    ]
    crossed = sum(one > other for at, one in enumerate(sure) for other in sure[at + 1 :])
    found = re.search(r"(\d+) of (\d+) pairs", words(app))
    assert found is not None
    assert found.groups() == (str(crossed), str(len(sure) * (len(sure) - 1) // 2))


@pytest.mark.parametrize("text", [START, "The dog bit the man.", "When does Mina go to the big hospital by bus?"])
def test_a_beam_is_compared_with_greedy_decoding(text: str) -> None:
    app = opened(PAGE, english=text, decoding="3")
    assert not app.exception
    assert "greedy" in words(app)
    assert len(app.dataframe[0].value) == 3


def test_a_look_at_a_preposition_is_called_a_miss() -> None:
    for part in ("writing", "alignment"):
        assert "“밤에” → “At”: a Korean particle" in words(opened(PAGE, part=part)).replace("\\", "")
        assert "particle is part" not in words(opened(PAGE, part=part, english=EXAMPLES[1]))


def test_of_pairs_as_far_apart_the_surest_is_named() -> None:
    said = words(opened(PAGE, part="alignment"))
    assert "“본” is written before “쫓을”, and “saw” stands after “chase”" in said
    assert "between blanks, with their particles" in said


def test_a_small_weight_keeps_its_digits() -> None:
    across = recorded().blocks[1].cross_attention
    assert across is not None
    cell = cell_of(across.head(2), 4, 0)
    assert 0 < cell.weight < 0.001
    said = words(opened(PAGE, part="three", word="4", source="0"))
    assert rf"{tex(cell.exponential)} \div {tex(cell.row_sum)} &= \mathbf{{{tex(cell.weight)}}}" in said
    assert f"{cell.weight:.4g}".split("e")[0] in tex(cell.weight)


def test_a_runner_up_that_differs_by_a_blank_shows_it() -> None:
    table = opened(PAGE, english=EXAMPLES[3], decoding="2").dataframe[0].value
    assert any(text.startswith("␣미나는 언제") for text in table["kept at the end"])


def test_tokens_yet_to_come_have_no_rows() -> None:
    recording = recorded()
    app = opened(PAGE, part="three", so_far="3", word="7", source="2")
    assert not app.exception
    across = cross_weights(recording)[1, 2, 2]  # of the third token, the one being written
    assert f"q_{{2}}\\cdot k_{{{int(across.argmax())}}}" in words(app)
    assert "12 × 12 cells" in words(app)
    later = int(cross_weights(recording)[1, 2, 4].argmax())
    app = opened(PAGE, part="three", so_far="5")  # none chosen: the token being written
    assert f"q_{{4}}\\cdot k_{{{later}}}" in words(app)
    app = opened(PAGE, part="three", so_far="3", looks=str(14 + 6), looked_at=str(14 + 2))
    assert "3 · Cross-attention" in words(app)  # that cell of the decoder is yet to come
    app.number_input(key="setting-so_far").set_value(12).run()
    assert "2 · Masked self-attention, L1" in words(app)


@pytest.mark.parametrize("so_far", ["0", "-4", "99", "x", "1"])
def test_as_many_tokens_as_there_are_can_be_written(so_far: str) -> None:
    app = opened(PAGE, part="three", so_far=so_far)
    assert not app.exception
    assert 1 <= app.number_input(key="setting-so_far").value <= 12
