"""The page "Made cheaper", its parts FlashAttention and Fewer cells: what they say is true, also of odd models."""

import re
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

import viz_core
from tests.pages.test_pages import SENTENCE, drawn, opened
from tests.pages.test_variants import VARIANTS, bundle
from viz_core import masks
from viz_core.analysis.predictions import change_of
from viz_core.edits import Cells, Edits
from viz_core.efficiency import sparse, tiling
from viz_core.efficiency.tile_walk import MOST, tile_walk
from viz_core.models import bundled
from viz_core.ui import whatif
from viz_core.ui.mechanism.efficient.tables import large
from viz_core.ui.show import number, power, share

PAGE = "pages/efficient.py"
PARTS = ["tiles", "patterns"]
LONG = "The little dog chased the red ball over the hill. " * 18
REPEATED = "The little dog chased the red ball. The little dog chased the red"


def said(app: AppTest) -> str:
    return " ".join(element.value for kind in (app.markdown, app.caption, app.info, app.latex) for element in kind)


def shown(**address: str) -> AppTest:
    app = opened(PAGE, **address)
    assert not app.exception
    assert not app.error
    assert drawn(app) > 0
    return app


def table(app: AppTest) -> list[dict[str, str]]:
    return app.dataframe[0].value.to_dict("records")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert", "positions-rotary", "positions-alibi"])
@pytest.mark.parametrize("text", [SENTENCE, "x", LONG], ids=["short", "one token", "long"])
def test_every_part_draws(part: str, model: str, text: str) -> None:
    shown(part=part, model=model, text=text if "tiny" in model else text[:250])


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_every_part_draws_every_variant(settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    for part in PARTS:
        app = shown(part=part, model=name, text="a dog", layer="1", head="3", tile_rows="2", tile_keys="2", window="2")
    model = viz_core.load(name)
    weights = model.record("a dog").blocks[1].attention.head(3).weights[0]
    kept = sparse.kept(weights, masks.sliding_window(len(weights), 2))
    assert table(app)[1]["weight kept"] == share(kept.mean)


# -- tiles -----------------------------------------------------------------------------------------------------


def test_the_difference_is_the_computed_one() -> None:
    app = shown(text=SENTENCE, layer="1", head="2", tile_rows="2", tile_keys="1")
    record = viz_core.load("tiny-gpt").record(SENTENCE).blocks[1].attention.head(2)
    walk = tile_walk(record, 2, 1, 0)
    assert f"max |Δ| = {power(walk.differences.whole)} against the context from the whole matrix" in said(app)
    assert f"{power(walk.differences.fused)} against PyTorch's fused kernel" in said(app)
    assert f"{len(walk.skipped)} of {walk.tiles} tiles are wholly masked" in said(app)


def test_the_formula_holds_the_numbers_of_the_chosen_row() -> None:
    app = shown(text=REPEATED, layer="1", head="4", query="17", key="4", tile_rows="4", tile_keys="4")
    record = viz_core.load("tiny-gpt").record(REPEATED).blocks[1].attention.head(4)
    scores = record.masked_scores[0, 17]
    before, after = float(scores[:4].max()), float(scores[:8].max())
    assert after > before
    total = float(torch.exp(scores[:4] - before).sum())
    formula = app.latex[0].value
    assert rf"m' &= \max({before:.4g},\ {float(scores[4:8].max()):.4g}) = {after:.4g}" in formula
    assert rf"\cdot {total:.4g} +" in formula
    assert "“red” (row 17) in this tile" in said(app)


def test_the_chosen_cell_chooses_the_tile_until_another_is_played_to() -> None:
    address = {"text": REPEATED, "layer": "1", "head": "4", "tile_rows": "4", "tile_keys": "4", "query": "9"}
    of_cell = shown(**address, key="5").latex[0].value
    assert shown(**address, key="5", tile_step="3.9.5").latex[0].value != of_cell
    assert shown(**address, key="5", tile_step="3.8.5").latex[0].value == of_cell, "of another row"


@pytest.mark.parametrize("step", ["", "x", "999.17.8", "-1.17.8", "1e9", "3"])
def test_steps_that_are_none(step: str) -> None:
    shown(text=REPEATED, **({"tile_step": step} if step else {}))


@pytest.mark.parametrize("size", ["0", "-3", "nan", "1e9", "2.5", "x"])
def test_mistyped_sizes_open(size: str) -> None:
    shown(text=SENTENCE, tile_rows=size, tile_keys=size, fast_memory=size)


def test_of_too_many_tiles_one_block_is_walked() -> None:
    n = len(viz_core.load("tiny-gpt").token_ids(LONG))
    tiles = ((n + 1) // 2) ** 2
    assert tiles > MOST
    app = shown(text=LONG, tile_rows="2", tile_keys="2", query="101")
    assert f"The whole map has {tiles:,} tiles of this size; walked, and compared, are rows 100 to 101" in said(app)


def test_an_encoder_skips_nothing() -> None:
    assert "wholly masked" not in said(shown(model="tiny-bert", text=SENTENCE))


def test_one_token_has_one_tile() -> None:
    app = shown(text="x")
    assert "one score: one tile" in said(app)
    assert "wholly masked" not in said(app)


def test_the_mistake_is_put_right() -> None:
    app = shown(text=SENTENCE)
    assert "saves 5–20 % memory" in said(app)
    assert "O(n) instead of O(n²)" in said(app)
    assert "the products are the same" in said(app)
    assert {line["multiply–adds"] for line in app.table[0].value.to_dict("records")} == {large(2 * 2048**2 * 32), "–"}


@pytest.mark.parametrize(("fast", "rows"), [(48, 96), (192, 384)])
def test_what_tiles_save_is_said_with_what_it_is_of(fast: int, rows: int) -> None:
    words = said(shown(text=SENTENCE, fast_memory=str(fast)))
    standard, tiles = (
        tiling.kept_by_standard(2048),
        tiling.kept_by_tiles(2048, 32, tiling.tile_of(fast << 10, 32)),
    )
    less = re.search(r"in fp32 keeps \*\*(\d+)× less\*\* in these.*; with Q, K, V counted too, (\d+)×", words)
    assert less is not None
    assert int(less[1]) == pytest.approx(standard / tiles, rel=0.1)
    given = 3 * 2048 * 32 * 4
    assert int(less[2]) == pytest.approx((standard + given) / (tiles + given), rel=0.1)
    assert f"linearly while all rows fit at once (n\u00a0≤\u00a0{rows})" in words
    assert f"here n\u00a0≥\u00a0{fast * 8:,}" in words


# -- patterns --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert"])
@pytest.mark.parametrize("scope", ["head", "layer", "all"])
def test_each_line_is_a_run_of_the_model(model: str, scope: str) -> None:
    app = shown(part="patterns", model=model, text=REPEATED, layer="1", head="4", set_in=scope, window="3", gap="2")
    loaded = viz_core.load(model)
    both, n = loaded.both_sides, len(loaded.token_ids(REPEATED))
    at = {"head": frozenset({(1, 4)}), "layer": frozenset((1, head) for head in range(6)), "all": None}[scope]
    before = loaded.record(REPEATED)
    row = -1
    lines = table(app)
    assert lines[0]["KL, nats"] == "0"
    for line, allowed in zip(
        lines[1:],
        (
            masks.sliding_window(n, 3, both_sides=both),
            masks.dilated(n, 3, 2, both_sides=both),
            masks.local_and_global(n, 3, [0], both_sides=both),
        ),
        strict=True,
    ):
        after = loaded.record(REPEATED, Edits(allowed=Cells.of(allowed), at=at))
        change = change_of(before.logits[row], after.logits[row], whatif.MOST)
        assert line["KL, nats"] == whatif.size_of(change.divergence)
        kept = sparse.kept(before.blocks[1].attention.head(4).weights[0], allowed)
        assert line["weight kept"] == share(kept.mean)
        assert line["worst row"] == share(kept.worst)


def test_how_wide_the_window_must_be() -> None:
    app = shown(part="patterns", text=REPEATED, layer="1", head="4")
    model = viz_core.load("tiny-gpt")
    recording = model.record(REPEATED)
    n = len(recording.token_ids)
    changes = sparse.change_by_width(model.transformer, recording, range(1, n + 1), at=None, row=-1)
    enough = next(w for w in range(1, n + 1) if all(change < whatif.LITTLE for change in changes[w - 1 :]))
    assert f"From w = **{enough}** on the prediction changes little" in said(app)
    assert changes[enough - 2] >= whatif.LITTLE
    assert f"sees itself alone: KL {number(changes[0])}" in said(app)
    weights = recording.blocks[1].attention.head(4).weights[0]
    kept = [sparse.kept(weights, masks.sliding_window(n, w)).mean for w in range(1, n + 1)]
    assert f"a window of **{next(w for w, one in enumerate(kept, 1) if one >= 0.95)}** of the {n} tokens" in said(app)


@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert"])
def test_what_global_tokens_add(model: str) -> None:
    app = shown(part="patterns", model=model, text=REPEATED, layer="1", head="4", window="3", everyone="0-5")
    loaded = viz_core.load(model)
    weights, both = loaded.record(REPEATED).blocks[1].attention.head(4).weights[0], loaded.both_sides
    n = len(weights)
    window = masks.sliding_window(n, 3, both_sides=both)
    everyone = masks.local_and_global(n, 3, [0, 5], both_sides=both)
    cells = int(everyone.sum())
    wide = next(w for w in range(1, n) if int(masks.sliding_window(n, w, both_sides=both).sum()) >= cells)
    plain = float(weights[window].sum()) / n
    points, others = (
        number(round(100 * (float(weights[allowed].sum()) / n - plain), 1))
        for allowed in (everyone, masks.sliding_window(n, wide, both_sides=both))
    )
    words = said(app)
    assert f"global tokens (2) add {cells - int(window.sum())} cells and **{points} points**" in words
    assert f"(w = {wide}) would add **{others}**" in words
    each = "5 cells (window, w = 3)" if both else "3 cells (window, w = 3)"
    assert f"each further token adds {each}" in words
    assert f"{9 if both else 5} cells (w = 3, 2 global)" in words


def test_heads_are_told_best_first() -> None:
    app = shown(part="patterns", text=REPEATED, window="4")
    recording = viz_core.load("tiny-gpt").record(REPEATED)
    found = sparse.kept_by_heads(recording, masks.sliding_window(len(recording.token_ids), 4))
    layer, head = divmod(int(found.argmax()), found.shape[1])
    assert f"Best kept: L{layer}·H{head} {share(float(found.max()))}," in said(app)
    layer, head = divmod(int(found.argmin()), found.shape[1])
    assert f"Least: L{layer}·H{head} {share(float(found.min()))}," in said(app)


def test_a_window_wider_than_the_text_changes_nothing() -> None:
    app = shown(part="patterns", text=SENTENCE, window="99", gap="1")
    assert "None of the three leaves anything out of this text." in said(app)
    assert {line["KL, nats"] for line in table(app)} == {"0"}


def test_the_mask_lab_opens_with_the_same_numbers() -> None:
    app = shown(part="patterns", text=REPEATED, window="3", gap="2", everyone="1-5", set_in="layer")
    links = [link.proto.query_string for link in app.get("page_link") if "mask=" in link.proto.query_string]
    assert [next(part for part in link.split("&") if part.startswith("mask=")) for link in links] == [
        "mask=window",
        "mask=dilated",
        "mask=global",
    ]
    assert all("window=3" in link and "everyone=1-5" in link and "part=" not in link for link in links)


def test_a_window_of_an_encoder_counts_to_each_side() -> None:
    assert "w counts to each side" in said(shown(part="patterns", model="tiny-bert", text=SENTENCE))
    assert "w counts to each side" not in said(shown(part="patterns", text=SENTENCE))


def test_one_token_has_nothing_to_leave_out() -> None:
    assert "nothing to leave out" in said(shown(part="patterns", text="x"))


@pytest.mark.parametrize(
    "address", [{"window": "0"}, {"gap": "-1"}, {"everyone": "99-x"}, {"set_in": "nowhere"}], ids=str
)
def test_mistyped_patterns_open(address: dict) -> None:
    shown(part="patterns", text=SENTENCE, **address)
