"""A lesson in the browser: a step beside its page, a cell predicted on a blank map, the way on, on every screen."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.hand import cell_centre, figure_shows, in_address, no_sideways_scroll, settled
from viz_core.lessons.asked import asked
from viz_core.lessons.asking import right
from viz_core.lessons.lesson import Lesson, Step
from viz_core.lessons.shelf import lessons


def step_that_asks_for(click: str) -> tuple[Lesson, int, Step]:
    """Its number is counted from 1, as in the address."""
    return next(
        (lesson, at, step)
        for lesson in lessons("en")
        if isinstance(lesson, Lesson)
        for at, step in enumerate(lesson.steps, 1)
        if step.ask is not None and step.ask.click == click
    )


def at_rest(page: Page) -> None:
    """A person presses nothing while the page is still being drawn."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    expect(page.locator(".st-key-lesson-next button")).to_have_count(1)


def test_a_lesson_is_begun_and_followed(any_screen: Page, address: str) -> None:
    (first, *_others) = lessons("en")
    assert isinstance(first, Lesson)
    any_screen.goto(f"{address}/lessons")
    any_screen.locator(".st-key-lesson-open-1 button").click()
    expect(any_screen.locator(".st-key-lesson h3")).to_have_text(first.steps[0].title)
    in_address(any_screen, lesson="1", lesson_step="1")
    expect(any_screen.locator("[data-testid=stSidebar]")).not_to_be_visible()
    no_sideways_scroll(any_screen)
    at_rest(any_screen)
    any_screen.locator(".st-key-lesson-show button:visible").click()  # on a phone the way on comes after the question
    expect(any_screen.locator(".st-key-lesson-question")).to_have_count(0)
    at_rest(any_screen)
    any_screen.locator(".st-key-lesson-next button").click()
    expect(any_screen.locator(".st-key-lesson h3")).to_have_text(first.steps[1].title)
    in_address(any_screen, lesson="1", lesson_step="2")
    at_rest(any_screen)
    any_screen.locator(".st-key-lesson-leave button:visible").click()  # one with a help text is there twice
    expect(any_screen.locator(".st-key-lesson")).to_have_count(0)
    any_screen.wait_for_function("!new URLSearchParams(location.search).has('lesson')")


def test_a_step_is_the_same_whether_one_comes_by_its_link_or_goes_on_to_it(page: Page, address: str) -> None:
    """The question of the next step hides the page for a while: its controls come back with their values."""
    page.goto(f"{address}/lessons?lesson=7&lesson_step=1")
    shown = controls_of_the_page(page)
    page.locator(".st-key-lesson-next button").click()
    expect(page.locator(".st-key-lesson-question")).to_be_visible()
    walked = controls_of_the_page(page)
    page.goto(f"{address}/lessons?lesson=7&lesson_step=2")
    assert walked == controls_of_the_page(page)
    assert shown != walked
    assert "The dog bit the man" in walked[0]


def controls_of_the_page(page: Page) -> tuple[list[str], list[str]]:
    """What its fields hold and which of its buttons are chosen, once the question is out of the way."""
    at_rest(page)
    page.locator(".st-key-lesson-show button:visible").click()
    figure_shows(page, "order-difference")
    at_rest(page)
    view = page.locator(".st-key-lesson-view")
    fields = [field.input_value() for field in view.locator("input[type=text]").all()]
    chosen = [button.inner_text() for button in view.locator("[role=radio][aria-checked=true]").all()]
    return fields, chosen


def test_a_cell_is_predicted_by_a_click(page: Page, address: str) -> None:
    lesson, at, step = step_that_asks_for("cell")
    assert step.ask is not None
    preset = asked({name: value for name, value in step.view.items() if name != "page"})
    row, column = min(right(step.ask, preset, Path(lesson.file)))  # type: ignore[misc]
    page.goto(f"{address}/lessons?lesson={lesson.number}&lesson_step={at}")
    settled(page, "blank")
    check = page.locator(".st-key-lesson-check button")
    expect(check).to_be_disabled()
    expect(page.locator(".st-key-blank .heatmaplayer text:visible")).to_have_count(0)
    page.mouse.click(*cell_centre(page, "blank", row, column))
    expect(check).to_be_enabled()
    check.click()
    expect(page.locator(".st-key-lesson-answer")).to_contain_text("Right")
    expect(page.locator(".st-key-blank")).to_have_count(0)
    in_address(page, lesson=str(lesson.number), lesson_step=str(at))


def test_the_words_stay_in_sight_and_what_is_changed_is_reset(page: Page, address: str) -> None:
    place = next(
        (lesson.number, at)
        for lesson in lessons("en")
        if isinstance(lesson, Lesson)
        for at, step in enumerate(lesson.steps, 1)
        if step.page == "scaling" and step.view.get("part", "head") == "head" and step.ask is not None
    )
    number, at = map(str, place)
    page.goto(f"{address}/lessons?lesson={number}&lesson_step={at}")
    page.locator(".st-key-lesson-show button").click()
    figure_shows(page, "own")
    words = page.locator(".st-key-lesson h3")
    top = words.bounding_box()
    page.mouse.move(900, 500)
    page.mouse.wheel(0, 700)
    page.wait_for_timeout(500)
    scrolled = page.locator("[data-testid=stMain]").evaluate("main => main.scrollTop")
    assert scrolled > 300
    after = words.bounding_box()
    assert top is not None
    assert after is not None
    assert abs(after["y"] - top["y"]) < 40, "the words went away"
    page.mouse.wheel(0, -700)
    box = page.get_by_label("Type a sentence")
    box.fill("A cat sat on a mat")
    box.press("Enter")
    in_address(page, text="A cat sat on a mat", lesson=number, lesson_step=at)
    expect(words).to_be_visible()
