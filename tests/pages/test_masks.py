"""The page "Masks": what it says is true of the model and text, also of odd ones, and nothing raises."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import viz_core
from tests.models.checkpoints import saved
from tests.pages.test_pages import SENTENCE, drawn, opened
from tests.pages.test_variants import VARIANTS, bundle
from viz_core import masks
from viz_core.analysis import masking
from viz_core.analysis.leakage import probability_of_next
from viz_core.edits import Cells, Edits
from viz_core.models import bundled
from viz_core.ui.mechanism.masks import painted
from viz_core.ui.mechanism.masks.kinds import _MAKERS
from viz_core.ui.show import number

PAGE = "pages/masks.py"
PARTS = ["lab", "leak", "three", "dropout"]
LONG = "The little dog chased the red ball over the hill. " * 6


def said(app) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.info])


def shown(**address: str):
    app = opened(PAGE, **address)
    assert not app.exception
    assert not app.error
    assert drawn(app) > 0
    return app


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert", "positions-alibi", "positions-none"])
@pytest.mark.parametrize("text", [SENTENCE, "x", LONG], ids=["short", "one token", "long"])
def test_every_part_draws(part: str, model: str, text: str) -> None:
    shown(part=part, model=model, text=text)


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_every_part_draws_every_variant(settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    for part in PARTS:
        shown(part=part, model=name, text="a dog", mask="window", window="1")


@pytest.mark.parametrize("kind", list(_MAKERS))
@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert"])
@pytest.mark.parametrize("text", [SENTENCE, "x"])
def test_every_kind_draws(kind: str, model: str, text: str) -> None:
    shown(mask=kind, model=model, text=text)


# -- the lab ---------------------------------------------------------------------------------------------------


def test_a_window_is_told_in_numbers() -> None:
    app = shown(text=SENTENCE, mask="window", window="2", query="4")
    n = len(viz_core.load("tiny-gpt").token_ids(SENTENCE))
    cells = 2 * n - 1
    assert f"**{cells} of {n * n} cells**" in said(app)
    assert f"{cells / (n * (n + 1) / 2):.1%} of the causal triangle" in said(app)
    assert f"this pattern would leave {1999 / 1_000_000:.1%}" in said(app)
    assert "looks at 2 tokens in such a layer; through all 4 layers, 5 of the" in said(app)
    assert "KL divergence" in said(app)


def test_the_prediction_is_that_of_a_run_under_the_mask() -> None:
    app = shown(text=SENTENCE, mask="window", window="2")
    model = viz_core.load("tiny-gpt")
    n = len(model.token_ids(SENTENCE))
    after = model.record(SENTENCE, Edits(allowed=Cells.of(masks.sliding_window(n, 2)))).logits[-1]
    before = model.record(SENTENCE).logits[-1]
    logs = [torch.log_softmax(logits.double(), -1) for logits in (before, after)]
    assert f"KL divergence {number(float((logs[0].exp() * (logs[0] - logs[1])).sum()))} nats" in said(app)


def test_a_window_wider_than_the_text_leaves_out_nothing() -> None:
    app = shown(text=SENTENCE, mask="window", window="1000")
    assert "The window covers the whole text" in said(app)
    assert "Nothing is changed yet" in said(app)
    n = len(viz_core.load("tiny-gpt").token_ids(SENTENCE))
    assert "The window covers the whole text" in said(shown(text=SENTENCE, mask="window", window=str(n)))
    assert "The window covers" not in said(shown(text=SENTENCE, mask="window", window=str(n - 1)))


def test_a_window_of_an_encoder_counts_to_each_side() -> None:
    app = shown(model="tiny-bert", text=LONG, mask="window", window="4")
    assert "2w − 1 tokens" in said(app)
    assert "looks at 7 tokens in such a layer" in said(app)
    assert "Mistral 7B v0.1 has a window of 4,096" in said(shown(text=LONG, mask="window", window="4"))


def test_scores_of_0_are_told_for_the_chosen_row() -> None:
    for model in ("tiny-gpt", "tiny-bert"):
        assert "“bit” (2) **1/3 = 33.3%**" in said(shown(model=model, text=SENTENCE, mask="causal", query="2"))


def test_rows_that_see_nothing_are_named() -> None:
    app = shown(text=SENTENCE, mask="padding", padded="2")
    assert "**2 rows may look nowhere**" in said(app)
    assert "weights and context are set to 0" in said(app)
    assert "only for the decoder is a common mistake" in said(app)


def test_a_mask_lifted_says_how_much_goes_ahead() -> None:
    app = shown(text=SENTENCE, mask="none", layer="1", head="2")
    model = viz_core.load("tiny-gpt")
    n = len(model.token_ids(SENTENCE))
    run = model.record(SENTENCE, Edits(allowed=Cells.of(masks.full(n, n))))
    ahead = float(run.blocks[1].attention.weights[2].triu(1).sum(-1).mean())
    assert f"gives {ahead:.0%} of its weight to later tokens" in said(app)


def test_an_encoder_says_it_has_no_causal_mask() -> None:
    assert "it has no causal mask" in said(shown(model="tiny-bert", text=SENTENCE))
    causal = shown(model="tiny-bert", text=SENTENCE, mask="causal")
    assert "never trained with a causal mask" in said(causal)
    assert "would leave" in said(shown(model="tiny-bert", text=SENTENCE, mask="window"))


def test_one_token_has_nothing_to_mask() -> None:
    assert "nothing to mask" in said(shown(text="x"))
    assert "no earlier prediction" in said(shown(text="x", part="leak"))


def test_a_painted_mask_is_in_the_address() -> None:
    n = len(viz_core.load("tiny-gpt").token_ids(SENTENCE))
    allowed = masks.causal(n).clone()
    allowed[n - 1] = False
    allowed[0, 1] = True
    app = shown(text=SENTENCE, mask="painted", cells=painted.written(allowed))
    assert f"**{n * (n + 1) // 2 - n + 1} of {n * n} cells**" in said(app)
    assert "**1 row may look nowhere**" in said(app)
    assert " of the causal triangle and 1 above it" in said(app)


def figures_weights(app) -> np.ndarray:
    """The weights that Plotly is told to draw, [query, key]."""
    spec = next(chart.proto.spec for chart in app.get("plotly_chart") if chart.proto.id.endswith("-weights-figure"))
    drawn = [trace["z"] for trace in json.loads(spec)["data"]]
    z = next(z for z in drawn if z["dtype"] == "f4")  # not of the forbidden cells
    rows, columns = map(int, z["shape"].split(","))
    return np.nan_to_num(np.frombuffer(base64.b64decode(z["bdata"]), "f4").reshape(rows, columns))


def test_every_mask_is_drawn_with_its_own_weights() -> None:
    """One session, one name of the mask, one head: other cells, then the same cells in other heads too."""
    model = viz_core.load("tiny-gpt")
    n = len(model.token_ids(SENTENCE))
    first, second = masks.causal(n).clone(), masks.causal(n).clone()
    first[4, 1] = second[4, 2] = False
    app = shown(text=SENTENCE, layer="2", head="1", mask="painted", cells=painted.written(first))
    for allowed, scope, at in (
        (first, "all", None),
        (second, "all", None),
        (second, "head", frozenset({(2, 1)})),
        (second, "layer", frozenset((2, head) for head in range(6))),
        (first, "head", frozenset({(2, 1)})),
    ):
        app.query_params["cells"] = painted.written(allowed)
        app.query_params["set_in"] = scope
        app.run()
        assert not app.exception
        run = model.record(SENTENCE, Edits(allowed=Cells.of(allowed), at=at))
        wanted = run.blocks[2].attention.head(1).weights[0].numpy()
        assert np.allclose(figures_weights(app), wanted, atol=1e-5)


@pytest.mark.parametrize(
    "cells", ["", "5", "7.", "x.AAAA", "5.!!!!", "4.AA", "5.안녕", "5.AAAA%00", "5." + "A" * 3_990, "²5.AAAA"]
)
def test_what_is_no_painted_mask_opens_with_the_models_own(cells: str) -> None:
    app = shown(text="The dog bit the man", mask="painted", **({"cells": cells} if cells else {}))
    assert "Nothing is changed yet" in said(app)
    assert "painted" in said(app)


def test_a_text_too_long_to_paint_says_so() -> None:
    app = shown(text=LONG, mask="painted", cells="5.AAAA")
    assert f"a mask is painted by hand up to {painted.MOST}" in said(app)


@pytest.mark.parametrize("n", [1, 2, 7, 18, 64])
def test_painted_masks_come_back(n: int) -> None:
    allowed = torch.rand(n, n) < 0.5
    text = painted.written(allowed)
    back = painted.read(text, n)
    assert back is not None
    assert torch.equal(back, allowed)
    assert painted.read(text, n + 1) is None
    assert len(text) < 4_000


@pytest.mark.parametrize("everyone", ["0-3", "none", "99", "x", "-", "3-3-3", "9" * 3_000])
def test_global_tokens_of_an_address(everyone: str) -> None:
    shown(text=SENTENCE, mask="global", everyone=everyone)


@pytest.mark.parametrize(
    "address",
    [
        {"mask": "nonsense"},
        {"mask": "window", "window": "-3"},
        {"mask": "dilated", "window": "nan", "gap": "1e99"},
        {"mask": "padding", "padded": "99", "side": "middle"},
        {"part": "dropout", "rate": "2", "seed": "-1"},
        {"part": "leak", "replaced": "99", "by": " "},
        {"part": "leak", "replaced": "²", "by": "\x00"},
        {"set_in": "everything"},
    ],
    ids=str,
)
def test_mistyped_addresses_open(address: dict) -> None:
    shown(text=SENTENCE, **address)


# -- leakage ---------------------------------------------------------------------------------------------------


def test_nothing_leaks_under_the_causal_mask() -> None:
    app = shown(part="leak", text=SENTENCE, by=" cat")
    n = len(viz_core.load("tiny-gpt").token_ids(SENTENCE))
    assert "becomes “cat”" in said(app)
    assert f"the largest change in the {n - 1} predictions before it is **0**" in said(app)
    assert f"{n - 1} of {n - 1} change" in said(app)


def test_tokens_that_differ_in_a_blank_alone_are_told_apart() -> None:
    app = shown(part="leak", text="이 영화는 정말 재미있어요. 배우들의 연기가", replaced="7")
    options = app.selectbox(key="setting-by").options
    assert {"'연기'", "' 연기'"} <= set(options)
    assert len(options) == len(set(options))


@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert"])
def test_every_token_in_turn(model: str) -> None:
    plain = shown(part="leak", model=model, text=SENTENCE)
    app = shown(part="leak", model=model, text=SENTENCE, every="1")
    assert drawn(app) == drawn(plain) + 2
    assert "With the causal mask the largest of those 10 changes is **0** nats; without it 10 are above 0" in said(app)
    assert "can also replace every token in turn" in said(shown(part="leak", model=model, text=LONG, every="1"))


def test_one_head_is_enough_to_leak() -> None:
    assert "4 of 4 change" in said(shown(part="leak", text=SENTENCE, set_in="head", layer="0", head="0"))


def test_a_word_of_several_tokens_says_which_is_put_in() -> None:
    app = shown(part="leak", text=SENTENCE, by="Rumpelstiltskin")
    assert "tokens here; one of them, “" in said(app)


def test_an_encoder_is_told_apart() -> None:
    app = shown(part="leak", model="tiny-bert", text=SENTENCE)
    assert "must not depend" not in said(app)
    assert "must not depend" in said(shown(part="leak", text=SENTENCE))
    assert r"\text{row } i \text{ guesses token } i" in app.latex[0].value
    assert r"predicts token } i+1" in shown(part="leak", text=SENTENCE).latex[0].value
    assert "An encoder has no causal mask, and needs none." in said(app)
    assert "before it is **0**" in said(app)


def test_hidden_words_can_be_replaced() -> None:
    shown(part="leak", model="tiny-bert", text="The <mask> bit the <mask>")


# -- three ways ------------------------------------------------------------------------------------------------


def test_the_three_ways_in_numbers() -> None:
    app = shown(part="three", text=SENTENCE, layer="1", head="4")
    record = viz_core.load("tiny-gpt").record(SENTENCE).blocks[1].attention.head(4)
    n = len(record.weights[0])
    three = masking.three_ways(record, masks.causal(n))
    assert f"Rows sum to {float(three.after.sum(-1).mean()):.2f} on average" in said(app)
    assert f"gives **{float(three.zeroed.triu(1).sum(-1).max()):.1%}** to the" in said(app)
    assert f"{n - 1}/{n}" in said(app)
    assert drawn(app) == 3


def test_one_later_token_is_one() -> None:
    app = shown(part="three", text="a b")
    assert len(viz_core.load("tiny-gpt").token_ids("a b")) == 2
    assert "to the 1 token after it" in said(app)


def test_the_three_ways_on_an_encoder_are_a_what_if() -> None:
    assert "the causal triangle is a what-if here" in said(shown(part="three", model="tiny-bert", text=SENTENCE))


# -- dropout ---------------------------------------------------------------------------------------------------


def test_dropout_in_numbers() -> None:
    app = shown(part="dropout", text=SENTENCE, rate="0.5", seed="3", layer="1", head="4")
    run = viz_core.load("tiny-gpt").record(SENTENCE, Edits(dropout=0.5, seed=3)).blocks[1].attention
    assert run.kept is not None
    n = run.kept.shape[-1]
    gone = int((run.kept[4][masks.causal(n)] == 0).sum())
    assert f"drops {gone} of the {n * (n + 1) // 2} weights" in said(app)
    assert "multiplies the others by 2" in said(app)
    assert "over 400 seeds" in said(app)


def test_a_rate_of_zero_drops_nothing() -> None:
    app = shown(part="dropout", text=SENTENCE, rate="0")
    assert "nothing is dropped" in said(app)
    assert "Nothing is changed yet" in said(app)


# -- models with masks of their own -----------------------------------------------------------------------------

AGAIN = "The dog bit the man again"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """mistral has a window of 4 in every layer; gemma2 in layers 0 and 2, and none in layer 1."""
    root = tmp_path_factory.mktemp("windows")
    return {name: str(saved(root, name)) for name in ("mistral", "gemma2")}


def lines_of(app) -> dict[str, tuple[str, str]]:
    """Kind of mask → share of cells, and KL, as the table has them."""
    table = app.dataframe[0].value
    return {row["mask"]: (row["cells"], row["KL, nats"]) for _at, row in table.iterrows()}


def test_a_window_of_the_models_own_is_shown_as_it_is(folders: dict[str, str]) -> None:
    app = shown(model=folders["mistral"], text=AGAIN)
    cells = viz_core.load(folders["mistral"]).record(AGAIN).blocks[0].attention.allowed
    n = cells.shape[-1]
    assert f"**{int(cells.sum())} of {n * n} cells**" in said(app)
    assert "the whole causal triangle" not in said(app)
    assert "the model's own mask, the same in every layer" in said(app)
    assert "Nothing is changed yet" in said(app)
    lines = lines_of(app)
    share = f"{float(cells.float().mean()):.0%}"
    assert lines["as it is"] == (share, "0")
    assert lines["window, w = 4"] == (share, "0"), "its own, by another name"
    assert float(lines["causal"][1]) > 0
    assert not any("(as it is)" in name for name in lines)


def test_causal_is_a_change_to_a_model_with_windows(folders: dict[str, str]) -> None:
    app = shown(model=folders["mistral"], text=AGAIN, mask="causal", layer="0", head="0")
    assert "Nothing is changed yet" not in said(app)
    model = viz_core.load(folders["mistral"])
    n = len(model.token_ids(AGAIN))
    wanted = model.record(AGAIN, Edits(allowed=Cells.of(masks.causal(n)))).blocks[0].attention.head(0).weights[0]
    assert np.allclose(figures_weights(app), wanted.numpy(), atol=1e-5)


def test_masks_that_differ_by_layer(folders: dict[str, str]) -> None:
    blocks = viz_core.load(folders["gemma2"]).record(AGAIN).blocks
    for layer, same in ((0, 2), (1, 1)):
        app = shown(model=folders["gemma2"], text=AGAIN, layer=str(layer))
        assert f"**{int(blocks[layer].attention.allowed.sum())} of" in said(app)
        assert f"with this mask: {same} of 3." in said(app)
        assert "Nothing is changed yet" in said(app)
        assert lines_of(app)["as it is"] == ("31% to 55%", "0")
        assert float(lines_of(app)["window, w = 4"][1]) > 0, "layer 1 has none of its own"
    here = shown(model=folders["gemma2"], text=AGAIN, layer="1", mask="causal", set_in="layer")
    assert "Nothing is changed yet" in said(here), "layer 1 is causal as it is"
    everywhere = shown(model=folders["gemma2"], text=AGAIN, layer="1", mask="causal")
    assert "its layers have different masks: here all of them get this one" in said(everywhere)


@pytest.mark.parametrize("kind", list(_MAKERS))
def test_every_kind_draws_where_layers_differ(kind: str, folders: dict[str, str]) -> None:
    app = shown(model=folders["gemma2"], text=AGAIN, mask=kind)
    assert ("Nothing is changed yet" in said(app)) == (kind in {"own", "painted"})


def test_lifting_the_causal_mask_leaves_a_shared_window(folders: dict[str, str]) -> None:
    app = shown(part="leak", model=folders["mistral"], text=AGAIN)
    assert "such as what lies outside a window, stays left out" in said(app)
    model = viz_core.load(folders["mistral"])
    own = model.record(AGAIN).blocks[0].attention.allowed
    lifted = Edits(allowed=Cells.of(own | torch.ones_like(own).triu(1)))
    ids = model.token_ids(AGAIN)
    right = probability_of_next(model.record(AGAIN, lifted, all_logits=True).logits, ids)
    assert f"{float(right.mean()):.1%} without it" in said(app)
    assert "it lifts those too" in said(shown(part="leak", model=folders["gemma2"], text=AGAIN))
    assert "stays left out" in said(shown(part="leak", model=folders["gemma2"], text=AGAIN, set_in="layer"))
    assert "window" not in said(shown(part="leak", text=SENTENCE))


def test_the_three_ways_say_that_a_window_is_left_out(folders: dict[str, str]) -> None:
    words = "leaves out more than the upper triangle"
    assert words in said(shown(part="three", model=folders["mistral"], text=AGAIN))
    assert words not in said(shown(part="three", text=SENTENCE))
