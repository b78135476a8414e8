"""Sharing in the browser: a link that is copied, a code that is read, a file that opens anywhere."""

import re
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.hand import figure_shows, no_sideways_scroll, opened_offline, settled
from tests.browser.test_taking import PAYLOAD, saved

NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"  # as on http in a LAN
EVERY = """() => [...document.querySelectorAll(".plot")].map((plot) => {
  const drawn = plot.querySelector(".main-svg");
  return !!drawn && plot._fullLayout.width <= plot.clientWidth + 1 && plot.data.length > 0;
})"""


def share(page: Page, place: str = "sidebar") -> None:
    menu = page.get_by_test_id("stExpandSidebarButton")
    if place == "sidebar" and menu.is_visible():
        menu.click()
    page.locator(f".st-key-share-{place} button").locator("visible=true").click()  # of two: a phone has its own
    expect(page.get_by_test_id("copy-link").locator("input")).to_have_value(re.compile("^http://localhost:"))


def seen_at(page: Page) -> str:
    """The address as the browser has it, its blanks as the link writes them."""
    return page.url.replace("+", "%20")


def code_in(picture: bytes) -> str:
    return zxingcpp.read_barcodes(np.asarray(Image.open(BytesIO(picture)).convert("L")))[0].text


def test_the_link_and_its_code(any_screen: Page, address: str) -> None:
    any_screen.goto(f"{address}/scaling?text={quote('the dog bit')}&layer=1")
    figure_shows(any_screen, "own")
    share(any_screen)
    link = any_screen.get_by_test_id("copy-link")
    expect(any_screen.get_by_text("Others cannot open it")).to_be_visible()
    no_sideways_scroll(any_screen)
    link.locator(".code").click()
    large = link.locator("dialog .large")
    expect(large).to_be_visible()
    any_screen.wait_for_timeout(300)  # opened
    assert code_in(any_screen.screenshot()) == seen_at(any_screen)
    box = large.bounding_box()
    screen = any_screen.viewport_size
    assert box is not None
    assert screen is not None
    assert box["width"] > 0.8 * min(screen["width"], screen["height"]), "to be read from the last row"
    any_screen.keyboard.press("Escape")
    expect(large).not_to_be_visible()
    expect(link.locator(".copy")).to_be_visible()  # the menu stays
    any_screen.keyboard.press("Escape")
    expect(link).not_to_be_visible()


@pytest.mark.parametrize("clipboard", [True, False], ids=["https", "LAN"])
def test_the_link_is_copied(browser: Browser, address: str, clipboard: bool) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    if not clipboard:
        page.add_init_script(NO_CLIPBOARD)
    page.goto(f"{address}/?text=hello+there&layer=2")
    settled(page)
    share(page)
    link = page.get_by_test_id("copy-link")
    link.locator(".copy").click()
    expect(link.get_by_role("status")).to_have_text("Copied.")
    reader = context.new_page()
    reader.goto(f"{address}/_stcore/health")
    reader.bring_to_front()
    assert reader.evaluate("navigator.clipboard.readText()") == seen_at(page)
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_hand_out_opens_without_a_network_and_runs_nothing(
    browser: Browser, address: str, tmp_path: Path, theme: str
) -> None:
    visit = browser.new_context(color_scheme=theme).new_page()
    visit.goto(f"{address}/?text={quote(PAYLOAD)}&layer=1&head=2")
    settled(visit)
    share(visit)
    file = saved(visit, visit.locator(".st-key-handout-html-sidebar button"), tmp_path)
    assert file.name == "Explore.html"
    assert file.stat().st_size < 6_000_000
    visit.context.close()

    with opened_offline(browser, file, width=390) as page:
        page.evaluate("window.drawn")
        assert len(page.evaluate(EVERY)) >= 3, "all heads, the chosen one, what comes next"
        assert all(page.evaluate(EVERY))
        expect(page.get_by_text(f"Text: {PAYLOAD}", exact=True)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        map_of_head = page.locator(".plot:has(.heatmaplayer)").last
        map_of_head.scroll_into_view_if_needed()
        box = map_of_head.locator(".heatmaplayer image").last.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 4, box["y"] + 4)
        expect(map_of_head.locator(".hoverlayer")).to_contain_text("weight")
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert all(page.evaluate(EVERY))


def test_a_page_as_pdf(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/scaling?text=hello+there&lang=ko")
    figure_shows(page, "own")
    share(page)
    page.locator(".st-key-handout-pdf-sidebar button").click()
    file = saved(page, page.locator(".st-key-handout-save-sidebar button"), tmp_path)
    assert file.suffix == ".pdf"
    assert file.read_bytes().startswith(b"%PDF-")


def test_a_lesson_as_a_file(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/lessons?lesson=3")
    share(page, "lesson")
    page.locator(".st-key-handout-html-lesson button").click()
    save = page.locator(".st-key-handout-save-lesson button")
    expect(save).to_be_visible(timeout=120_000)
    expect(page.locator(".st-key-cancel-handout-lesson")).to_have_count(0)
    beside = page.locator(".st-key-handout-png-lesson button").bounding_box()
    box = save.bounding_box()
    assert beside is not None
    assert box is not None
    assert box["y"] == pytest.approx(beside["y"], abs=1), "where it was pressed, in one row with the others"
    assert box["x"] < beside["x"]
    expect(save).to_be_in_viewport(ratio=1)
    file = saved(page, page.locator(".st-key-handout-save-lesson button"), tmp_path)
    words = file.read_text(encoding="utf-8")
    assert words.count("<h2>") >= 5
    assert "Answers" in words
