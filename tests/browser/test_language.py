"""Two languages: first the browser's, then the visitor's, kept in the address and over pages; what is set stays set."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hand import in_address, map_says, no_sideways_scroll, settled, tile_centre

ENGLISH, KOREAN = "One head", "헤드 하나"


@pytest.fixture(params=["light", "dark"])
def korean(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A visitor whose browser is set to Korean."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="ko-KR", color_scheme=request.param)
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


def speak(page: Page, name: str) -> None:
    page.locator(".st-key-language").get_by_role("radio", name=name).click()


def test_the_browsers_language_comes_first_and_then_the_visitors(korean: Page, address: str) -> None:
    korean.goto(address)
    settled(korean)
    expect(korean.get_by_text(KOREAN, exact=True)).to_be_visible()
    map_says(korean, "가중치")
    in_address(korean, lang="ko")
    korean.mouse.click(*tile_centre(korean, 2, 3))
    map_says(korean, "L2·H3 · 가중치")
    speak(korean, "English")
    expect(korean.get_by_text(ENGLISH, exact=True)).to_be_visible()
    map_says(korean, "L2·H3 · weights")
    in_address(korean, lang="en", layer="2", head="3")
    korean.get_by_role("link", name="Masks").click()
    expect(korean.get_by_text("Mask lab")).to_be_visible()
    in_address(korean, lang="en", layer="2", head="3")
    korean.reload()
    expect(korean.get_by_text("Mask lab")).to_be_visible()
    speak(korean, "한국어")
    expect(korean.get_by_text("마스크 실험실")).to_be_visible()
    no_sideways_scroll(korean)


def test_what_was_set_stays_when_the_language_changes(page: Page, address: str) -> None:
    page.goto(f"{address}/masks?mask=window&window=3")
    settled(page, "weights")
    for language, button in (("한국어", "마스크 실험실"), ("English", "Mask lab")):
        speak(page, language)
        expect(page.get_by_text(button, exact=True)).to_be_visible()
        settled(page, "weights")
        in_address(page, mask="window", window="3")
        expect(page.locator(".st-key-setting-window input")).to_have_value("3")


def test_an_unknown_language_is_the_browsers(page: Page, address: str) -> None:
    page.goto(f"{address}/?lang=tlh&text=The dog")
    settled(page)
    expect(page.get_by_text(ENGLISH, exact=True)).to_be_visible()
    page.wait_for_function("() => !new URLSearchParams(location.search).has('lang')")
