"""The page "Positions" in the browser: its numbers are those of viz_core, on every screen."""

from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.hand import (
    SENTENCE,
    cell_centre,
    figure_shows,
    in_address,
    no_sideways_scroll,
    point_at,
    press,
    settled,
)
from viz_core import load, masks
from viz_core.analysis import places
from viz_core.analysis.predictions import divergence
from viz_core.edits import Cells, Edits
from viz_core.ui.show import number

ONE, ANOTHER = "The dog bit the man", "The man bit the dog"


def test_word_order_with_and_without_a_mask(any_screen: Page, address: str) -> None:
    any_screen.goto(f"{address}/positions?part=order&model=tiny-bert")
    figure_shows(any_screen, "order-difference")
    expect(any_screen.get_by_text("The same up to permutation")).to_be_visible()
    press(any_screen, "sees", "itself and what came before")
    expect(any_screen.get_by_text("itself tells what came before")).to_be_visible()
    model = load("tiny-bert")
    first, second = (model.token_ids(text) for text in (ONE, ANOTHER))
    edits = Edits(positions="zeroed", allowed=Cells.of(masks.causal(5)))
    difference = places.order_difference(places.in_double(model.transformer), first, second, edits).max()
    expect(any_screen.get_by_text(f"max |Δ| {number(float(difference))} over all 24 heads")).to_be_visible()
    logits = [model.record(text, edits, all_logits=True).logits for text in (ONE, ANOTHER)]
    told = f"divergence {number(divergence(logits[0][4], logits[1][1]))} nats"
    expect(any_screen.get_by_text(told)).to_be_visible()
    no_sideways_scroll(any_screen)


def test_a_chosen_number_is_worked_out(any_screen: Page, address: str) -> None:
    any_screen.goto(f"{address}/positions")
    figure_shows(any_screen, "matrix")
    any_screen.locator(".st-key-setting-position [data-testid=stNumberInputStepUp]").click()
    found = places.cell(8, 4, 32)
    expect(any_screen.locator("annotation", has_text=f"{found.value:.4g}")).to_have_count(1)
    in_address(any_screen, position="8")
    no_sideways_scroll(any_screen)


def test_hovering_a_cell_of_the_matrix_tells_its_sine(page: Page, address: str) -> None:
    page.goto(f"{address}/positions?rows=16&components=8")
    settled(page, "matrix")
    page.mouse.move(*cell_centre(page, "matrix", 5, 3), steps=3)
    told = page.locator(".st-key-matrix .hovertext")
    found = places.cell(5, 3, 8)
    expect(told).to_contain_text("position 5, component 3 (pair i = 1)")
    expect(told).to_contain_text(f"angle {found.angle:.4g} rad")
    expect(told).to_contain_text(f"{found.value:.4g}")


def test_the_sum_is_linked_by_rows(page: Page, address: str) -> None:
    page.goto(f"{address}/positions?part=added&model=positions-learned&text={quote(SENTENCE)}")
    settled(page, "sum")
    page.mouse.click(*cell_centre(page, "sum", 3, 40))
    in_address(page, query="3")
    point_at(page, page.locator(".st-key-alike"))
    expect(page.get_by_text("still much as they began")).to_be_visible()
