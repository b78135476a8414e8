"""Lessons through AppTest: every step of every one, in both languages; questions, score, and addresses that lie."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.lessons.written import ENGLISH, write
from tests.pages.test_pages import opened
from viz_core.lessons import lesson as made
from viz_core.lessons.asked import asked
from viz_core.lessons.asking import right
from viz_core.lessons.lesson import Ask, Lesson
from viz_core.lessons.shelf import lessons
from viz_core.ui import state
from viz_core.ui.frame import file_of
from viz_core.ui.lessons import course, questions
from viz_core.ui.state import address_of

NUMBERS = sorted({int(path.name[:2]) for path in made.LESSONS.glob("[0-9][0-9]-*.md")})


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lessons are one small lesson."""
    monkeypatch.setattr(made, "LESSONS", write(tmp_path))
    return tmp_path


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.warning, *app.info])


def keys(app: AppTest) -> set[str]:
    return {button.key for button in app.button if button.key}


def asks(app: AppTest) -> bool:
    return "lesson-check" in keys(app)


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    return arrived(app)


def arrived(app: AppTest) -> AppTest:
    """On the page that the app went to, at the address that it wrote: what a browser does by itself."""
    assert not app.exception, app.exception
    app.switch_page(file_of(app.session_state["page"]))
    app.query_params.clear()
    for name, value in address_of(app.session_state["view"]).items():
        app.query_params[name] = value
    return app


def opened_at(**address: str) -> AppTest:
    return arrived(opened("pages/lessons.py", **address))


def guess(app: AppTest, ask: Ask, at: int | tuple[int, int]) -> None:
    choose(app, ask, at)
    app.run()
    press(app, "lesson-check")


def choose(app: AppTest, ask: Ask, at: int | tuple[int, int]) -> None:
    """The way a keyboard does."""
    if isinstance(at, tuple):
        row, column = [box for box in app.selectbox if box.key and box.key.startswith(("lesson-row", "lesson-column"))]
        row.set_value(at[0])
        column.set_value(at[1])
    elif ask.click:
        app.button_group[[group.key for group in app.button_group].index(_key(app))].set_value(at)
    else:
        app.radio[0].set_value(at)


def _key(app: AppTest) -> str:
    return next(group.key for group in app.button_group if group.key and group.key.startswith("lesson-token"))


def answers(lesson: Lesson, at: int) -> tuple[Ask, list[int | tuple[int, int]], list[int | tuple[int, int]]]:
    """The question of a step, what is right and what is wrong."""
    step = lesson.steps[at]
    assert step.ask is not None
    preset = asked({name: value for name, value in step.view.items() if name != "page"})
    good = right(step.ask, preset, lesson.file)
    n = len(step.ask.options) or len(preset.recording.tokens)
    places = [(row, key) for row in range(n) for key in range(n)] if step.ask.click == "cell" else list(range(n))
    return step.ask, sorted(good), [place for place in places if place not in good]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("number", NUMBERS)
def test_every_step_of_a_lesson(number: int, language: str) -> None:
    lesson = next(found for found in lessons(language) if isinstance(found, Lesson) and found.number == number)
    app = opened_at(lesson=str(number), lang=language)
    counted = 0
    for at, step in enumerate(lesson.steps):
        assert not app.exception, f"{step.title}: {app.exception}"
        view = dict(app.session_state["view"].settings)
        assert (view["lesson"], view["lesson_step"]) == (str(number), str(at + 1))
        assert not app.warning, [warning.value for warning in app.warning]
        if step.ask is not None:
            ask, good, bad = answers(lesson, at)
            assert asks(app), "the question comes before the page"
            counted += 1
            guess(app, ask, (good if counted % 2 else bad)[0])
            assert ("check_circle" if counted % 2 else ":material/cancel:") in said(app)
        assert not asks(app)
        shown = app.session_state["page"]
        assert shown == (step.page or "lessons")
        if step.page:
            assert app.get("plotly_chart") or app.get("bidi_component"), "the page draws something"
            kept = dict(app.session_state["view"].settings)
            of_the_page = {name: value for name, value in step.view.items() if name in {"part", "step"}}
            assert of_the_page.items() <= kept.items(), "the page knows its preset"
        if at + 1 < len(lesson.steps):
            press(app, "lesson-next")


@pytest.mark.parametrize("well", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize("at", [1, 2, 3], ids=["cell", "token", "choose"])
def test_a_question_is_answered_then_the_page_is_seen(small: Path, at: int, well: bool) -> None:
    (lesson,) = lessons("en", small)
    assert isinstance(lesson, Lesson)
    app = opened_at(lesson="1", lesson_step=str(at + 1))
    assert asks(app)
    assert app.button(key="lesson-check").disabled
    ask, good, bad = answers(lesson, at)
    guess(app, ask, (good if well else bad)[0])
    words = said(app)
    assert ("**Right**" in words) == well
    assert ("**Not so**" in words) == (not well)
    assert ("You said: " in words) == (not well)
    assert "The answer: " in words
    assert len(app.get("plotly_chart")) > 0
    press(app, "lesson-list")
    assert f"{int(well)} of 3 predicted right" in said(app)
    assert f"you predicted {int(well)} of 1 right" in said(app)
    press(app, "lesson-open-1")
    assert dict(app.session_state["view"].settings)["lesson_step"] == str(at + 1), "it goes on where it was left"
    assert not asks(app), "the first answer counts"


@pytest.mark.parametrize("at", [1, 2, 3], ids=["cell", "token", "choose"])
def test_what_was_chosen_last_counts(small: Path, at: int) -> None:
    """Also where the click on Check comes before the page has run: its button is still that of the choice before."""
    (lesson,) = lessons("en", small)
    assert isinstance(lesson, Lesson)
    app = opened_at(lesson="1", lesson_step=str(at + 1))
    ask, good, bad = answers(lesson, at)
    choose(app, ask, bad[0])
    app.run()
    choose(app, ask, good[0])
    press(app, "lesson-check")
    assert "**Right**" in said(app)


def test_an_answer_is_not_taken_for_that_to_another_question(small: Path) -> None:
    """Of a lesson that is written while it is open."""
    (lesson,) = lessons("en", small)
    assert isinstance(lesson, Lesson)
    app = opened_at(lesson="1", lesson_step="2")
    ask, good, _bad = answers(lesson, 1)
    guess(app, ask, good[0])
    file = lesson.file
    head, *steps = re.split(r"(?m)^(?=## )", file.read_text(encoding="utf-8"))
    steps[1], steps[3] = steps[3], steps[1]
    file.write_text("".join([head, *steps]), encoding="utf-8")
    app.run()
    assert asks(arrived(app))
    steps[1], steps[3] = steps[3], steps[1]
    file.write_text("".join([head, *steps]), encoding="utf-8")
    app.run()
    assert not asks(arrived(app)), "it is that question again"


def test_what_was_picked_stays_in_another_language() -> None:
    """The browser must hear what it is called there, for it would send the old words with the next click."""
    app = opened_at(lesson="4", lesson_step="1")
    app.radio[0].set_value(1).run()
    app.segmented_control(key="language").set_value("ko").run()
    (options,) = app.radio
    assert options.value == 1
    assert (options.proto.set_value, options.proto.raw_value) == (True, options.options[1])
    assert not app.button(key="lesson-check").disabled


def test_it_can_be_seen_without_an_answer(small: Path) -> None:
    app = press(opened_at(lesson="1", lesson_step="2"), "lesson-show")
    assert "Shown without an answer" in said(app)
    press(app, "lesson-list")
    assert "predicted" not in said(app), "nothing was answered"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_names_the_line_of_what_is_wrong(small: Path, language: str) -> None:
    """As the check of lessons does: presets stand in the English file."""
    file = small / "01-small.md"
    file.write_text(file.read_text(encoding="utf-8").replace("head: 3", "head: 40", 1), encoding="utf-8")
    line = file.read_text(encoding="utf-8").split("\n").index("head: 40") + 1
    (warning,) = opened_at(lesson="1", lang=language).warning
    assert f"{file.name}:{line}: head:" in re.sub(r"[\\\u2060]", "", warning.value)


def test_an_answer_that_is_looked_up_names_its_source() -> None:
    app = press(opened_at(lesson="1", lesson_step="5"), "lesson-show")
    assert "The answer (see Vaswani et al. 2017, table 2): " in said(app)
    assert "The answer: " not in said(app)


def test_what_was_changed_is_reset_and_the_lesson_left(small: Path) -> None:
    app = opened_at(lesson="1")
    assert app.session_state["page"] == "scaling"
    app.text_input(key="sentence").set_value("A cat sat").run()
    view = app.session_state["view"]
    assert (view.text, dict(view.settings)["lesson"]) == ("A cat sat", "1")
    press(app, "lesson-reset")
    view = app.session_state["view"]
    assert (view.text, view.layer, view.head, view.query) == ("The dog bit the man", 1, 3, 2)
    press(app, "lesson-leave")
    assert "lesson" not in dict(app.session_state["view"].settings)
    assert app.session_state["page"] == "scaling"
    assert "lesson-next" not in keys(app)


def test_the_numbers_in_the_words_are_the_models(small: Path) -> None:
    app = opened("pages/lessons.py", lesson="1")
    preset = asked({"text": "The dog bit the man", "layer": "1", "head": "3", "query": "2"})
    weight = float(preset.recording.blocks[1].attention.head(3).weights[0, 2].max())
    assert f"The row “bit” gives {100 * weight:.0f}% to one token." in said(app)


@pytest.mark.parametrize("page", ["pages/lessons.py", "pages/masks.py", "app.py", "pages/matrix_lab.py"])
@pytest.mark.parametrize("number", ["99", "-1", "x", "１", "<script>", "9" * 4000])
def test_a_lesson_that_does_not_exist_opens_the_list(small: Path, page: str, number: str) -> None:
    app = opened(page, lesson=number, lesson_step="-3", part="nothing", layer="-7")
    assert not app.exception
    assert app.session_state["page"] == "lessons"
    assert "lesson-open-1" in keys(app)
    assert "There is no lesson" in said(app)


@pytest.mark.parametrize("step", ["-3", "0", "77", "x", "²", ""])
def test_a_step_that_does_not_exist_opens_the_first(small: Path, step: str) -> None:
    app = opened("pages/lessons.py", lesson="1", lesson_step=step)
    assert not app.exception
    assert "It looks back" in said(app)


def test_a_lesson_without_a_translation_says_so(small: Path) -> None:
    (small / "01-small.ko.md").unlink()
    app = opened("pages/lessons.py", lesson="1", lang="ko")
    assert not app.exception
    assert "It looks back" in said(app)
    assert any("한국어" in caption.value for caption in app.caption)


def test_a_broken_lesson_is_told_in_a_line_and_the_rest_works(small: Path) -> None:
    (small / "02-broken.md").write_text("---\ntitle: [\n---\n", encoding="utf-8")
    app = opened("pages/lessons.py")
    assert not app.exception
    assert len(app.warning) == 1
    assert "02\\-\u2060broken\\.md" in app.warning[0].value
    assert "lesson-open-1" in keys(app)


@pytest.mark.parametrize("link", [False, True])
def test_a_broken_file_that_is_no_file_neither(small: Path, link: bool) -> None:
    if link:
        (small / "14-d.md").symlink_to(small / "nothing")
    else:
        (small / "14-d.md").mkdir()
    app = opened("pages/lessons.py")
    assert not app.exception
    assert "cannot be read" in app.warning[0].value
    assert "lesson-next" in keys(opened_at(lesson="1"))


def test_a_visitor_in_another_language_has_what_changed_in_the_english_file(small: Path) -> None:
    address = {"lesson": "1", "lesson_step": "4", "lang": "ko"}
    for answer, option in (("largest", "온도 5"), ("smallest", "나누지 않음")):
        (small / "01-small.md").write_text(ENGLISH.replace("answer: largest", f"answer: {answer}"), encoding="utf-8")
        assert f"답: **{option}**" in said(press(opened_at(**address), "lesson-show"))


def test_the_next_lesson_is_the_next_of_the_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "class.toml").write_text("lessons = [3, 1, 7]", encoding="utf-8")
    monkeypatch.setenv("ATTENTION_CLASS", str(tmp_path / "class.toml"))
    steps = {lesson.number: len(lesson.steps) for lesson in lessons("en") if isinstance(lesson, Lesson)}
    for number, expected in ((3, 1), (1, 7)):
        app = opened_at(lesson=str(number), lesson_step=str(steps[number]))
        press(app, "lesson-next")
        assert dict(app.session_state["view"].settings)["lesson"] == str(expected)
    app = press(opened_at(lesson="7", lesson_step=str(steps[7])), "lesson-next")
    assert app.session_state["page"] == "lessons"
    assert "lesson" not in dict(app.session_state["view"].settings)


def test_a_click_on_the_name_of_a_row_chooses_no_column(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clicks = [{"query": 2, "key": -1}, {"query": 2, "key": 1}, {"query": 4, "key": -1}]

    def clicked(_maps: object, *, on_choose: Callable[..., None], **_given: object) -> None:
        if clicks:
            on_choose(layer=0, head=0, **clicks.pop(0))

    monkeypatch.setattr(questions, "bridge", clicked)
    app = opened_at(lesson="1", lesson_step="2")
    for expected in ((2, None), (2, 1), (4, 1)):
        app.run()
        row, column = [box for box in app.selectbox if box.key and box.key.startswith(("lesson-row", "lesson-column"))]
        assert (row.value, column.value) == expected
        assert app.button(key="lesson-check").disabled == (expected[1] is None)


@pytest.mark.parametrize("number", ["1", "01", "0001"])
def test_a_number_is_read_in_one_way(small: Path, number: str) -> None:
    app = opened_at(lesson=number)
    assert "It looks back" in said(app)
    assert app.session_state["page"] == "scaling"
    press(app, "lesson-list")
    assert app.button(key="lesson-open-1").label == "Go on"


def test_asking_what_is_open_moves_nothing(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "setting", {"lesson": "01", "lesson_step": "2"}.__getitem__)
    place = course.open_at()
    assert place is not None
    assert (place.lesson.number, place.at, course.left_at(place.lesson)) == (1, 1, None)


def test_a_step_that_cannot_be_computed_says_so_and_shows_its_page(small: Path) -> None:
    (small / "01-small.md").write_text(ENGLISH.replace("head: 3", "head: 66"), encoding="utf-8")
    app = opened("pages/lessons.py", lesson="1")
    assert not app.exception
    assert len(app.warning) == 1
    assert "head is 66" in app.warning[0].value
    assert len(app.get("plotly_chart")) > 0


def test_html_of_a_lesson_is_not_run(small: Path) -> None:
    (small / "01-small.md").write_text(
        ENGLISH.replace("Words alone.", "<script>x</script><b>b</b>").replace("A small lesson", "<i>s</i>"), "utf-8"
    )
    app = opened("pages/lessons.py", lesson="1", lesson_step="5")
    assert not app.exception
    assert not any(element.allow_html for element in app.markdown)
    assert all("<i>s" not in element.proto.body for element in app.get("html"))
