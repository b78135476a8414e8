"""The page "Many heads" through AppTest: every part on every kind of model, what its address may say, what it says."""

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import viz_core
from tests.pages.test_pages import SENTENCE, drawn, opened, read
from tests.pages.test_variants import bundle
from viz_core.analysis.ablation import effects_of_each, removed_in_order
from viz_core.analysis.predictions import change_of
from viz_core.edits import Edits
from viz_core.models import bundled
from viz_core.ui.mechanism.many_heads import heads
from viz_core.ui.mechanism.many_heads.off import _reading, by_role, parsed, written
from viz_core.ui.roles import Roles
from viz_core.ui.show import in_bytes, number

PAGE = "pages/many_heads.py"
PARTS = ["off", "needed", "concat", "own", "roles", "shared", "count"]


def words(app: AppTest) -> str:
    """All that is written, without Markdown's backslashes."""
    said = [element.value for kind in (app.markdown, app.caption, app.info) for element in kind]
    return "\n".join(said).replace("\\", "")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert", "formation"])
@pytest.mark.parametrize("text", [SENTENCE, "x", "The dog <mask> the man <mask>"])
def test_every_part_on_every_reader(part: str, name: str, text: str) -> None:
    app = opened(PAGE, part=part, model=name, text=text, off="0.0-1")
    assert not app.exception
    assert not app.error
    assert drawn(app) > 0


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "settings",
    [
        {"norm_place": "post"},
        {"n_kv_head": 2, "norm": "rmsnorm", "activation": "swiglu", "bias": False},
        {"n_kv_head": 1, "positions": "alibi"},
        {"n_head": 1, "tied": False},
        {"n_head": 14, "d_head": 2},
    ],
    ids=str,
)
def test_every_part_on_odd_shapes(part: str, settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    app = opened(PAGE, part=part, model=name, text="a dog", off="0.0")
    assert not app.exception
    assert not app.error
    said = words(app)
    assert drawn(app) > 0 or "read the same keys and values already" in said
    if part == "own":
        assert ("direct effects on a logit are not defined" in said) == (settings.get("norm_place") == "post")
    if part == "shared":
        kind = {2: "Grouped-query", 1: "Multi-query"}.get(settings.get("n_kv_head", 0), "Multi-head")
        if settings.get("n_head") != 1:
            assert f"**{kind}**" in said
    if part == "count":
        assert ("one head a layer" in said) == (settings.get("n_head") == 1)


# -- switching off -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "off"),
    [
        ("", set()),
        ("0.3-1.2", {(0, 3), (1, 2)}),
        ("1", {(1, head) for head in range(4)}),
        ("1-1.2-0.0", {(1, head) for head in range(4)} | {(0, 0)}),
        ("9.0-2.0-0.9-0.4-0.1-2", {(0, 1)}),
        ("x-1.-.2-²-0.1.2-99999999-1 ", set()),
    ],
)
def test_an_address_names_heads(text: str, off: set) -> None:
    assert parsed(text, 2, 4) == off
    assert parsed(written(parsed(text, 2, 4), 4), 2, 4) == off


def test_all_heads_of_a_large_model_fit_an_address() -> None:
    everything = frozenset((layer, head) for layer in range(48) for head in range(25))
    assert len(written(everything, 25)) < 200
    assert parsed(written(everything, 25), 48, 25) == everything


def test_presets_switch_and_light_up() -> None:
    app = opened(PAGE)
    assert "Nothing is changed yet." in words(app)
    app.button(key="preset-previous").click().run()
    assert dict(app.session_state["view"].settings)["off"] == "0.0-2.0"
    assert app.button(key="preset-previous").proto.type == "primary"
    app.button(key="preset-invert").click().run()
    off = parsed(dict(app.session_state["view"].settings)["off"], 4, 6)
    assert len(off) == 22
    assert not {(0, 0), (2, 0)} & off
    app.button(key="preset-all").click().run()
    assert "With every head off no token hears of another" in words(app)
    app.button(key="preset-none").click().run()
    assert "off" not in dict(app.session_state["view"].settings)
    assert not app.exception


def test_a_layer_of_another_model_is_dropped() -> None:
    app = opened(PAGE, model="formation", off="0.0-3.5")  # formation has 2 layers of 4 heads
    assert not app.exception
    assert "Switch off two heads or more" in words(app)


def test_with_every_head_off_earlier_tokens_play_no_part() -> None:
    """As the page says."""
    model = viz_core.load("tiny-gpt")
    everything = Edits(ablated=frozenset((layer, head) for layer in range(4) for head in range(6)))
    one, other = (model.record(text, everything).logits for text in ("The dog bit the", "A red ball and the"))
    assert np.allclose(one, other, atol=1e-4)


def test_what_off_means_is_said_and_can_be_chosen() -> None:
    """The numbers of each head alone and of the prediction are of what was chosen; 0 and mean differ by much here."""
    model, off = viz_core.load("tiny-gpt"), frozenset({(0, 0)})
    default = "The little dog chased the red ball. The little dog chased the red"
    before = model.record(default).logits[-1]
    for instead, said, size in (("zero", "zero ablation", 0.729), ("mean", "mean ablation", 0.357)):
        after = model.record(default, Edits(ablated=off, instead=instead)).logits[-1]
        divergence = change_of(before, after, 5).divergence
        assert divergence == pytest.approx(size, abs=1e-3)
        for part in ("off", "needed"):
            assert said in words(opened(PAGE, part=part, text=default, instead=instead))
        app = opened(PAGE, text=default, off="0.0", instead=instead)
        assert f"KL divergence {number(divergence)} nats" in words(app)
    said = words(opened(PAGE, part="off", text=default, off="0-1-2-3", instead="mean"))
    assert "no token hears of another" not in said
    assert "the text's mean" in said


@pytest.mark.parametrize(
    ("alone", "together", "says", "backup"),
    [
        (-1.0, -1.05, "nearly add up", False),
        (-1.0, -3.0, "falls by more", True),
        (-3.0, -1.0, "falls by less", False),
        (1.455, 2.676, "rises by more", False),
        (2.676, 1.455, "rises by less", False),
        (1.0, -1.0, "not even in its sign", False),
        (-1.0, 2.0, "not even in its sign", False),
    ],
)
def test_backup_heads_explain_falls_alone(alone: float, together: float, says: str, backup: bool) -> None:
    said = _reading(alone, together)
    assert says in said
    assert ("make up for one that is off" in said) == backup


def test_heads_are_switched_off_in_order() -> None:
    """The slider's default is what the words say, and the prediction there is that of a run without those heads."""
    text = "The little dog chased the red ball. The little dog chased the red"
    app = opened(PAGE, part="needed", text=text)
    model = viz_core.load("tiny-gpt")
    recording = model.record(text)
    order = effects_of_each(model.transformer, recording, -1).order()
    removal = removed_in_order(model.transformer, recording, -1, order)
    assert f"**{removal.halved()} of 24** least important heads" in words(app)
    assert f"stays likeliest up to {removal.kept()}." in words(app)
    after = model.record(text, Edits(ablated=frozenset(order[: removal.halved()]))).logits[-1]
    divergence = change_of(recording.logits[-1], after, 5).divergence
    assert f"KL divergence {number(divergence)} nats" in words(app)
    strongest = opened(PAGE, part="needed", text=text, first_off="strongest", heads_off="1")
    after = model.record(text, Edits(ablated=frozenset({order[-1]}))).logits[-1]
    assert f"KL divergence {number(change_of(recording.logits[-1], after, 5).divergence)} nats" in words(strongest)


def test_a_large_model_is_measured_when_asked() -> None:
    with patch.object(heads, "AT_ONCE", 1.0):
        app = opened(PAGE, text="A dog bit two men")
        assert not app.exception
        assert "preset-strongest" not in [button.key for button in app.button]
        app.button(key="ask-every head off").click().run()
        assert not app.exception
        assert "preset-strongest" in [button.key for button in app.button]


def test_roles_are_grouped_by_mark() -> None:
    stored = {"previous": [[0.9, 0.1], [0.1, 0.5]], "induction": [[0.0, 0.8], [0.2, 0.1]]}
    here = {role: torch.zeros(2, 2) for role in stored}
    assert by_role(Roles.of(stored, here)) == {"previous": {(0, 0), (1, 1)}, "induction": {(0, 1)}}


# -- numbers in words --------------------------------------------------------------------------------------


def test_the_papers_numbers_are_worked_out() -> None:
    said = words(opened(PAGE, part="count", counted="paper"))
    for count in ("32,768", "98,304", "786,432", "262,144", "1,048,576"):
        assert count in said
    assert "“512 dimensions × 8 heads = 98,304 weights.” 512 × 8 is 4,096; 98,304 = 3 × 512 × 64 are" in said
    said = words(opened(PAGE, part="count", counted="gpt3"))
    assert "A common mistake" not in said
    assert "12,288 × 128" in said
    assert "33%" in said


def test_the_loaded_models_count_is_that_of_its_tensors() -> None:
    said = words(opened(PAGE, part="count"))
    attention = viz_core.load("tiny-gpt").transformer.blocks[0].attention
    assert f"{sum(weight.numel() for weight in attention.parameters()):,}" in said


def test_shared_keys_of_known_models() -> None:
    said = words(opened(PAGE, part="shared", shape="llama"))
    assert "64 query heads in 8 groups" in said
    assert "327,680 bytes" in said
    assert "sliding window" not in said
    said = words(opened(PAGE, part="shared", shape="mistral"))
    assert "the last 4,096 alone, itself included" in said
    assert f"{32 * 4095:,} after 32" in said
    assert "Nothing is changed yet" in words(opened(PAGE, part="shared"))
    assert "KL divergence" in words(opened(PAGE, part="shared", kv_heads="1"))


@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert"])
def test_the_lead_over_the_runner_up_is_what_heads_add_to_at_first(model: str) -> None:
    said = words(opened(PAGE, part="own", model=model, text=SENTENCE))
    plain = words(opened(PAGE, part="own", model=model, text=SENTENCE, share_of="logit"))
    assert "the softmax sees differences alone" in said
    wanted = [text.split("the model's own number, ")[1].split(",")[0] for text in (said, plain)]
    reader = viz_core.load(model)
    view = opened(PAGE, part="own", model=model, text=SENTENCE).session_state["view"]
    row = view.query if view.query >= 0 else -1
    first, second = reader.record(SENTENCE, all_logits=True).logits[row].topk(2).values.tolist()
    assert wanted == [number(first - second), number(first)]


def test_bytes() -> None:
    assert [in_bytes(count) for count in (512, 327_680, 5 * 2**40)] == ["512\u00a0B", "320\u00a0KiB", "5\u00a0TiB"]


def test_parts_add_up_to_what_is_concatenated() -> None:
    said = words(opened(PAGE, part="concat"))
    assert "max |Δ| = **" in said
    assert read(said.split("max |Δ| = **")[1].split("**")[0]) < 1e-5
    assert "6 × 32 = 192" in said
    assert "96 × 128 = 12,288" in said


def test_the_mean_is_said_to_be_over_later_tokens_too() -> None:
    app = opened(PAGE, text=SENTENCE, part="off", instead="mean")
    assert not app.exception
    assert any("later tokens included" in caption.value for caption in app.caption)
