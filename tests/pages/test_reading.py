"""How a map is read, on every page that has one: said in words, taken from the address, plain unless asked."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from torch import Tensor

import viz_core
from tests.models.checkpoints import saved
from tests.pages.test_pages import opened
from tests.pages.test_variants import VARIANTS, bundle
from viz_core.analysis.sinks import first_share
from viz_core.analysis.value_weighted import value_norms
from viz_core.attention import AttentionRecord
from viz_core.models import bundled
from viz_core.ui import show, store
from viz_core.ui.reading import numbers

TEXT = "The unbelievable dog bit the man"
WHERE = {"text": TEXT, "layer": "1", "head": "2"}
PAGES = {
    "app.py": {},
    "pages/inside_one_head.py": {"step": "softmax"},
    "pages/many_heads.py": {"part": "roles"},
}


def titled(app: AppTest, part: str) -> list[dict]:
    """The figures with this in their title."""
    figures = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return [figure for figure in figures if part in figure["layout"].get("title", {}).get("text", "")]


def cells(figure: dict) -> np.ndarray:
    packed = figure["data"][-1]["z"]
    shape = [int(size) for size in packed["shape"].split(",")]
    return np.frombuffer(base64.b64decode(packed["bdata"]), dtype=packed["dtype"]).reshape(shape)


def said(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert"])
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("measure", ["weights", "values", "output", "gradient"])
@pytest.mark.parametrize("first", ["shown", "hidden"])
def test_every_measure_is_drawn_and_says_what_it_does_not(page: str, measure: str, first: str, model: str) -> None:
    app = opened(page, **WHERE, **PAGES[page], measure=measure, of_words="words", first=first, model=model)
    assert not app.exception
    assert not app.error
    assert "It does not say" in said(app)
    assert "a word's columns are added up, its rows averaged" in said(app)
    assert ("Hidden: “The”" in said(app)) == (first == "hidden")
    (figure,) = titled(app, "words: sum over a word's keys, mean over its queries")
    assert cells(figure).shape == (6, 6)
    assert np.isnan(cells(figure)[:, 0]).all() == (first == "hidden")
    assert "Checked: differs from PyTorch" not in said(app)


@pytest.mark.parametrize("page", PAGES)
def test_at_first_nothing_is_changed(page: str) -> None:
    app = opened(page, **WHERE, **PAGES[page])
    (figure,) = titled(app, "weights")
    shown = np.nan_to_num(cells(figure))
    assert shown == pytest.approx(viz_core.load("tiny-gpt").record(TEXT).blocks[1].attention.head(2).weights[0].numpy())
    assert "row looks at column; each row sums to 1" in figure["layout"]["title"]["text"]
    assert "It does not say" not in said(app)


def test_values_are_those_of_the_head() -> None:
    app = opened("app.py", **WHERE, measure="values")
    (figure,) = titled(app, "‖αv‖")
    record = viz_core.load("tiny-gpt").record(TEXT).blocks[1].attention.head(2)
    assert cells(figure)[5, :6] == pytest.approx(value_norms(record)[0, 5, :6].numpy())


def test_what_an_address_cannot_ask_is_plain() -> None:
    app = opened("app.py", **WHERE, measure="truth", of_words="letters", first="gone", toward="x", toward_at="y")
    assert not app.exception
    assert titled(app, "weights")
    assert "It does not say" not in said(app)


def test_only_weights_are_renormalised() -> None:
    app = opened("app.py", **WHERE, measure="values", first="renormalised")
    assert titled(app, "‖αv‖")
    assert not titled(app, "without")
    app = opened("app.py", **WHERE, first="renormalised")
    (figure,) = titled(app, "renormalised without the first token")
    assert np.nansum(cells(figure)[1:], axis=1) == pytest.approx(np.ones(len(cells(figure)) - 1), abs=1e-5)


@pytest.mark.parametrize("of_words", ["tokens", "words"])
@pytest.mark.parametrize("page", PAGES)
def test_a_text_of_one_token_has_nothing_but_the_first(page: str, of_words: str) -> None:
    app = opened(page, **PAGES[page], text="x", first="hidden", of_words=of_words)
    assert not app.exception
    assert "nothing is left to draw" in app.info[0].value


def test_a_model_whose_output_matrix_is_unknown_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viz_core.models.Model, "output_weight", lambda _model, _layer: None)
    app = opened("app.py", **WHERE, measure="output")
    assert not app.exception
    assert "is not known here" in app.info[0].value


def test_gradients_of_too_long_a_text_are_refused_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "MOST_GRADIENTS", 24 * 9)  # 24 heads, 3 tokens
    app = opened("app.py", **WHERE, measure="gradient")
    assert not app.exception
    assert "it goes up to 3 tokens" in app.info[0].value


def test_another_token_than_the_likeliest_can_be_asked_for() -> None:
    model = viz_core.load("tiny-gpt")
    third = model.next_tokens(model.record(TEXT), 3)[2]
    app = opened("app.py", **WHERE, measure="gradient", toward=str(third.token_id))
    assert titled(app, f"“{third.label.lstrip('·')}”")
    gradients = store.gradients(store.model("tiny-gpt"), TEXT, len(model.token_ids(TEXT)) - 1, third.token_id)
    (figure,) = titled(app, "gradient × attention")
    assert cells(figure)[5, :6] == pytest.approx(gradients[1][2, 5, :6].numpy(), abs=1e-6)


def test_the_chosen_rows_prediction_can_be_asked_for() -> None:
    app = opened("app.py", **WHERE, query="3", measure="gradient", toward_at="chosen")
    (figure,) = titled(app, "gradient × attention")
    shown = np.nan_to_num(cells(figure))
    assert not shown[4:].any(), "later rows have no say in it"
    assert shown[:4].any()


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
@pytest.mark.parametrize("measure", ["values", "output", "gradient"])
def test_every_variant_is_measured(
    settings: dict, measure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    app = opened("app.py", model=name, text="a dog", layer="1", head="3", measure=measure, first="hidden")
    assert not app.exception
    assert not app.error
    assert "It does not say" in said(app)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("reading")
    return {name: str(saved(root, name)) for name in ("sentence", "t5", "gemma2")}


@pytest.mark.parametrize("name", ["sentence", "t5"])
@pytest.mark.parametrize("page", ["app.py", "pages/inside_one_head.py"])
def test_a_model_that_predicts_nothing_has_no_gradients(page: str, name: str, folders: dict[str, str]) -> None:
    app = opened(page, text=TEXT, **PAGES[page], measure="gradient", model=folders[name])
    assert not app.exception
    assert not app.error
    assert titled(app, "weights"), "plain, as of anything that cannot be asked"
    control = next(one for one in app.get("button_group") if one.proto.label == "Each cell is")
    assert [option.content for option in control.proto.options] == ["weight α", "‖αv‖", "‖αvW_O‖"]


def test_the_prediction_asked_about_is_that_of_the_row() -> None:
    """One session: the tokens offered are those of the new row, not of the one before."""
    app = opened("app.py", **WHERE, query="1", measure="gradient", toward_at="chosen")
    app.query_params["query"] = "3"
    app.run()
    logits = viz_core.load("tiny-gpt").record(TEXT, all_logits=True).logits
    assert int(logits[1].argmax()) != int(logits[3].argmax())
    label = viz_core.load("tiny-gpt").labels([int(logits[3].argmax())])[0].lstrip("·")
    assert f"for the logit of “{label}” predicted at" in said(app)


@pytest.mark.parametrize("first", ["shown", "hidden"])
@pytest.mark.parametrize("of_words", ["tokens", "words"])
def test_a_picture_tells_whose_logit_it_is_and_what_is_hidden(of_words: str, first: str) -> None:
    model = viz_core.load("tiny-gpt")
    label = model.next_tokens(model.record(TEXT), 1)[0].label.lstrip("·")
    app = opened("app.py", **WHERE, measure="gradient", of_words=of_words, first=first)
    (figure,) = titled(app, "gradient × attention")
    title = figure["layout"]["title"]["text"]
    assert f"logit of “{label}”" in title
    assert ("% hidden" in title) == (first == "hidden")


def test_lines_say_that_they_show_weights() -> None:
    app = opened("app.py", **WHERE, picture="lines", measure="gradient")
    assert not app.exception
    assert app.button(key="no-reading").disabled
    assert "show the weights as they are, whatever a map shows" in said(app)
    plain = opened("app.py", **WHERE, picture="lines")
    assert plain.button(key="no-reading").disabled
    assert "as they are" not in said(plain)


def test_beside_another_map_the_squares_still_show_weights() -> None:
    words = "The sentence and the squares show the weights as they are."
    assert words in said(opened("app.py", **WHERE, measure="values"))
    assert words not in said(opened("app.py", **WHERE))


def test_what_a_look_adds_is_said_as_it_is_known(folders: dict[str, str]) -> None:
    ours = said(opened("app.py", **WHERE, measure="output"))
    assert "adds to the residual stream" in ours
    other = said(opened("app.py", text=TEXT, measure="output", model=folders["gemma2"]))
    assert "adds to the residual stream" not in other
    assert "brings to the output of its layer's attention" in other
    assert "may norm or rescale that output" in other


@pytest.mark.parametrize("measure", ["weights", "values"])
def test_what_is_hidden_is_a_share_of_what_is_shown(measure: str) -> None:
    record = viz_core.load("tiny-gpt").record(TEXT).blocks[1].attention.head(2)
    shares = {name: show.share(first_share(values[0], record.allowed)) for name, values in _both(record).items()}
    assert shares["weights"] != shares["values"]
    app = opened("app.py", **WHERE, measure=measure, first="hidden")
    assert f"Hidden: “The”, with {shares[measure]} of the" in said(app)
    (figure,) = titled(app, f"{shares[measure]} hidden")
    assert figure["layout"]["annotations"][0]["text"] == f"{shares[measure]} hidden"


def _both(record: AttentionRecord) -> dict[str, Tensor]:
    return {"weights": record.weights, "values": value_norms(record)}
