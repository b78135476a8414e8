"""What is taken along, through AppTest: nothing is made until it is asked for; then it is what the page shows."""

import re
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import viz_core
from tests.models.checkpoints import saved
from tests.pages.test_pages import SENTENCE, opened
from viz_core import Edits
from viz_core.ui.taking import recordings

OFFERED = {"Interactive page (HTML)", "Its numbers (CSV)", "NPZ", "safetensors"}


def menus(app: AppTest) -> list[str]:
    return [label for button in app.get("download_button") if (label := button.proto.label) in OFFERED]


def with_menu(page: str, key: str, **address: str) -> AppTest:
    """The page with that menu open."""
    app = opened(page, **address)
    assert not menus(app), "what nobody asked for was made"
    app.session_state[key] = True
    return app.run()


def lines(app: AppTest) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(app.code[-1].value, names)  # noqa: S102  our own lines
    return names


@pytest.mark.parametrize(
    ("page", "key", "address"),
    [
        ("app.py", "map", {}),
        ("pages/scaling.py", "own", {}),
        ("pages/scaling.py", "histogram", {"part": "why"}),
        ("pages/matrix_lab.py", "weights", {}),
        ("pages/encoder_decoder.py", "across", {"part": "three"}),
    ],
)
def test_a_figure_offers_a_page_and_its_numbers(page: str, key: str, address: dict[str, str]) -> None:
    app = with_menu(page, f"taking-{key}", **address)
    assert not app.exception
    assert menus(app) == ["Interactive page (HTML)", "Its numbers (CSV)"]


def test_a_drawing_has_no_numbers() -> None:
    app = with_menu("pages/encoder_decoder.py", "taking-two-sides", part="three")
    assert menus(app) == ["Interactive page (HTML)"]


def test_a_long_text_says_that_all_cells_are_in_the_table() -> None:
    with patch("viz_core.figures.heatmaps.MOST_DRAWN", 16):
        app = with_menu("app.py", "taking-map", text="The little dog chased the red ball. " * 4)
    assert not app.exception
    assert any("all cells of the map, not only those drawn" in caption.value for caption in app.caption)


@pytest.mark.parametrize("page", ["app.py", "pages/inside_one_head.py", "pages/positions.py"])
@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert"])
def test_the_recording_and_the_lines_are_offered(page: str, model: str) -> None:
    app = with_menu(page, "taking", text=SENTENCE, model=model, layer="1", head="3")
    assert not app.exception
    assert menus(app) == ["NPZ", "safetensors"]
    names = lines(app)
    expected = viz_core.load(model).record(SENTENCE).blocks[1].attention.head(3)
    assert torch.equal(names["record"].weights, expected.weights)


def test_the_lines_make_the_change_the_page_shows() -> None:
    app = with_menu("pages/scaling.py", "taking", text=SENTENCE, divisor="1", scope="all", layer="2", head="0")
    edited = viz_core.load("tiny-gpt").record(SENTENCE, Edits(scale=1.0))
    names = lines(app)
    assert torch.equal(names["record"].weights, edited.blocks[2].attention.head(0).weights)
    assert torch.equal(names["edited"].logits, edited.logits)
    app.switch_page("app.py").run()
    app.session_state["taking"] = True
    app.run()
    assert "Edits" not in app.code[-1].value, "the change belongs to the page before"


@pytest.mark.parametrize("measure", ["values", "output", "gradient"])
def test_the_lines_measure_what_the_map_shows(measure: str) -> None:
    app = with_menu("app.py", "taking", text=SENTENCE, measure=measure, layer="1", head="3")
    assert not app.exception
    names = lines(app)
    model = viz_core.load("tiny-gpt")
    recording = model.record(SENTENCE)
    record = recording.blocks[1].attention.head(3)
    toward = int(recording.logits[-1].argmax())
    output = model.output_weight(1)[3 * record.value.shape[-1] : 4 * record.value.shape[-1]]
    expected = {
        "values": lambda: record.weights[0] * record.value[0].norm(dim=-1),
        "output": lambda: record.weights[0] * (record.value[0] @ output).norm(dim=-1),
        "gradient": lambda: model.gradients(SENTENCE, len(recording.tokens) - 1, toward)[1][3],
    }
    assert torch.allclose(names["measured"], expected[measure](), atol=1e-6)
    assert "shown otherwise" not in said(app)


def test_it_is_said_where_the_map_shows_something_else() -> None:
    app = with_menu("app.py", "taking", text=SENTENCE, of_words="words", first="hidden")
    assert "every token by itself, the first one too; the map on this page is shown otherwise" in said(app)
    assert "measured" not in lines(app)
    app = with_menu("pages/compare.py", "taking", text=SENTENCE)
    assert "These lines are of A alone." in said(app)


def test_the_lines_of_an_encoder_decoder_are_of_its_encoder(tmp_path: Path) -> None:
    folder = str(saved(tmp_path, "t5"))
    app = with_menu("app.py", "taking", text=SENTENCE, model=folder, layer="1", head="0", measure="gradient")
    assert not app.exception
    reader = viz_core.load(folder).reader
    assert torch.equal(lines(app)["record"].weights, reader.record(SENTENCE).blocks[1].attention.head(0).weights)
    assert "measured" not in app.code[-1].value, "an encoder alone predicts nothing"


def said(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def test_what_is_too_large_is_not_handed_out() -> None:
    with patch.object(recordings, "MOST_BYTES", 1_000):
        app = with_menu("app.py", "taking", text=SENTENCE)
    assert not app.exception
    assert not menus(app)
    assert any("more than this page hands out, 1e+03\u00a0B" in text.value for text in app.markdown)
    assert "viz_core.load" in app.code[-1].value


def test_a_failed_input_leaves_the_last_good_recording() -> None:
    app = opened("app.py", text=SENTENCE)
    app.text_input(key="sentence").set_value("").run()
    app.session_state["taking"] = True
    app.run()
    assert not app.exception
    assert repr(SENTENCE) in app.code[-1].value


def test_the_numbers_of_a_figure_are_a_table_when_asked_for() -> None:
    app = with_menu("app.py", "taking-map", text=SENTENCE, layer="1", head="3")
    assert not app.dataframe
    app.toggle(key="taken-table-map").set_value(True).run()
    assert not app.exception
    weights = viz_core.load("tiny-gpt").record(SENTENCE).blocks[1].attention.head(3)
    shown = app.dataframe[0].value
    assert shown.index[1] == shown.columns[1] == "1 dog"
    expected = np.where(weights.allowed, weights.weights[0], np.nan)
    assert np.allclose(shown.to_numpy(float), expected, equal_nan=True)


def test_of_a_long_text_the_table_is_the_chosen_row() -> None:
    text = "The little dog chased the red ball. " * 6
    app = with_menu("app.py", "taking-map", text=text, layer="1", head="3", query="9")
    app.toggle(key="taken-table-map").set_value(True).run()
    assert not app.exception
    weights = viz_core.load("tiny-gpt").record(text).blocks[1].attention.head(3).weights[0, 9]
    shown = app.dataframe[0].value
    assert [column.split()[0] for column in shown.columns] == ["9"]
    assert np.allclose(shown.to_numpy(float)[:10, 0], weights[:10])
    assert any("One row of" in caption.value for caption in app.caption)


def test_every_figure_says_where_its_largest_numbers_are() -> None:
    app = opened("app.py", text=SENTENCE, layer="1", head="3")
    (said,) = [chart.proto.alt for chart in app.get("plotly_chart") if "weights" in chart.proto.alt]
    weights = viz_core.load("tiny-gpt").record(SENTENCE).blocks[1].attention.head(3).weights[0]
    largest = [f"{weight:.3g}" for weight in weights.flatten().sort(descending=True).values[:3].tolist()]
    assert re.findall(r"→ “[^”]*”(?: \(\d+\))? ([\d.]*\d)", said) == largest
