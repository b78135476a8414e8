"""All heads in one picture: clicks, keys, hover, roles, order; what a choice sends and what it leaves alone."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
import torch
from playwright.sync_api import Page, expect

from tests.browser.hand import (
    SENTENCE,
    chosen_head,
    in_address,
    settled,
    tile_centre,
    words,
)
from viz_core.models import Model

pytestmark = pytest.mark.browser


def test_fifty_fast_clicks_the_last_one_wins(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    for click in range(50):
        page.mouse.click(*tile_centre(page, click % 4, click * 5 % 6))
    layer, head = 49 % 4, 49 * 5 % 6
    in_address(page, layer=str(layer), head=str(head))
    page.wait_for_timeout(2_000)  # nothing late may move it back
    chosen_head(page, layer, head)
    in_address(page, layer=str(layer), head=str(head))


def test_clicks_on_different_pictures_are_all_kept(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    page.mouse.click(*tile_centre(page, 3, 1))
    page.locator("[data-token-index='5']").click()
    page.mouse.click(*tile_centre(page, 0, 2))
    in_address(page, layer="0", head="2", query="5")
    chosen_head(page, 0, 2)
    expect(page.get_by_test_id("token-strip")).to_have_attribute("data-row", "5")


def test_hovering_a_head_magnifies_it_and_tells_its_roles(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    stored = torch.tensor(model.card["roles"]["previous"])
    layer, head = divmod(int(stored.argmax()), stored.shape[1])
    page.mouse.move(*tile_centre(page, layer, head))
    tip = page.get_by_test_id("head-grid-tip")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text(f"L{layer}·H{head}")
    expect(tip.locator("tr", has_text="the token before")).to_contain_text(f"{float(stored.max()):.2f}")


def test_a_role_picks_out_its_heads_and_puts_them_in_order(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    grid = page.get_by_test_id("head-grid")
    sort = page.locator(".st-key-heads .sort")
    expect(sort).to_be_hidden()
    page.locator(".st-key-find input").click()
    page.get_by_role("option", name="the token before").click()
    expect(grid).to_have_attribute("data-role", "previous")
    sort.locator("input").check()
    expect(grid).to_have_attribute("data-order", "previous")
    scores = torch.tensor(model.card["roles"]["previous"])
    ranked = [
        divmod(index, scores.shape[1]) for index in scores.flatten().argsort(descending=True, stable=True).tolist()
    ]
    best, second = ranked[:2]
    chosen_head(page, *best)
    grid.focus()
    page.keyboard.press("ArrowRight")
    chosen_head(page, *second)
    sort.locator("input").uncheck()
    expect(grid).to_have_attribute("data-order", "")
    chosen_head(page, *second)


def test_ninety_six_layers_of_ninety_six_heads(page: Page, address: str, checkpoint: Callable[..., str]) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}&model={checkpoint(n_layer=96, n_head=96, n_embd=96, n_positions=64)}")
    settled(page)
    grid = page.get_by_test_id("head-grid")
    expect(grid).to_have_attribute("data-layers", "96")
    grid.focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    chosen_head(page, 0, 0)
    page.keyboard.press("End")
    page.keyboard.press("PageDown")
    chosen_head(page, 95, 95)
    in_sight = page.locator("[data-testid=head-grid] .scroller").evaluate(
        "node => [node.scrollTop > 0, node.scrollLeft > 0]"
    )
    assert in_sight == [True, True]


def test_back_after_a_click_goes_back(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}&layer=0&head=1")
    settled(page)
    page.mouse.click(*tile_centre(page, 2, 3))
    in_address(page, layer="2", head="3")
    chosen_head(page, 2, 3)
    page.wait_for_timeout(1_500)
    page.go_back()
    chosen_head(page, 0, 1)
    in_address(page, layer="0", head="1")


def test_another_model_forgets_the_role_that_was_picked(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}&model=tiny-bert")
    settled(page)
    page.locator(".st-key-find input").click()
    page.get_by_role("option", name="the token after").click()
    grid = page.get_by_test_id("head-grid")
    expect(grid).to_have_attribute("data-role", "next")
    for name, heads in (("tiny-gpt", "6"), ("formation", "4"), ("tiny-bert", "6")):
        page.locator(".st-key-model_name input").click()
        page.get_by_role("option", name=name, exact=True).click()
        in_address(page, text=SENTENCE)
        expect(grid).to_have_attribute("data-heads", heads)
        expect(grid).to_have_attribute("data-role", "")
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_sentence_stays_in_its_box_from_page_to_page(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}&layer=1&head=4")
    settled(page)
    for link, key in (("Walk through this head's computation", "residual"), ("Explore", "map")):
        page.get_by_role("link", name=link).click()
        settled(page, key)
        expect(page.get_by_label("Type a sentence")).to_have_value(SENTENCE)


def test_a_choice_does_not_run_the_page_again(page: Page, address: str) -> None:
    received: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(bytes(frame))))
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    assert any(b"Type a sentence" in frame for frame in received)
    page.wait_for_timeout(1_000)
    received.clear()
    page.mouse.click(*tile_centre(page, 2, 3))
    chosen_head(page, 2, 3)
    page.wait_for_timeout(500)
    assert not [frame for frame in received if b"Type a sentence" in frame], "the box was drawn again"
    assert not [frame for frame in received if len(frame) > 10_000 and b"head-grid" in frame], "the tiles came again"


def test_the_map_is_never_blank_while_another_head_is_drawn(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    page.wait_for_timeout(1_500)  # the copy is made when the browser has time
    page.evaluate("""() => {
      window.blank = 0;
      const place = document.querySelector('.st-key-map');
      const seen = (node) => node.checkVisibility({ visibilityProperty: true });
      // after the frame's other work, as it is painted
      const look = () => requestAnimationFrame(() => {
        queueMicrotask(() => {
          window.blank += ![...place.querySelectorAll('.js-plotly-plot, .linked-ghost')].some(seen);
        });
        look();
      });
      look();
    }""")
    for layer, head in ((2, 3), (0, 1), (3, 5)):
        page.mouse.click(*tile_centre(page, layer, head))
        chosen_head(page, layer, head)
        page.wait_for_timeout(800)
    assert page.evaluate("window.blank") <= 3, "at most the frame in which the new figure comes, once a head"


def test_tiles_of_a_long_text_show_the_strongest_or_the_mean(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(words(200))}")
    settled(page)
    tip = page.get_by_test_id("head-grid-tip")
    page.mouse.move(*tile_centre(page, 1, 1))
    expect(tip).to_contain_text("strongest of 4 × 4")
    before = tip.locator("canvas").evaluate("node => node.toDataURL()")
    page.mouse.move(2, 2)
    page.get_by_role("radio", name="the mean").click()
    page.wait_for_timeout(1_500)
    page.mouse.move(*tile_centre(page, 1, 1))
    expect(tip).to_contain_text("mean of 4 × 4")
    assert tip.locator("canvas").evaluate("node => node.toDataURL()") != before
