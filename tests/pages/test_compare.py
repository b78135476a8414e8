"""The page "Compare" through Streamlit's AppTest: every B on every kind of model, and what cannot be compared."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import viz_core
from tests.pages.test_pages import SENTENCE, drawn, opened
from tests.pages.test_variants import bundle
from viz_core.analysis.predictions import change_of
from viz_core.edits import Edits
from viz_core.models import bundled
from viz_core.ui.questions.compare.sentence import one_word_changed
from viz_core.ui.show import number
from viz_core.ui.whatif import size_of

PAGE = "pages/compare.py"
PARTS = ["sentence", "head", "layer", "model", "edit"]
MODELS = ["tiny-gpt", "tiny-bert", "formation", "positions-rotary", "positions-alibi", "positions-none"]


def said(app: AppTest) -> str:
    return " ".join([*(text.value for text in app.markdown), *(text.value for text in app.caption)])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("part", PARTS)
def test_every_b_shows_something_at_once(part: str, model: str) -> None:
    app = opened(PAGE, part=part, model=model, text=SENTENCE)
    assert not app.exception
    assert not app.error
    assert drawn(app) >= 5, "three maps, the list, the next token"
    assert "distance of these two maps: **" in said(app)
    assert "distance of these two maps: **0**" not in said(app), "the default B is not the same as A"


@pytest.mark.parametrize("kind", ["scale", "temperature", "mask", "off"])
@pytest.mark.parametrize("scope", ["head", "layer", "all"])
@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert"])
def test_every_edit_is_compared(kind: str, scope: str, model: str) -> None:
    app = opened(PAGE, part="edit", edit=kind, edit_in=scope, model=model, text=SENTENCE)
    assert not app.exception
    assert not app.error
    assert "KL divergence" in said(app)
    assert ("The masks differ" in said(app)) == (kind == "mask")


def test_the_prediction_is_that_of_the_edit() -> None:
    app = opened(
        PAGE, part="edit", text=SENTENCE, edit_layer="3", edit_head="0", edit_temperature="5.0", edit="temperature"
    )
    model = viz_core.load("tiny-gpt")
    edits = Edits(temperature=5.0, at=frozenset({(3, 0)}))
    change = change_of(model.record(SENTENCE).logits[-1], model.record(SENTENCE, edits).logits[-1], 5)
    assert f"KL divergence {size_of(change.divergence)} nats" in said(app)
    assert "L3·H0 is edited itself" in said(app), "the head that changed most is shown"
    assert "1 of 24, most changed first" in said(app)


def test_what_is_switched_off_shows_in_later_layers_alone() -> None:
    app = opened(PAGE, part="edit", edit="off", edit_in="layer", model="tiny-bert", text=SENTENCE)
    assert "stands after the edit" in said(app), "a last layer that is off would change no map"
    app = opened(PAGE, part="edit", edit="off", edit_in="layer", edit_layer="3", model="tiny-bert", text=SENTENCE)
    assert "The weights of no head change" in said(app)
    assert "KL divergence" in said(app)


def test_what_the_sentences_share_is_listed() -> None:
    app = opened(PAGE, text="The dog bit the man", other_text="The dog bit a big man")
    assert "share **4** tokens, in the same order (A has 5, B 6)" in said(app)
    assert "Only in A: “the”." in said(app)
    assert "Only in B: “a”, “big”." in said(app)
    app = opened(PAGE, text="The dog bit the man", other_text="The cat bit the man", paired="1")
    assert "Replaced, and compared one for one: “dog” → “cat”." in said(app)
    assert "share **" not in said(app)


@pytest.mark.parametrize(
    "other", ["Korean 커피", "👋🏽 ok", "<script>alert(1)</script>", "$x$ **b** `c` <s>", "مرحبا", "a\x00b"]
)
def test_an_unusual_second_sentence_is_compared(other: str) -> None:
    app = opened(PAGE, text=SENTENCE, other_text=other)
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize(
    ("typed", "says"), [("", "blank"), ("  ", "blank"), ("word " * 400, "at most 256")], ids=["empty", "blank", "long"]
)
def test_an_unusable_second_sentence_gets_one_sentence_and_all_else_stands(typed: str, says: str) -> None:
    app = opened(PAGE, text=SENTENCE)
    app.text_input(key="other-sentence").set_value("The man bit the cat").run()
    app.text_input(key="other-sentence").set_value(typed).run()
    assert not app.exception
    assert [says in error.value for error in app.error] == [True]
    assert "Still compared with “The man bit the cat”" in said(app).replace("\u2060", "")
    assert drawn(app) >= 5
    app.button(key="other-default").click().run()
    assert not app.error
    assert app.text_input(key="other-sentence").value == one_word_changed(SENTENCE)


def test_sentences_with_nothing_in_common_have_maps_and_no_difference() -> None:
    app = opened(PAGE, text="x", other_text="!")
    assert not app.exception
    assert "no token in common" in said(app)
    assert "nothing that could differ" in said(app)
    assert drawn(app) >= 4


@pytest.mark.parametrize("part", PARTS)
def test_one_token_is_drawn(part: str) -> None:
    app = opened(PAGE, part=part, text="x")
    assert not app.exception
    assert not app.error
    assert drawn(app) >= 3


def test_two_models_that_cut_a_text_differently_are_compared_by_words() -> None:
    app = opened(PAGE, part="model", other_model="positions-learned", text="The little dog chased the red ball")
    assert "tokens are merged to words" in said(app)
    assert "Their vocabularies differ" in said(app)
    app = opened(PAGE, part="model", model="positions-rotary", other_model="positions-learned", text=SENTENCE)
    assert "tokens are merged" not in said(app)
    assert "KL(A ‖ B)" in said(app)
    app = opened(PAGE, part="model", other_model="tiny-bert", text=SENTENCE)
    assert "The masks differ" in said(app)
    assert "two questions" in said(app)


@pytest.mark.parametrize("name", ["no such/model", "../../etc", "x" * 300, "gru-plain"])
def test_an_unusable_second_model_gets_one_sentence_and_all_else_stands(name: str) -> None:
    app = opened(PAGE, part="model", other_model=name, text=SENTENCE)
    assert not app.exception
    assert len(app.error) == 1
    assert drawn(app) >= 5


def test_a_text_too_long_for_the_second_model_is_said_to_be_so() -> None:
    app = opened(PAGE, part="model", other_model="formation", text="word " * 140)
    assert not app.exception
    assert "at most 128" in app.error[0].value


@pytest.mark.parametrize(
    "address",
    [
        {"part": "head", "other_head": "99.0"},
        {"part": "head", "other_head": "x"},
        {"part": "layer", "other_layer": "99"},
        {"part": "layer", "other_layer": "1", "layer": "1"},
        {"part": "edit", "edit_layer": "99", "edit_head": "-1", "edit": "x", "edit_in": "x", "edit_temperature": "nan"},
        {"other_cell": "99.99"},
        {"other_cell": "1.x"},
    ],
    ids=str,
)
def test_an_address_beyond_the_model_still_opens(address: dict[str, str]) -> None:
    app = opened(PAGE, text=SENTENCE, **address)
    assert not app.exception
    assert not app.error


def test_a_cell_that_only_b_has_is_kept_in_the_address() -> None:
    app = opened(
        PAGE, text="The dog bit the man", other_text="The cat bit the man", layer="1", head="2", other_cell="2.0"
    )
    weight = viz_core.load("tiny-gpt").record("The cat bit the man").blocks[1].attention.head(2).weights[0, 1, 0]
    assert f"is a cell of B alone: weight {number(float(weight))}" in said(app)


SETTINGS = [
    {"n_kv_head": 2, "norm": "rmsnorm", "activation": "swiglu"},
    {"divide_by_sqrt_d_head": False},
    {"n_layer": 1},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_odd_models_are_compared(settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    for part in PARTS:
        app = opened(PAGE, part=part, model=name, text="a dog")
        assert not app.exception, part
        assert not app.error, part
        assert drawn(app) > 3, part
        if part == "layer":
            assert ("one layer" in " ".join(info.value for info in app.info)) == (settings.get("n_layer") == 1)
        if part == "edit":
            kinds = app.get("button_group")
            assert kinds


def test_one_word_changed_never_leaves_a_sentence_as_it_is() -> None:
    assert one_word_changed("The dog bit the man") == "The cat bit the man"
    assert one_word_changed("커피 마시고 싶어") == "우유 마시고 싶어"
    assert one_word_changed("We walk slowly home") == "We walk home"
    assert one_word_changed("x") == "x x"
    for text in ("the dogged one", "a b", "a  ", "?!", "he"):
        assert one_word_changed(text).strip() not in {"", text.strip()}
