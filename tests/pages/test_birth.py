"""The page "How heads are born": both parts, whatever model is chosen, and the texts that induction sleeps on."""

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import drawn, opened
from viz_core.analysis.heads import role_scores
from viz_core.edits import Edits
from viz_core.models import Model, load
from viz_core.training.recipe import RECIPES, read_recipe
from viz_core.ui import state, store
from viz_core.ui.mechanism.birth.course import Course
from viz_core.ui.mechanism.birth.words import EXAMPLE
from viz_core.ui.settings import _key as widget

PAGE = "pages/birth.py"
WATCHED, COMPARED = 7, 5  # figures


@pytest.fixture(scope="module")
def course() -> Course:
    return Course(store.course("formation"))


def said(app: AppTest) -> str:
    return " ".join(element.value for kind in (app.markdown, app.info, app.caption) for element in kind)


def figure(app: AppTest, key: str) -> str:
    """What Plotly is told of the figure under that key."""
    specs = [chart.proto.spec for chart in app.get("plotly_chart") if chart.proto.id.endswith(f"-{key}-figure")]
    return specs[0].encode().decode("unicode_escape", "replace")


@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert", "formation", "formation@1650", "positions-none"])
@pytest.mark.parametrize(("part", "figures"), [("watch", WATCHED), ("compare", COMPARED)])
def test_both_parts_are_about_formation_whatever_model_is_chosen(model: str, part: str, figures: int) -> None:
    app = opened(PAGE, model=model, part=part, layer="3", head="5", query="40", key="99", moment="350", earlier="nan")
    assert not app.exception
    assert not app.error
    assert drawn(app) == figures
    assert ("plays no part" in said(app)) == (not model.startswith("formation"))


def test_the_moment_is_that_of_the_address_then_of_the_model_then_the_last() -> None:
    for address, step in (
        ({"moment": "1600"}, "1,600"),
        ({"moment": "1600", "model": "formation@350"}, "1,600"),
        ({"model": "formation@350"}, "350"),
        ({"moment": "5000", "model": "formation@350"}, "5,000"),
        ({"moment": "1601"}, "5,000"),
        ({"moment": "²"}, "5,000"),
    ):
        app = opened(PAGE, **address)
        assert f"weights at step {step}<" in figure(app, "map")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "single token"),
        ("The dog bit a man because he was angry", "no token of this text repeats"),
        ("The dog saw the cat and the bird", "almost no token of this text repeats"),
    ],
)
@pytest.mark.parametrize("part", ["watch", "compare"])
def test_where_induction_sleeps_the_page_says_so_and_wakes_it(text: str, says: str, part: str) -> None:
    app = opened(PAGE, text=text, part=part)
    assert not app.exception
    assert says in app.info[0].value
    app.button(key="wake-induction").click().run()
    assert not app.exception
    assert app.session_state["view"].text == EXAMPLE
    assert not app.info


def test_a_text_too_long_for_formation_is_shown_as_far_as_it_fits(course: Course) -> None:
    text = "The little dog chased the red ball. " * 12
    assert len(load("tiny-gpt").token_ids(text)) <= 256
    assert len(course.last.token_ids(text)) > 128
    for part in ("watch", "compare"):
        app = opened(PAGE, text=text, part=part)
        assert not app.exception
        assert not app.error
        assert "at most 128 tokens" in app.info[0].value
        assert app.text_input(key="sentence").value == text


@pytest.mark.parametrize("part", ["watch", "compare"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (" " * 200 + "dog", "the blanks before your text are left out"),
        (" " * 100 + "The little dog chased the red ball. " * 12, "shown is the beginning of your text"),
        ("a" + "\u0301" * 120, "shown is the beginning of your text"),
    ],
)
def test_of_a_text_that_begins_with_what_does_not_fit_the_page_shows_what_can_be_read(
    text: str, says: str, part: str
) -> None:
    app = opened(PAGE, text=text, part=part)
    assert not app.exception
    assert app.text_input(key="sentence").value == text
    assert says in said(app)
    assert drawn(app) > 0


def test_blanks_are_left_out_only_where_the_text_does_not_fit(course: Course) -> None:
    assert course.fitting("  dog") == "  dog"
    assert course.fitting(" " * 200 + "dog") == "dog"
    assert course.fitting("a" + "\u0301" * 120) == "a" + "\u0301" * 63


def test_a_hidden_word_is_letters_for_formation() -> None:
    assert "takes `<mask>` for letters" in said(opened(PAGE, model="tiny-bert", text="The <mask> bit the man. The dog"))


def test_two_moments_alike_say_that_nothing_moved() -> None:
    app = opened(PAGE, part="compare", earlier="2200", later="2200")
    assert "Nothing has moved" in said(app)
    assert "The prediction stays as it is" in said(app)
    app.select_slider(key=widget("earlier")).set_value(350).run()
    assert "step 2,200 − step 350" in figure(app, "difference")
    assert dict(app.session_state["view"].settings)["earlier"] == "350"


def test_what_is_remembered_of_a_course_fits_the_shelf(course: Course) -> None:
    """Every moment at once, so that sliding loads nothing."""
    assert [model.card["steps"] for model in course.models] == sorted(course.steps)
    assert store.course("formation")[0] is course.models[0]
    assert isinstance(course.last, Model)


# -- another training of the same model ------------------------------------------------------------------------


def retrained(course: Course, name: str, doctor: Callable[[int, dict[str, Any]], None]) -> tuple[Model, ...]:
    """The same weights with other cards: `doctor` changes that of each step."""
    found = []
    for step, model in zip(course.steps, course.models, strict=True):
        card = copy.deepcopy(dict(model.card))
        doctor(step, card)
        found.append(dataclasses.replace(model, name=f"{name}@{step}", card=card))
    return tuple(found)


def upside_down(_step: int, card: dict[str, Any]) -> None:
    card["roles"] = {role: scores[::-1] for role, scores in card["roles"].items()}


def previous_on_top(_step: int, card: dict[str, Any]) -> None:
    card["roles"]["previous"] = card["roles"]["previous"][::-1]


def at_once(_step: int, card: dict[str, Any]) -> None:
    card["roles"]["induction"] = [[0.3] * 4, [0.9] * 4]
    for line in card.get("history", []):
        line["induction"] = 0.9


def at_the_end(_step: int, card: dict[str, Any]) -> None:
    for line in card.get("history", []):
        line["induction"] = 0.9 if line["step"] == 5000 else 0.1


@pytest.mark.parametrize(
    ("doctor", "says", "earlier"),
    [
        (upside_down, "L0·H0, is in the first layer, which has none below", "1,500"),
        (previous_on_top, "Without L0·H2, the best previous-token head below induction", "1,500"),
        (at_once, "is said to **appear**", "1"),
        (at_the_end, "is said to **appear**", "1,500"),
    ],
)
def test_another_training_does_not_break_the_page(
    doctor: Callable[[int, dict[str, Any]], None],
    says: str,
    earlier: str,
    course: Course,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = retrained(course, doctor.__name__, doctor)
    monkeypatch.setattr(store, "course", lambda _name, _report=None: models)
    app = opened(PAGE, text=EXAMPLE)
    assert not app.exception
    assert says in said(app)
    app = opened(PAGE, text=EXAMPLE, part="compare")
    assert not app.exception
    assert f"step 5,000 − step {earlier}<" in figure(app, "difference")


# -- what the page says in words ------------------------------------------------------------------------------


def test_induction_appears_where_the_page_says(course: Course) -> None:
    assert course.steps[course.appears] == 1650
    assert course.best("induction", course.appears - 1).score < course.rises["induction"].level
    assert course.best("induction", course.appears).score > course.rises["induction"].level
    previous, induction = (course.best(role, course.appears) for role in ("previous", "induction"))
    assert (previous.layer, induction.layer) == (0, 1)


def test_held_out_text_shows_nothing_of_the_fall(course: Course) -> None:
    around = course.loss[course.appears - 2 : course.appears + 2]
    assert max(around) - min(around) < 0.1


def test_a_quarter_of_the_training_is_random_repeats() -> None:
    assert read_recipe(RECIPES / "formation.toml").training.random_repeats == 0.25


def test_the_example_shows_it(course: Course) -> None:
    """Unrelated words, said twice: before the moment no trace of the word that followed, in the end nothing else."""
    answer = course.last.token_ids(EXAMPLE + " 사랑")[-1]
    found = {
        step: float(model.record(EXAMPLE).logits[-1].softmax(-1)[answer])
        for step, model in zip(course.steps, course.models, strict=True)
    }
    assert found[1600] < 0.01
    assert 0.2 < found[1650] < 0.5
    assert found[5000] > 0.9
    app = opened(PAGE, text=EXAMPLE)
    assert f"{found[1600]:.1%} at step 1,600, {found[1650]:.1%} at step 1,650" in said(app)
    assert "makes it the likeliest" in said(app)


def test_induction_is_built_on_the_previous_token_head(course: Course) -> None:
    """Switched off, one by one, in the finished model."""
    below = course.best("previous", -1)
    found = []
    for off in ([], *([(below.layer, head)] for head in range(4))):
        recording = course.last.record(EXAMPLE, Edits(ablated=frozenset(off)))
        weights = recording.blocks[1].attention.weights
        found.append(float(role_scores(weights, recording.token_ids)["induction"].max()))
    whole, *without = found
    assert without[below.head] < 0.2
    assert min(score for head, score in enumerate(without) if head != below.head) > 0.4
    told = said(opened(PAGE, text=EXAMPLE))
    assert f"goes from {whole:.2f} to **{without[below.head]:.2f}**; without any one of the others it is" in told


def test_every_setting_of_the_page_may_stand_in_an_address() -> None:
    assert {"moment", "earlier", "later"} <= set(state.SETTINGS)
