"""The page "Beyond weights" through AppTest: every part on every kind of model, what an address may say, its words."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

import viz_core
from tests.models.checkpoints import saved
from tests.pages.test_pages import ROOT, SENTENCE, drawn, opened
from tests.pages.test_variants import bundle
from viz_core.analysis.contributions import direct_effects
from viz_core.analysis.flow import flows
from viz_core.analysis.gradients import head_totals
from viz_core.analysis.predictions import change_of
from viz_core.analysis.ranks import spearman
from viz_core.analysis.rollout import first_if_even, mean_weights, rollout, with_residual
from viz_core.edits import Edits
from viz_core.models import Model, UnusableText, bundled
from viz_core.ui import show, store, whatif
from viz_core.ui.questions.beyond_weights import gradient
from viz_core.ui.questions.beyond_weights import rollout as rollout_part
from viz_core.ui.questions.beyond_weights.side_by_side import agreement_of, furthest_apart, rank_of, tied
from viz_core.ui.show import number

PAGE = "pages/beyond_weights.py"
PARTS = ["rollout", "gradient", "direct", "absence", "compared"]
DEFAULT = "The little dog chased the red ball. The little dog chased the red"


def words(app: AppTest) -> str:
    """All that is written, without Markdown's backslashes."""
    said = [element.value for kind in (app.markdown, app.caption, app.info) for element in kind]
    return "\n".join(said).replace("\\", "").replace("\u2060", "")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert", "positions-alibi"])
@pytest.mark.parametrize("text", [SENTENCE, "x", "The dog <mask> the man <mask>"])
def test_every_part_on_every_reader(part: str, name: str, text: str) -> None:
    app = opened(PAGE, part=part, model=name, text=text)
    assert not app.exception
    assert not app.error
    assert drawn(app) > 0
    assert "Does not say" in words(app)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "settings",
    [
        {"norm_place": "post"},
        {"n_kv_head": 2, "norm": "rmsnorm", "activation": "swiglu", "bias": False},
        {"n_layer": 1, "positions": "alibi"},
        {"n_head": 1, "tied": False, "n_layer": 1},
    ],
    ids=str,
)
def test_every_part_on_odd_shapes(part: str, settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    app = opened(PAGE, part=part, model=name, text="a dog")
    assert not app.exception
    assert not app.error
    said = words(app)
    post = settings.get("norm_place") == "post"
    assert ("direct effects on a logit are not defined" in said) == (post and part in {"direct", "compared"})
    assert drawn(app) > 0 or (post and part == "direct")
    if part == "rollout":
        assert ("has a single layer" in said) == (settings.get("n_layer") == 1)
    if settings.get("n_head") == 1 and part == "compared":
        assert "no order to compare" in said


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "address",
    [
        {"through": "99", "predicted": "99", "of_token": "abc", "gradient_of": "x", "absence": "y", "instead": "z"},
        {"through": "x", "predicted": "-1", "of_token": "-1"},
        {"through": "nan", "predicted": "²", "of_token": "99999999999999999999"},
        {"layer": "99", "head": "99", "query": "99", "key": "99"},
    ],
    ids=str,
)
def test_what_an_address_may_say(part: str, address: dict[str, str]) -> None:
    app = opened(PAGE, part=part, text=SENTENCE, **address)
    assert not app.exception
    assert drawn(app) > 0
    assert words(app) == words(opened(PAGE, part=part, text=SENTENCE))


# -- what is said ------------------------------------------------------------------------------------------


def test_rollout_and_flow_are_said_with_their_numbers() -> None:
    model = viz_core.load("tiny-gpt")
    recording = model.record(DEFAULT)
    layers = [mean_weights(block.attention) for block in recording.blocks[:3]]
    row = 8
    rolled, flow = rollout(layers)[row], flows(with_residual(torch.stack(layers)), row)
    said = words(opened(PAGE, text=DEFAULT, through="2", query=str(row)))
    token = int(rolled.argmax())
    assert f"Rollout gives most to “{recording.tokens[token].strip('·')}” (token {token})" in said
    assert show.share(float(rolled[token])) in said
    assert f"add up to {float(flow.sum()):.2f}" in said
    assert f"{int((flow >= 0.9).sum())} of 9 have 90% or more" in said
    assert "one way to each token: flow and rollout are the same" in words(opened(PAGE, text=DEFAULT, through="0"))


def test_a_long_row_has_no_flow() -> None:
    with patch.object(rollout_part, "LONGEST", 4):
        app = opened(PAGE, text=SENTENCE)
    assert "Flow is found for at most 4 tokens" in words(app)
    assert "add up to" not in words(app)


def test_gradients_are_the_models() -> None:
    model = viz_core.load("tiny-gpt")
    token = int(model.record(DEFAULT).logits[-1].argmax())
    found = model.gradients(DEFAULT, -1, token)
    totals = head_totals(found)
    cell = divmod(int(found[1][4].abs().argmax()), found[1][4].shape[1])
    said = words(opened(PAGE, part="gradient", text=DEFAULT, layer="1", head="4"))
    largest = divmod(int(totals.size.argmax()), 6)
    assert f"most goes through L{largest[0]}·H{largest[1]} ({number(float(totals.size[largest]))} logits" in said
    assert f"(token {cell[0]}) looking at" in said
    assert show.signed(float(found[1][4][cell])) in said
    assert f"add up to {show.signed(float(totals.net[1, 4]))}" in said


def test_a_head_without_a_way_to_the_prediction_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose rows of W_O are 0."""
    name = bundle(tmp_path, n_layer=2)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    model = viz_core.load(name)
    with torch.no_grad():
        model.transformer.block(1).attention.output.weight[:, :4] = 0
    assert model.tokenizer is not None
    bundled.save(tmp_path / name, model.transformer, model.tokenizer.backend)
    said = words(opened(PAGE, part="gradient", model=name, text="a dog", layer="1", head="0"))
    assert "L1·H0 has no way to this prediction" in said
    assert "has no way" not in words(opened(PAGE, part="gradient", model=name, text="a dog", layer="1", head="1"))


def test_direct_effects_sum_to_the_chosen_logit() -> None:
    """Of the second likeliest token, at a row inside the text."""
    model, row = viz_core.load("tiny-gpt"), 4
    recording = model.record(DEFAULT, all_logits=True)
    token = int(recording.logits[row].topk(2).indices[1])
    direct = direct_effects(model.transformer, recording, row, token)
    app = opened(PAGE, part="direct", text=DEFAULT, predicted=str(row), of_token=str(token))
    assert app.selectbox(key="setting-of_token").value == str(token)
    said = words(app)
    assert f"the model's own logit, {number(float(recording.logits[row, token]))}, by" in said
    assert show.signed(float(direct.heads.max())) in said
    assert show.signed(float(direct.feed_forward.sum())) in said


@pytest.mark.parametrize("instead", ["zero", "mean"])
def test_every_head_off_is_that_of_a_run(instead: str) -> None:
    model, place, row = viz_core.load("tiny-gpt"), (2, 0), 7
    edits = Edits(ablated=frozenset({place}), instead=instead)
    before, after = (model.record(DEFAULT, each, all_logits=True).logits[row] for each in (Edits(), edits))
    size = change_of(before, after, 5).divergence
    address = {"predicted": str(row), "instead": instead, "layer": "2", "head": "0"}
    said = words(opened(PAGE, part="absence", text=DEFAULT, **address))
    assert f"KL divergence {whatif.size_of(size)} nats" in said
    assert f"comes after “{model.record(DEFAULT).tokens[row].strip('·')}” (token {row})" in said
    table = words(opened(PAGE, part="compared", text=DEFAULT, **address))
    assert f"| KL without it, nats | {number(size)} |" in table.replace("−", "-")


def test_a_choice_of_another_row_is_dropped() -> None:
    """A token that is likely after one row need not be after another."""
    app = opened(PAGE, part="gradient", text=DEFAULT)
    app.selectbox(key="setting-of_token").set_value(app.selectbox(key="setting-of_token").options[5].split()[0])
    likely = app.selectbox(key="setting-of_token").options
    app = opened(PAGE, part="gradient", text=DEFAULT, predicted="0")
    assert app.selectbox(key="setting-of_token").options != likely
    assert not app.exception


def test_a_large_model_is_measured_when_asked_and_stays_asked() -> None:
    text = "A dog bit two men"
    with patch.object(gradient, "AT_ONCE", 1.0), patch.object(rollout_part, "AT_ONCE", 1):
        for part, kind in (("rollout", "flow"), ("gradient", "gradients"), ("absence", "heads off")):
            app = opened(PAGE, part=part, text=text)
            assert not app.exception
            before = drawn(app)
            app.button(key=f"ask-{kind}").click().run()
            assert not app.exception
            assert f"ask-{kind}" not in [button.key for button in app.button]
            assert drawn(app) > before or part == "rollout"
        app.selectbox(key="setting-predicted").set_value("1").run()
        assert "ask-heads off" not in [button.key for button in app.button], "asked once is enough"


def test_a_model_that_runs_by_its_own_code(tmp_path: Path) -> None:
    """All but direct effects, and the same numbers as from a run of its own."""
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    network = GPTNeoXForCausalLM(GPTNeoXConfig(vocab_size=4096, initializer_range=0.4, **shape))
    network.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes((ROOT / "assets/models/tiny-gpt/tokenizer.json").read_bytes())
    model = viz_core.load(str(tmp_path))
    assert not model.own
    for part in PARTS:
        app = opened(PAGE, part=part, model=str(tmp_path), text=SENTENCE, layer="1", head="2")
        assert not app.exception, part
        assert not app.error, part
        assert ("runs by its own code" in words(app)) == (part in {"direct", "compared"})
    before, after = (
        model.record(SENTENCE, edits).logits[-1] for edits in (Edits(), Edits(ablated=frozenset({(1, 2)})))
    )
    size = change_of(before, after, 5).divergence
    said = words(opened(PAGE, part="compared", model=str(tmp_path), text=SENTENCE, layer="1", head="2"))
    kept = re.search(r"\| KL without it, nats \| ([0-9.]+) \|", said)
    assert kept
    assert float(kept[1]) == pytest.approx(size, rel=1e-3)


def places(app: AppTest) -> list[str]:
    """What stands on the page from top to bottom: "plotly_chart", or words."""

    def walked(block: Any) -> Iterator[str]:
        for child in block.children.values():
            if hasattr(child, "children"):
                yield from walked(child)
            else:
                yield child.type if child.type == "plotly_chart" else str(getattr(child, "value", ""))

    return list(walked(app.main))


@pytest.mark.parametrize("part", PARTS)
def test_pictures_come_before_what_they_are(part: str) -> None:
    found = places(opened(PAGE, part=part, text=SENTENCE))
    first = found.index("plotly_chart")
    assert any("Does not say" in words for words in found[first:])
    assert not any("Does not say" in words or "$" in words for words in found[:first])


def figure(app: AppTest, title: str) -> dict[str, Any]:
    drawn_figures = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return next(found for found in drawn_figures if title in found["layout"]["title"]["text"])


def test_colours_of_rollout_end_at_the_largest_share_off_the_first_column() -> None:
    model, row = viz_core.load("tiny-gpt"), 8
    recording = model.record(DEFAULT)
    rolled = rollout([mean_weights(block.attention) for block in recording.blocks])
    highest = float(rolled[:, 1:].max())
    app = opened(PAGE, text=DEFAULT, query=str(row))
    drawn_map = figure(app, "Rollout through layers 0–3")
    assert drawn_map["data"][-1]["zmax"] == pytest.approx(highest)
    assert f"darkest from {number(highest)} on" in drawn_map["layout"]["title"]["text"]
    even = first_if_even([block.attention.allowed for block in recording.blocks])
    wanted = f"Token {row} has {show.share(float(rolled[row, 0]))} of it; were every head to look evenly"
    assert wanted in words(app)
    assert f"it would have {show.share(float(even[row]))}." in words(app)
    assert "first column is dark" not in words(opened(PAGE, text=SENTENCE, model="tiny-bert"))
    assert "first column is dark" not in words(opened(PAGE, text="x"))


def test_flow_has_a_figure_of_its_own() -> None:
    app = opened(PAGE, text=SENTENCE)
    assert [line["name"] for line in figure(app, "has of each token")["data"]] == ["rollout", "weights of L3 alone"]
    assert [line["name"] for line in figure(app, "could flow to it")["data"]] == ["flow"]


def test_where_no_absence_changes_anything_nothing_is_said_to_move() -> None:
    """The mean over a single token is the token's own context."""
    said = words(opened(PAGE, part="absence", text="x", instead="mean"))
    assert "No head's absence changes the prediction." in said
    assert "stays where it is, whichever head is off" in said
    assert "moves most" not in said
    assert "hold it back" not in said


def test_a_single_head_is_not_compared_with_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, n_head=1, n_layer=1)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    said = words(opened(PAGE, part="absence", model=name, text="a dog"))
    assert "Without its one head" in said or "No head's absence" in said
    assert "Of 1 heads" not in said


@pytest.mark.parametrize("part", ["absence", "compared"])
def test_a_mean_over_the_text_holds_what_comes_later(part: str) -> None:
    later = "later tokens included"
    assert later in words(opened(PAGE, part=part, text=SENTENCE, instead="mean", predicted="1"))
    assert later not in words(opened(PAGE, part=part, text=SENTENCE, instead="zero", predicted="1"))


def test_what_direct_effects_are_of_holds_all_that_the_bars_add_up() -> None:
    said = words(opened(PAGE, part="direct", text=SENTENCE))
    assert "its position's" in said
    assert "output bias $b_O$" in said
    assert "has a direct effect of 0" not in said


# -- gradients: one pass, one place, and an end ------------------------------------------------------------


def test_gradients_are_computed_once_for_every_layer_and_part() -> None:
    text = "A dog saw three red balls"
    with patch.object(Model, "gradients", autospec=True, side_effect=Model.gradients) as passes:
        for address in ({"layer": "0"}, {"layer": "2"}, {"gradient_of": "layer"}):
            opened(PAGE, part="gradient", text=text, **address)
        opened(PAGE, part="compared", text=text)
    assert passes.call_count == 1


def test_gradients_too_large_to_keep_are_kept_a_layer_at_a_time() -> None:
    """And say the same."""
    text, address = "Two dogs saw three red balls", {"layer": "1", "head": "2"}
    with patch.object(store.shelves().gradients, "most", 1):
        app = opened(PAGE, part="gradient", text=text, **address)
        assert not app.exception
        model = store.model("tiny-gpt")
        token = int(model.record(text).logits[-1].argmax())
        row = len(model.token_ids(text)) - 1
        assert store.shelves().gradients.get((model.name, model.revision, text, row, token)) is None
        kept = store.kept_gradients(model, text, row, token, 1)
        assert kept is not None
        assert torch.equal(kept, model.gradients(text, row, token)[1])
        assert store.kept_gradients(model, text, row, token, 0) is None
    store.shelves.clear()
    assert words(app) == words(opened(PAGE, part="gradient", text=text, **address))


@pytest.mark.parametrize("part", ["gradient", "compared"])
def test_large_gradients_wait_until_they_are_asked_for(part: str) -> None:
    text = f"A large dog saw three red balls, {part}"
    with patch.object(gradient, "LIGHT", 1):
        app = opened(PAGE, part=part, text=text)
        assert not app.exception
        assert drawn(app) == 0
        app.button(key="ask-gradients").click().run()
        assert drawn(app) > 0


@pytest.mark.parametrize("part", ["gradient", "compared"])
def test_gradients_that_do_not_fit_are_said_in_words(part: str) -> None:
    reason = "Gradients of 7 tokens take more memory than there is."
    with patch.object(Model, "gradients", side_effect=UnusableText(reason)):
        app = opened(PAGE, part=part, text="A small dog saw three red balls")
    assert not app.exception
    assert reason in words(app)
    assert "Does not say" in words(app)


def test_a_whole_pass_is_no_finding(tmp_path: Path) -> None:
    """Findings share two threads, and must not wait for a model."""
    folder, row = saved(tmp_path, "llama"), 1
    app = opened(PAGE, part="gradient", model=str(folder), text=SENTENCE, predicted=str(row))
    assert not app.exception
    model = store.model(str(folder))
    key = ("logits at", model.name, model.revision, SENTENCE, row)
    assert store.shelves().findings.get(key) is None
    wanted = model.record(SENTENCE, all_logits=True).logits[row]
    torch.testing.assert_close(store.measured(key), wanted)


# -- comparing measures ------------------------------------------------------------------------------------


def test_ranks_of_heads_by_size() -> None:
    values = torch.tensor([[1.0, -3.0], [2.0, torch.nan]])
    assert rank_of(values, (0, 1)) == (1, 3)
    assert rank_of(values, (1, 0)) == (2, 3)
    assert rank_of(values, (0, 0)) == (3, 3)


def test_heads_of_one_size_are_tied() -> None:
    values = torch.tensor([[1.0, -3.0], [3.0, torch.nan]])
    assert tied(values, (0, 1)) == 1
    assert tied(values, (0, 0)) == 0
    said = words(opened(PAGE, part="compared", text=DEFAULT, predicted="0"))
    assert "| largest weight at this row | 1 | all 24 the same |" in said
    assert "by its largest weight it is number" not in said


def test_agreement_is_of_sizes_over_the_heads_there_are() -> None:
    one = torch.tensor([[1.0, -3.0], [2.0, torch.nan]])
    assert agreement_of(one, torch.tensor([[-0.1, 0.5], [0.2, 9.0]])) == pytest.approx(1)
    assert agreement_of(one, torch.tensor([[0.3, 0.1], [0.2, 9.0]])) == pytest.approx(-1)


def test_the_head_two_measures_disagree_on_most() -> None:
    one, other = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 4.0], [2.0, 3.0]])
    assert furthest_apart(one, other) == (0, 1)


def test_what_is_said_of_agreement_is_computed() -> None:
    model = viz_core.load("tiny-gpt")
    recording = model.record(DEFAULT)
    token = int(recording.logits[-1].argmax())
    sizes = head_totals(model.gradients(DEFAULT, -1, token)).size.flatten()
    direct = direct_effects(model.transformer, recording, -1, token).heads.abs().flatten()
    said = words(opened(PAGE, part="compared", text=DEFAULT))
    rho = f"{spearman(direct, sizes):.2f}"
    assert re.search(rf"\| gradient \| [−0-9.]+ \| {rho} \|", said)
    largest = np.array([block.attention.weights[:, -1].amax(-1).numpy() for block in recording.blocks])
    assert f"| largest weight at this row | {number(float(largest[1, 4]))} |" in said
