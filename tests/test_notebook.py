"""Figures of a recording without the app: the numbers are the recording's, the notebook shows them by itself."""

import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from nbclient import NotebookClient

import viz_core
from tests.models.checkpoints import saved
from viz_core import Cells, Edits, SequenceToSequence, notebook
from viz_core.config import TransformerConfig
from viz_core.models import Model, Translator
from viz_core.recording import Recording
from viz_core.transformer import Transformer

ROOT = Path(__file__).parents[1]
TEXT = "The little dog chased the red ball. The little dog chased the red"


@pytest.fixture(scope="module")
def model() -> Model:
    return viz_core.load("tiny-gpt")


@pytest.fixture(scope="module")
def recording(model: Model) -> Recording:
    return model.record(TEXT)


@pytest.fixture(scope="module")
def translation() -> Recording:
    translator = viz_core.load("tiny-translator")
    assert isinstance(translator, Translator)
    recording = translator.record("The dog does not eat the apple.")
    assert isinstance(recording, Recording)
    return recording


def values_of(figure: go.Figure, index: int = -1) -> np.ndarray:
    return np.asarray(figure.data[index].z)


def test_the_map_is_of_the_head(recording: Recording) -> None:
    record = recording.blocks[2].attention.head(5)
    figure = viz_core.show(recording, layer=2, head=5)
    drawn = values_of(figure)
    allowed = record.allowed.numpy()
    assert np.array_equal(drawn[allowed], record.weights[0].numpy()[allowed])
    assert np.isnan(drawn[~allowed]).all()
    assert "L2·H5" in figure.layout.title.text
    assert "row looks at column" in figure.layout.title.text


def test_the_chain_has_its_four_stages_in_order(recording: Recording) -> None:
    record = recording.blocks[1].attention.head(4)
    figure = viz_core.show(recording, view="chain", layer=1, head=4, theme="dark")
    maps = [trace for trace in figure.data if trace.showscale is not False]
    stages = [record.scores, record.scaled_scores, record.masked_scores, record.weights]
    assert len(maps) == len(stages)
    allowed = record.allowed.numpy()
    for trace, stage in zip(maps, stages, strict=True):
        assert np.array_equal(np.asarray(trace.z)[allowed], stage[0].numpy()[allowed])
    assert (maps[1].zmin, maps[1].zmax) == (maps[2].zmin, maps[2].zmax), "what is compared shares its colours"
    assert not np.isnan(np.asarray(maps[1].z)).any()
    places = [tuple(figure.layout[f"xaxis{i}"].domain) for i in ("", 2, 3, 4)]
    assert places[0] == places[2] != places[1]


def test_every_head_has_its_tile(recording: Recording) -> None:
    figure = viz_core.show(recording, view="heads")
    drawn, n = values_of(figure), len(recording.tokens)
    pitch = (drawn.shape[1] + 1) // 6
    for layer, block in enumerate(recording.blocks):
        for head in range(6):
            tile = drawn[layer * pitch : layer * pitch + n, head * pitch : head * pitch + n]
            assert np.array_equal(np.nan_to_num(tile), block.attention.weights[head].numpy())
    names = figure.layout.yaxis.ticktext
    assert names[2 * pitch + 1] == "L2 “little” (1)"
    one = viz_core.show(recording, view="heads", layer=3)
    assert np.array_equal(np.nan_to_num(values_of(one)[:n, :n]), recording.blocks[3].attention.weights[0].numpy())


def test_a_row_shows_where_it_looks(recording: Recording) -> None:
    weights = recording.blocks[1].attention.weights[4]
    for row in (0, 7, len(recording.tokens) - 1):
        bars = viz_core.show(recording, view="row", layer=1, head=4, row=row).data[0]
        assert np.allclose(np.asarray(bars.y), weights[row].numpy(), atol=1e-6)
    last = viz_core.show(recording, view="row", layer=1, head=4).data[0]
    assert np.array_equal(last.y, bars.y)


@pytest.mark.parametrize("which", ["self", "cross", "encoder"])
def test_an_encoder_decoder_shows_all_three(translation: Recording, which: str) -> None:
    assert translation.encoder is not None
    of = {
        "self": (translation.blocks[1].attention, translation.tokens, translation.tokens),
        "cross": (translation.blocks[1].cross_attention, translation.tokens, translation.encoder.tokens),
        "encoder": (translation.encoder.blocks[1].attention, translation.encoder.tokens, translation.encoder.tokens),
    }
    record, rows, columns = of[which]
    assert record is not None
    weights = record.weights[2].numpy()
    figure = viz_core.show(translation, layer=1, head=2, which=which)
    assert np.array_equal(np.nan_to_num(values_of(figure)), weights)
    assert (len(figure.layout.yaxis.ticktext), len(figure.layout.xaxis.ticktext)) == (len(rows), len(columns))
    tiles = values_of(viz_core.show(translation, view="heads", layer=1, which=which))
    pitch = (tiles.shape[1] + 1) // 6
    at = 2 * pitch
    assert np.array_equal(np.nan_to_num(tiles[: len(rows), at : at + len(columns)]), weights)
    assert len(viz_core.show(translation, view="chain", layer=1, which=which).data) >= 4
    bars = viz_core.show(translation, view="row", layer=1, head=2, row=1, which=which).data[0]
    assert np.allclose(bars.y, weights[1], atol=1e-6)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"view": "grid"}, "view is 'grid'; expected one of 'head', 'heads', 'chain', 'row'"),
        ({"theme": "sepia"}, "theme is 'sepia'; expected one of 'light', 'dark'"),
        ({"layer": 4}, "layer is 4; expected 0 to 3"),
        ({"layer": 0, "head": 6}, "head is 6; expected 0 to 5"),
        ({"head": -1}, "head is -1; expected 0 to 5"),
        ({"view": "row", "row": 18}, "row is 18; expected 0 to 17"),
        ({"row": 3}, "row is 3; view 'head' shows all rows, expected None"),
        ({"view": "heads", "head": 1}, "head is 1"),
        ({"which": "cross"}, "which is 'cross', but this recording has no encoder; expected 'self'"),
        ({"which": "both"}, "which is 'both'; expected one of 'self', 'cross', 'encoder'"),
        ({"window": (0, 18, 0, 1)}, "window is (0, 18, 0, 1); expected first and last of rows 0 to 17"),
    ],
)
def test_what_cannot_be_shown_is_said(recording: Recording, asked: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        viz_core.show(recording, **asked)


def test_only_recordings_are_shown() -> None:
    with pytest.raises(TypeError, match="recording is a str; expected a Recording"):
        viz_core.show("The dog")  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [256, 1024])
def test_what_a_notebook_stores_is_bounded(n: int) -> None:
    """GPT-2 small has 144 heads; a notebook keeps what is shown."""
    torch.manual_seed(0)
    config = TransformerConfig(vocab_size=64, context=1024, d_model=96, n_layer=12, n_head=12, d_feed_forward=96)
    with torch.inference_mode():
        recording = Transformer(config)(torch.randint(64, (n,)))
    for view, most in (("head", 800_000), ("chain", 2_800_000), ("heads", 2_000_000), ("row", 100_000)):
        size = len(viz_core.show(recording, view=view).to_json())
        assert size < most, f"{view} of {n} tokens: {size:,} bytes"


def test_nothing_of_the_app_is_needed() -> None:
    code = (
        "import sys, viz_core\n"
        "recording = viz_core.load('tiny-gpt').record('The dog bit the man')\n"
        "viz_core.show(recording, view='chain').to_json()\n"
        "assert 'streamlit' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_a_notebook_displays_it_by_itself() -> None:
    book = nbformat.v4.new_notebook()
    book.cells = [
        nbformat.v4.new_code_cell(
            "import viz_core\n"
            "recording = viz_core.load('tiny-gpt').record('The dog bit the man')\n"
            "viz_core.show(recording, view='head', layer=2, head=5)"
        )
    ]
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    shown = next(
        output for output in book.cells[0].outputs if "application/vnd.plotly.v1+json" in output.get("data", {})
    )
    drawn = shown["data"]["application/vnd.plotly.v1+json"]["data"][-1]["z"]
    values = np.frombuffer(b64decode(drawn["bdata"]), dtype=drawn["dtype"]).reshape(5, 5)
    expected = viz_core.load("tiny-gpt").record("The dog bit the man").blocks[2].attention.weights[5].numpy()
    assert np.allclose(np.nan_to_num(values), expected, atol=1e-6)  # another process adds in another order


# -- the lines of Python -------------------------------------------------------------------------------

CAUSAL = torch.ones(18, 18, dtype=torch.bool).tril()
STRIPED = torch.rand(18, 18, generator=torch.Generator().manual_seed(3)) > 0.5


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "snippet", "exec"), names)  # noqa: S102  our own lines
    return names


@pytest.mark.parametrize(
    "edits",
    [
        Edits(),
        Edits(scale=1.0, at=frozenset({(1, 4), (0, 2)})),
        Edits(temperature=0.5, dropout=0.2, seed=7),
        Edits(ablated=frozenset({(0, 0)}), instead="mean"),
        Edits(allowed=Cells.of(CAUSAL & STRIPED), positions="shuffled"),
        Edits(allowed=Cells.of(torch.ones(18, 18, dtype=torch.bool))),
    ],
    ids=["none", "scale", "temperature", "ablated", "mask", "everyone"],
)
def test_the_lines_leave_the_same_numbers(model: Model, edits: Edits) -> None:
    names = run(notebook.snippet("tiny-gpt", TEXT, edits=edits, layer=1, head=4, theme="light"))
    expected = model.record(TEXT, edits)
    assert torch.equal(names["record"].weights, expected.blocks[1].attention.head(4).weights)
    shown = names["edited"] if edits != Edits() else names["recording"]
    assert torch.equal(shown.logits, expected.logits)
    assert torch.equal(names["recording"].logits, model.record(TEXT).logits)


@pytest.mark.parametrize("edits", [Edits(), Edits(scale=1.0, ablated=frozenset({(0, 0)}))], ids=["none", "changed"])
def test_the_lines_of_an_encoder_decoders_encoder(edits: Edits, tmp_path: Path) -> None:
    folder, text = str(saved(tmp_path, "t5")), "The dog bit the man"
    code = notebook.snippet(folder, text, edits=edits, layer=0, head=1, theme="light", reader=True)
    names, whole = run(code), viz_core.load(folder)
    assert isinstance(whole, SequenceToSequence)
    expected = whole.reader.record(text, edits)
    assert names["record"].weights.shape[-1] == len(expected.tokens) > 2
    assert torch.equal(names["record"].weights, expected.blocks[0].attention.head(1).weights)


def test_all_heads_are_as_wide_as_the_page(recording: Recording) -> None:
    """A width of its own would cut tiles off where the page is narrower; and in a picture no box is dragged."""
    figure = viz_core.show(recording, view="heads")
    assert figure.layout.width is None
    assert figure.layout.yaxis.scaleanchor == "x"
    assert "drag" not in figure.layout.title.text


def test_a_large_mask_is_packed(model: Model) -> None:
    n = 200
    allowed = torch.ones(n, n, dtype=torch.bool).tril().triu(-20)
    edits = Edits(allowed=Cells.of(allowed))
    code = notebook.snippet("tiny-gpt", TEXT, edits=edits, layer=0, head=0, theme="light")
    assert len(code) < 3_000
    line = next(line for line in code.splitlines() if line.startswith("allowed ="))
    assert torch.equal(run(f"import base64, viz_core, zlib\n{line}")["allowed"].tensor, allowed)


@pytest.mark.parametrize(
    "text", ['"""', "'); import os; os.abort() #", "back\\slash", "two\nlines", "커피 ☕", "\u2028{x}%s"]
)
def test_no_text_is_run(model: Model, text: str) -> None:
    names = run(notebook.snippet("tiny-gpt", text, layer=0, head=0, theme="dark"))
    assert names["text"] == text
    assert torch.equal(names["recording"].logits, model.record(text).logits)
