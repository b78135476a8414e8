"""All lessons in both languages, as a visitor goes through them: answer, look, go on, from the first step to the last.

What is right is checked against the models in tests/lessons; here every step must open, ask, show its page and let go.
"""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from viz_core.language import LANGUAGES
from viz_core.lessons.lesson import Lesson, Step
from viz_core.lessons.shelf import lessons

EVERY = [
    pytest.param(lesson, id=f"{lesson.number}-{language}")
    for language in LANGUAGES
    for lesson in lessons(language)
    if isinstance(lesson, Lesson)
]


@pytest.fixture
def reader(browser: Browser) -> Iterator[Page]:
    """A visitor with a wide screen, to whom an error in the page is a failure."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(60_000)
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108  Playwright takes no bound method
    yield page
    context.close()
    assert not errors


@pytest.mark.parametrize("lesson", EVERY)
def test_a_lesson_from_its_first_step_to_its_last(reader: Page, address: str, lesson: Lesson) -> None:
    asked = urlencode({"lesson": lesson.number, "lesson_step": 1, "lang": lesson.language})
    reader.goto(f"{address}/lessons?{asked}")
    for at, step in enumerate(lesson.steps):
        expect(reader.locator(".st-key-lesson h3")).to_have_text(step.title)
        _at_rest(reader)
        if step.ask is not None:
            _answer(reader, step)
            expect(reader.locator(".st-key-lesson-answer")).to_be_visible()
        if step.page:
            seen = ".st-key-lesson-view :is(.js-plotly-plot .main-svg, .st-key-chain)"  # a picture, or the page's strip
            expect(reader.locator(seen).first).to_be_visible()
        _at_rest(reader)
        expect(reader.locator("[data-testid=stException]")).to_have_count(0)
        if at + 1 < len(lesson.steps):
            reader.locator(".st-key-lesson-next button").click()


def _answer(page: Page, step: Step) -> None:
    """The first option or token; where a cell is asked for, to be shown it."""
    assert step.ask is not None
    if step.ask.click == "cell":
        page.locator(".st-key-lesson-show button").click()
        return
    question = page.locator(".st-key-lesson-question")
    question.locator("[data-testid=stButtonGroup] button, [role=radiogroup] label").first.click()
    expect(page.locator(".st-key-lesson-check button")).to_be_enabled()
    page.locator(".st-key-lesson-check button").click()


def _at_rest(page: Page) -> None:
    """A person presses nothing while the page is still being drawn."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    expect(page.locator(".st-key-lesson-next button")).to_have_count(1)
