"""The page "Scaling" in the browser: its numbers are those of viz_core, on every screen."""

from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.hand import (
    SENTENCE,
    cell_centre,
    figure_shows,
    in_address,
    no_sideways_scroll,
    press,
    settled,
    slide,
)
from viz_core.analysis import scaling
from viz_core.analysis.predictions import change_of
from viz_core.edits import Edits
from viz_core.models import Model
from viz_core.ui.show import number

WHERE = f"scaling?text={quote(SENTENCE)}&layer=1&head=2"


def test_the_divisor_changes_the_prediction_as_computed(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/{WHERE}&scope=all")
    figure_shows(any_screen, "other")
    slide(any_screen, "divisor", 1)  # from 1 to 2
    before, after = (model.record(SENTENCE, edits).logits[-1] for edits in (Edits(), Edits(scale=0.5)))
    told = any_screen.get_by_text(f"KL divergence {number(change_of(before, after, 5).divergence)} nats")
    expect(told).to_be_visible()
    no_sideways_scroll(any_screen)


def test_the_variance_is_the_measured_one(any_screen: Page, address: str) -> None:
    any_screen.goto(f"{address}/scaling")
    press(any_screen, "part", "Why √dₖ")
    figure_shows(any_screen, "histogram")
    slide(any_screen, "width", -1)
    expect(any_screen.get_by_text(number(float(scaling.dot_products(32).var())), exact=True)).to_be_visible()
    no_sideways_scroll(any_screen)


def test_a_click_chooses_the_cell_in_both_maps(page: Page, address: str) -> None:
    page.goto(f"{address}/{WHERE}")
    settled(page, "own")
    page.mouse.click(*cell_centre(page, "own", 5, 2))
    in_address(page, query="5", key="2")
    expect(page.locator(".linked-chosen:visible")).to_have_count(2)


def test_a_page_that_is_come_back_to_shows_the_part_it_was_left_at(page: Page, address: str) -> None:
    at_ease = 1_000  # ms: a person goes nowhere else while the page is still being drawn

    page.goto(f"{address}/scaling")
    press(page, "part", "Why √dₖ")
    figure_shows(page, "histogram")
    in_address(page, part="why")
    page.wait_for_timeout(at_ease)
    page.get_by_role("link", name="Masks").click()
    figure_shows(page, "weights")
    page.wait_for_timeout(at_ease)
    assert "part=" not in page.url, "the part of another page"
    page.get_by_role("link", name="Scaling").click()
    figure_shows(page, "histogram")
    in_address(page, part="why")
    for shown in ("weights", "histogram", "own"):
        page.wait_for_timeout(at_ease)
        page.go_back()
        figure_shows(page, shown)
