"""The page "The block": every part on every kind of model, its limits said in words, its numbers viz_core's."""

from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

import viz_core
from tests.models.conftest import byte_level_tokenizer
from tests.pages.test_pages import SENTENCE, drawn, opened
from tests.pages.test_variants import VARIANTS, bundle
from viz_core.analysis.feed_forward import neurons_of
from viz_core.analysis.lens import lens_of
from viz_core.analysis.parameters import shape_of
from viz_core.analysis.sampling import sampling_of
from viz_core.config import TransformerConfig
from viz_core.models import bundled
from viz_core.transformer import Transformer

PAGE = "pages/block.py"
PARTS = ["stream", "norm", "wiring", "feedforward", "lens", "next"]
MORE_VARIANTS = [
    *VARIANTS,
    {"architecture": "encoder", "norm_place": "post", "norm": "rmsnorm"},
    {"activation": "swiglu", "norm_place": "post", "bias": False},
    {"activation": "relu", "n_layer": 1},
    {"activation": "tanh", "tied": False},
    {"activation": "silu", "norm": "rmsnorm"},
]


def said(app: AppTest) -> str:
    """All that is written on the page."""
    elements = [*app.markdown, *app.caption, *app.info, *app.latex]
    return " ".join(element.value for element in elements)


def figure(app: AppTest, key: str) -> str:
    """What Plotly is told of the figure under that key."""
    specs = [chart.proto.spec for chart in app.get("plotly_chart") if chart.proto.id.endswith(f"-{key}-figure")]
    return specs[0]


def sound(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    return app


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert", "formation", "positions-alibi"])
@pytest.mark.parametrize("text", [SENTENCE, "x"], ids=["five words", "one token"])
def test_every_part_draws(part: str, model: str, text: str) -> None:
    app = sound(opened(PAGE, part=part, model=model, text=text))
    assert drawn(app) > 0 or (part == "next" and model == "tiny-bert")


@pytest.mark.parametrize("settings", MORE_VARIANTS, ids=str)
def test_every_part_draws_every_variant(settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    post, rms = settings.get("norm_place") == "post", settings.get("norm") == "rmsnorm"
    words = {part: said(sound(opened(PAGE, part=part, model=name, text="a dog", norm="final"))) for part in PARTS}
    assert ("Post-LN: after each sum" in words["stream"]) == post
    assert ("This model is **Post-LN**" in words["wiring"]) == post
    assert ("there is no final one" in words["norm"]) == post
    assert ("This model uses **RMSNorm**" in words["norm"]) == rms
    assert ("no direct path" in words["feedforward"]) == post
    assert (r"\odot (xW_1" in words["feedforward"]) == (settings.get("activation") == "swiglu")
    assert ("is an encoder" in words["next"]) == (settings.get("architecture") == "encoder")


@pytest.mark.parametrize("times", [1, 60])
def test_a_first_token_that_stands_out_is_said_to(times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = byte_level_tokenizer()
    shape = {"context": 32, "n_layer": 2, "n_head": 4, "d_model": 16}
    transformer = Transformer(TransformerConfig(vocab_size=tokenizer.get_vocab_size(), **shape))
    with torch.no_grad():
        transformer.position_embedding.weight[0] *= times
    bundled.save(tmp_path / tmp_path.name, transformer, tokenizer)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    words = said(sound(opened(PAGE, model=tmp_path.name, text="a dog ran on")))
    assert ("The first token stands out" in words) == (times > 1)
    assert ("here it does not stand out" in words) == (times == 1)


def test_an_encoder_has_no_next_token_and_a_way_on() -> None:
    app = sound(opened(PAGE, part="next", model="tiny-bert", text=SENTENCE))
    assert "is an encoder" in app.info[0].value
    app.button(key="use_decoder").click().run()
    sound(app)
    assert app.session_state["view"].model == "tiny-gpt"
    assert drawn(app) > 0


@pytest.mark.parametrize("temperature", ["0", "10", "nan", "-5", "1e99", "x"])
@pytest.mark.parametrize(("top_k", "top_p"), [("1", "0"), ("0", "1"), ("99999999", "2"), ("x", "-1")])
def test_settings_at_and_beyond_their_limits(temperature: str, top_k: str, top_p: str) -> None:
    app = sound(opened(PAGE, part="next", text=SENTENCE, next_temperature=temperature, top_k=top_k, top_p=top_p))
    assert drawn(app) > 1
    assert "can be drawn" in said(app)


def test_temperature_0_leaves_the_likeliest_alone() -> None:
    app = sound(opened(PAGE, part="next", text=SENTENCE, next_temperature="0"))
    model = viz_core.load("tiny-gpt")
    best = model.next_tokens(model.record(SENTENCE), 1)[0].label.removeprefix("·")
    assert f"**“{best}”**, with a probability of 100.0%" in said(app).replace("\\", "")
    assert "**1** can be drawn" in said(app)


def test_adding_a_token_makes_the_attention_and_the_cache_grow() -> None:
    app = sound(opened(PAGE, part="next", text=SENTENCE, draw="3"))
    model = viz_core.load("tiny-gpt")
    n, shape = len(model.token_ids(SENTENCE)), shape_of(model.transformer)
    assert f"= {shape.cache_bytes(n, width=4):,}".replace(",", "{,}") in said(app)
    expected = model.extend(SENTENCE, sampling_of(model.record(SENTENCE).logits[-1]).draw(3, SENTENCE))
    app.button(key="add_token").click().run()
    sound(app)
    view = app.session_state["view"]
    assert (view.text, view.query) == (expected, n)
    assert f"= {shape.cache_bytes(n + 1, width=4):,}".replace(",", "{,}") in said(app)
    assert f"The {n} older rows stay as they are" in said(app)


def test_a_text_that_fills_the_context_cannot_grow() -> None:
    model = viz_core.load("tiny-gpt")
    text = model.cut("The little dog chased the red ball. " * 60)
    n = len(model.token_ids(text))
    assert n == model.context
    app = sound(opened(PAGE, part="next", text=text))
    assert app.button(key="add_token").disabled
    assert "it cannot grow" in said(app)


def test_part_of_a_character_that_has_no_room_is_not_added() -> None:
    model = viz_core.load("tiny-gpt")
    assert model.tokenizer is not None
    text = model.tokenizer.cut("The little dog chased the red ball. " * 60, model.context - 1)
    found = sampling_of(model.record(text).logits[-1], temperature=10.0)
    draw = next(seed for seed in range(1, 999) if not model.tokenizer.is_whole([found.draw(seed, text)]))
    app = sound(opened(PAGE, part="next", text=text, next_temperature="10", draw=str(draw)))
    app.button(key="add_token").click().run()
    assert "only part of a character" in said(sound(app))
    assert app.session_state["view"].text == text


def test_text_that_is_cut_anew_is_said_to_be() -> None:
    """Of a text whose last token the next one melts into, the older rows are no longer the same."""
    model = viz_core.load("tiny-gpt")
    text = "The dog bit the ma"
    found = sampling_of(model.record(text).logits[-1])
    ids = model.token_ids(text)
    draw = next(
        seed for seed in range(1, 999) if model.token_ids(model.extend(text, found.draw(seed, text)))[: len(ids)] != ids
    )
    app = sound(opened(PAGE, part="next", text=text, draw=str(draw)))
    app.button(key="add_token").click().run()
    assert "cut into other tokens" in said(sound(app))


def test_long_texts_are_drawn_around_the_chosen_row() -> None:
    text = "The little dog chased the red ball. " * 10
    for part in ("stream", "feedforward", "lens"):
        app = sound(opened(PAGE, part=part, text=text, query="60"))
        assert "Tokens 29 to 60 of" in said(app)


def test_the_cache_is_said_to_save_work_not_memory() -> None:
    app = sound(opened(PAGE, part="next", text=SENTENCE))
    n = len(viz_core.load("tiny-gpt").token_ids(SENTENCE))
    assert f"values of one position, not of all {n + 1}. Its own memory" in said(app)


@pytest.mark.parametrize(("model", "row"), [("tiny-bert", 2), ("tiny-bert", 4), ("tiny-gpt", 4)])
def test_the_lens_tells_the_largest_change_of_either_sign(model: str, row: int) -> None:
    app = sound(opened(PAGE, part="lens", model=model, text=SENTENCE, query=str(row)))
    reader = viz_core.load(model)
    recording = reader.record(SENTENCE, all_logits=True)
    found = lens_of(reader.transformer, recording, slice(row, row + 1))
    shares = found.final[:, 0]
    changes = shares[1:] - shares[:-1]
    jump = int(changes.abs().argmax())
    moves = "rises" if changes[jump] > 0 else "falls"
    assert f"most in L{jump}: it {moves} from {shares[jump]:.1%} to {shares[jump + 1]:.1%}." in said(app)
    itself = int(found.token_ids[-1, 0]) == int(recording.token_ids[row])
    title = figure(app, "lens-probability")
    assert ("the token itself" in title) == itself
    assert ("comes about" in title) == (not itself)


def test_neurons_that_are_shut_are_so_by_size() -> None:
    app = sound(opened(PAGE, part="feedforward", text=SENTENCE, layer="1", query="4"))
    model = viz_core.load("tiny-gpt")
    found = neurons_of(model.transformer, model.record(SENTENCE), 1)
    shut = int((found.hidden[4].abs() < 0.0005).sum()) / found.hidden.shape[1]
    assert f"{shut:.0%} put out less than 0.0005 in size" in said(app)
    squares = sorted(((found.hidden[4] * found.writes) ** 2).tolist(), reverse=True)
    half = next(count for count in range(1, len(squares)) if sum(squares[:count]) >= sum(squares) / 2)
    assert f"{half} neurons make up half" in said(app)
    assert "row of W₂" in said(app)


def test_both_histograms_of_components_have_keys_that_are_no_words() -> None:
    app = sound(opened(PAGE, part="norm", text=SENTENCE))
    assert figure(app, "components-before")
    assert figure(app, "components-after")


def test_the_lens_says_from_which_layer_the_answer_leads() -> None:
    app = sound(opened(PAGE, part="lens", text=SENTENCE, query="2"))
    model = viz_core.load("tiny-gpt")
    ids = lens_of(model.transformer, model.record(SENTENCE), slice(2, 3)).token_ids[:, 0].tolist()
    since = next(step for step in range(len(ids)) if len(set(ids[step:])) == 1)
    label = model.labels([ids[-1]])[0].removeprefix("·")
    assert f"After “bit” the model says “{label}”" in said(app).replace("\\", "")
    leads = "Only the last layer puts it first" if since == len(ids) - 1 else f"It leads from **L{since - 1}** on"
    assert leads in said(app)


@pytest.mark.parametrize("start", ["xavier", "gpt2", "nonsense"])
def test_both_wirings_are_told_the_right_way_round(start: str) -> None:
    app = sound(opened(PAGE, part="wiring", text=SENTENCE, start=start, depth="9"))
    assert r"normalises the sum: $\mathrm{LN}(x + f(x))$" in said(app)
    assert ("the wiring makes little difference" in said(app)) == (start == "gpt2")
    assert "After 8 blocks" in said(app)
    assert ("**no clear trend** shows: in the stacks of 8" in said(app)) == (start != "gpt2")
