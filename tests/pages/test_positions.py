"""The page "Positions": every part on every kind of model, what it says of word order, and of what does not apply."""

import math
from pathlib import Path

import pytest

from tests.pages.test_pages import SENTENCE, drawn, opened, read
from tests.pages.test_variants import bundle
from viz_core import load
from viz_core.analysis import places
from viz_core.edits import Edits
from viz_core.models import bundled
from viz_core.ui.mechanism.positions import order

PAGE = "pages/positions.py"
PARTS = {"waves": 2, "added": 6, "rotary": 4, "alibi": 6, "order": 4, "five": 2}  # figures
FIVE = ["learned", "sinusoidal", "rotary", "alibi", "none"]


def said(app) -> str:
    shown = [*app.markdown, *app.caption, *app.info, *app.warning, *app.success]
    return " ".join(element.value for element in shown)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert", *(f"positions-{kind}" for kind in FIVE)])
def test_every_part_on_every_kind_of_model(part: str, model: str) -> None:
    app = opened(PAGE, model=model, text=SENTENCE, part=part)
    assert not app.exception
    assert not app.error
    assert drawn(app) == PARTS[part]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert", "positions-learned", "positions-alibi"])
def test_one_token(part: str, model: str) -> None:
    app = opened(PAGE, model=model, text="x", part=part)
    assert not app.exception
    assert not app.error
    assert drawn(app) >= PARTS[part] - 1
    if part == "five":
        assert "no distance to any other" in said(app)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "settings",
    [
        {"positions": "sinusoidal", "norm_place": "post", "n_head": 2},
        {"positions": "alibi", "n_head": 3, "d_model": 12},
        {"positions": "rotary", "n_kv_head": 2, "norm": "rmsnorm", "activation": "swiglu"},
        {"positions": "learned", "d_model": 15, "n_head": 3, "architecture": "encoder"},
        {"positions": "none"},
    ],
    ids=str,
)
def test_every_part_on_odd_models(part: str, settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    app = opened(PAGE, model=name, text="a dog a", part=part, one="a dog", another="a dog")
    assert not app.exception
    assert not app.error
    assert drawn(app) == PARTS[part]


def test_a_number_of_the_matrix_is_worked_out() -> None:
    app = opened(PAGE, components="64", position="7", component="5")
    worked = app.latex[-1].value
    assert r"\dfrac{7}{10000^{2\cdot 2/64}}" in worked
    assert r"\dfrac{7}{1.77828}" in worked
    assert r"\cos(3.93639) = -0.7004" in worked
    assert round(math.cos(3.93639), 4) == -0.7004


@pytest.mark.parametrize(
    ("part", "model", "shown"),
    [
        ("added", "tiny-gpt", "positions-learned"),
        ("added", "positions-none", "positions-learned"),
        ("rotary", "positions-learned", "positions-rotary"),
        ("alibi", "tiny-bert", "positions-alibi"),
    ],
)
def test_another_model_stands_in_and_is_named(part: str, model: str, shown: str) -> None:
    told = said(opened(PAGE, model=model, text=SENTENCE, part=part)).replace("\\", "").replace("\u2060", "")
    assert f"**{shown}**, which comes with the program" in told
    assert f"**{model}**" in told


def test_a_model_that_has_it_needs_no_other() -> None:
    for part, kind in [("added", "learned"), ("added", "sinusoidal"), ("rotary", "rotary"), ("alibi", "alibi")]:
        assert "Shown instead" not in said(opened(PAGE, model=f"positions-{kind}", text=SENTENCE, part=part))


# -- the order of words --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert", "positions-alibi", "positions-learned", "positions-none"])
def test_without_positions_and_mask_the_two_orders_are_the_same(model: str) -> None:
    app = opened(PAGE, model=model, part="order", places="zeroed", sees="all")
    assert "The same up to permutation" in app.success[0].value
    table = app.table[0].value
    assert read(table["every token sees every token"][1]) <= 1e-6


@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert", "positions-none"])
def test_the_causal_mask_alone_tells_the_order_and_the_page_says_why(model: str) -> None:
    app = opened(PAGE, model=model, part="order", places="zeroed", sees="before")
    assert "Not the same" in app.warning[0].value
    assert "mask** itself tells what came before: “man” sees" in app.warning[0].value
    assert float(app.table[0].value["causal mask"][1]) > 0.01


@pytest.mark.parametrize("placing", ["kept", "shuffled"])
def test_positions_kept_or_shuffled_tell_the_order(placing: str) -> None:
    app = opened(PAGE, part="order", places=placing, sees="all")
    assert "Not the same" in app.warning[0].value
    assert "Positions" in app.warning[0].value


def test_the_table_of_all_six_is_that_of_the_model() -> None:
    model = load("positions-alibi")
    first, second = (model.token_ids(text) for text in ("The dog bit the man", "The man bit the dog"))
    app = opened(PAGE, model="positions-alibi", part="order")
    kept = places.order_difference(model.transformer, first, second, Edits()).max()
    assert float(app.table[0].value["causal mask"][0]) == pytest.approx(float(kept), abs=1e-3)


def test_a_large_model_is_compared_in_float32_and_only_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "LARGEST_DOUBLED", 0)
    app = opened(PAGE, model="tiny-bert", part="order", one="The dog saw the man", another="The man saw the dog")
    assert "The same up to permutation" in app.success[0].value
    assert "twelve runs" in said(app)
    assert not app.table


@pytest.mark.parametrize(
    ("one", "another", "says"),
    [
        ("The dog bit the man", "The dog bit the woman", "not the same tokens"),
        ("the dog bit", "bit the dog", "not the same tokens"),
        ("a", "a", "no other order"),
        ("The dog bit the man", "The dog bit the man", "no other order"),
    ],
)
def test_texts_that_are_no_two_orders(one: str, another: str, says: str) -> None:
    app = opened(PAGE, part="order", one=one, another=another)
    assert not app.exception
    assert says in said(app)


@pytest.mark.parametrize(("one", "says"), [("  ", "blank"), ("word " * 400, "at most 256")], ids=["blank", "too long"])
def test_an_order_that_cannot_be_read_gets_one_sentence(one: str, says: str) -> None:
    app = opened(PAGE, part="order", one=one)
    assert not app.exception
    assert says in app.error[0].value


@pytest.mark.parametrize("text", ["<script>alert(1)</script> $x$ **b**", "👋🏽 안녕 👋🏽", "a\x00\x07 b"])
def test_unusual_texts_as_orders(text: str) -> None:
    app = opened(PAGE, part="order", one=text, another=order.turned_round(text))
    assert not app.exception
    assert not app.error


def test_my_sentence_is_turned_round() -> None:
    app = opened(PAGE, part="order", text="The red dog chased the little ball.")
    app.button[-1].click().run()
    assert not app.exception
    assert app.text_input(key="setting-another").value == "The ball. little the chased dog red"
    assert app.success[0].value.startswith("**The same up to permutation**")


# -- five models ---------------------------------------------------------------------------------------------


def test_losses_are_those_of_the_cards_and_of_the_models() -> None:
    app = opened(PAGE, text=SENTENCE, part="five")
    figures = {kind: load(f"positions-{kind}").card["figures"] for kind in FIVE}
    worse = {kind: each["held_out_loss_doubled"] - each["held_out_loss"] for kind, each in figures.items()}
    assert max(worse, key=worse.__getitem__) == "sinusoidal"
    assert f"**sinusoidal** loses most (+{worse['sinusoidal']:.4g} nats" in said(app)
    losses = app.dataframe[0].value["loss, nats a token"]
    for row, kind in enumerate(FIVE):
        recording = load(f"positions-{kind}").record(SENTENCE, all_logits=True)
        assert float(losses[row]) == pytest.approx(float(places.surprise(recording).mean()), abs=1e-3)


def test_a_text_longer_than_the_trained_length_is_said_to_be() -> None:
    assert "beyond what the models were trained on" in said(opened(PAGE, part="five", text="word " * 150))


@pytest.mark.parametrize("part", ["added", "rotary", "alibi", "five"])
def test_a_text_too_long_for_the_small_models_is_said_to_be(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = bundle(tmp_path, context=2000, positions="none")
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    app = opened(PAGE, model=name, text="word " * 300, part=part)
    assert not app.exception
    assert "at most 256" in said(app).replace("\\", "")


@pytest.mark.parametrize(
    "address",
    [
        {"rows": "x", "components": "nan", "position": "1e99", "component": "-4"},
        {"part": "rotary", "pair": "999"},
        {"part": "order", "places": "gone", "sees": "<b>", "told": "99"},
        {"part": "five", "against": "?"},
        {"part": "added", "alike": "?"},
    ],
    ids=str,
)
def test_an_address_may_say_anything(address: dict[str, str]) -> None:
    app = opened(PAGE, text=SENTENCE, **address)
    assert not app.exception
    assert not app.error
