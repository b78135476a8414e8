"""The page "Scaling": what it says of every kind of model, and of texts on which scaling has nothing to do."""

import pytest

from tests.pages.test_pages import SENTENCE, drawn, opened
from viz_core import load
from viz_core.analysis import worked
from viz_core.edits import Edits

PAGE = "pages/scaling.py"


def said(app) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption])


@pytest.mark.parametrize("part", ["head", "why", "examples"])
@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert", "positions-alibi", "formation"])
def test_every_part_on_every_kind_of_model(part: str, model: str) -> None:
    app = opened(PAGE, model=model, text=SENTENCE, part=part)
    assert not app.exception
    assert not app.error
    assert drawn(app) == {"head": 5, "why": 4, "examples": 0}[part]


def test_the_models_own_divisor_changes_nothing() -> None:
    own = load("tiny-gpt").record(SENTENCE).blocks[0].attention.head(0).divisor
    app = opened(PAGE, text=SENTENCE, divisor=repr(own))
    assert "Nothing is changed yet." in said(app)
    assert "Nothing is changed yet." not in said(opened(PAGE, text=SENTENCE))


@pytest.mark.parametrize("temperature", ["0.05", "20", "0", "-1", "nan", "1e99", "x"])
def test_temperature_at_and_beyond_its_limits(temperature: str) -> None:
    app = opened(PAGE, text=SENTENCE, temperature=temperature)
    assert not app.exception
    assert "KL divergence" in said(app)


def test_one_token_leaves_nothing_to_scale() -> None:
    app = opened(PAGE, text="x")
    assert not app.exception
    assert "scaling plays no part" in said(app)


def test_the_table_runs_the_model_for_each_scope() -> None:
    app = opened(PAGE, text=SENTENCE, layer="1", head="2")
    table = app.dataframe[0].value
    model = load("tiny-gpt")
    probabilities = [
        float(model.record(SENTENCE, Edits(scale=1.0, at=at)).logits[-1].softmax(-1).max())
        for at in (frozenset({(1, 2)}), frozenset((1, head) for head in range(6)), None)
    ]
    assert table["probability"].tolist() == [f"{probability:.1%}" for probability in probabilities]


def test_the_wrong_axis_is_shown_as_a_mistake() -> None:
    app = opened(PAGE, part="examples", axis="columns")
    assert "rows to anything" in said(app)
    sums = worked.over_the_wrong_axis(worked.three_words().masked_scores[0]).sum(-1)
    assert any(rf"\Sigma\,{float(sums[0]):.4f}" in latex.value for latex in app.latex)


def test_what_is_set_stays_in_the_address() -> None:
    app = opened(PAGE, text=SENTENCE)
    app.select_slider(key="setting-temperature").set_value(2.0).run()
    assert dict(app.session_state["view"].settings) == {"temperature": "2.0"}
    app.select_slider(key="setting-temperature").set_value(1.0).run()
    assert app.session_state["view"].settings == ()


@pytest.mark.parametrize(
    "address",
    [
        {"divisor": "x", "temperature": "inf", "scope": "nowhere", "part": "nothing", "width": "1e400", "axis": "z"},
        {"part": "why", "width": "-3"},
        {"part": "examples", "axis": "<script>"},
        {"divisor": "9" * 5000},
    ],
    ids=str,
)
def test_an_address_may_say_anything(address: dict[str, str]) -> None:
    app = opened(PAGE, text=SENTENCE, **address)
    assert not app.exception
    assert not app.error
