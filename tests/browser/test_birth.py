"""The page "How heads are born" in the browser: playing costs the server nothing and shows what the model computes."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

import viz_core
from tests.browser.hand import figure_shows, in_address, no_sideways_scroll, press, sent, settled, slide
from viz_core.analysis.birth import moved
from viz_core.ui.mechanism.birth.words import EXAMPLE
from viz_core.ui.show import number

PLOT = "document.querySelector('.st-key-{key} .js-plotly-plot')"
MAP = f"() => [...{PLOT.format(key='map')}._fullData.at(-1).z.at(-1)]"  # its last row
LINE = f"() => {PLOT.format(key='loss')}.layout.shapes[0].x0"


def weights(step: int, layer: int, head: int) -> list[float]:
    """Of the last row."""
    recording = viz_core.load(f"formation@{step}").record(EXAMPLE)
    return recording.blocks[layer].attention.head(head).weights[0, -1].tolist()


def test_a_moment_slid_to_is_the_model_of_that_step(any_screen: Page, address: str) -> None:
    any_screen.goto(f"{address}/birth?text={quote(EXAMPLE)}&layer=1&head=1")
    settled(any_screen)
    slider = any_screen.get_by_role("slider", name="Moment of training")
    slider.focus()
    for _step in range(4):  # from 5,000 to 1,650
        slider.press("ArrowLeft")
    in_address(any_screen, moment="1650")
    expect(any_screen.locator(".st-key-map .gtitle", has_text="L1·H1 · weights at step 1,650")).to_have_count(1)
    assert any_screen.evaluate(MAP) == pytest.approx(weights(1650, 1, 1), abs=1e-6)
    any_screen.locator("[data-testid=film] button", has_text="L0·H0").click()
    expect(any_screen.locator(".st-key-map .gtitle", has_text="L0·H0 · weights at step 1,650")).to_have_count(1)
    any_screen.wait_for_function(f"({MAP})().at(-1) < 1")
    assert any_screen.evaluate(MAP) == pytest.approx(weights(1650, 0, 0), abs=1e-6)
    no_sideways_scroll(any_screen)


def test_playing_asks_the_server_nothing(page: Page, address: str) -> None:
    messages = sent(page)
    page.goto(f"{address}/birth?text={quote(EXAMPLE)}&layer=1&head=1")
    settled(page)
    figure_shows(page, "likely")
    film = page.get_by_test_id("film")
    expect(film).to_have_attribute("data-moment", "11")
    before = len(messages)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(film).to_have_attribute("data-moment", "7")
    page.wait_for_function(f"({LINE})() === 1650")
    assert page.evaluate(MAP) == pytest.approx(weights(1650, 1, 1), abs=1e-6)
    assert len(messages) == before
    page.get_by_role("button", name="Pause").click()
    page.wait_for_function("new URLSearchParams(location.search).has('moment')")
    page.wait_for_timeout(1_000)  # what comes sooner counts as sent along with the click
    page.go_back()
    expect(film).to_have_attribute("data-moment", "11")


@pytest.mark.parametrize("hand", ["tick", "slider", "button"])
def test_whatever_the_visitor_touches_ends_playing(page: Page, address: str, hand: str) -> None:
    page.goto(f"{address}/birth?text={quote(EXAMPLE)}&moment=1")
    settled(page)
    player = page.get_by_test_id("player")
    expect(player).to_have_attribute("data-moment", "0")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(player).to_have_attribute("data-moment", "1")
    if hand == "tick":
        player.locator(".tick").nth(4).click()
    elif hand == "slider":
        page.get_by_role("slider", name="Moment of training").press("End")
    else:
        page.get_by_role("button", name="Pause").click()
    expect(player).to_have_attribute("data-playing", "false")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    at = player.get_attribute("data-moment")
    assert at == {"tick": "4", "slider": "11"}.get(hand, at)
    page.wait_for_timeout(1_600)  # two moments of playing
    expect(player).to_have_attribute("data-moment", str(at))
    if hand == "tick":
        in_address(page, moment="350")


def test_the_tiles_are_one_stop_and_arrow_keys_go_along(page: Page, address: str) -> None:
    page.goto(f"{address}/birth?text={quote(EXAMPLE)}&layer=1&head=1")
    settled(page)
    film = page.get_by_test_id("film")
    assert film.locator("button").evaluate_all("all => all.map(one => one.tabIndex)") == [0, *[-1] * 7]
    film.locator("button").first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    expect(film.locator("button", has_text="L1·H1")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-map .gtitle", has_text="L1·H3")).to_have_count(1)
    assert film.locator("button").evaluate_all("all => all.map(one => one.tabIndex)") == [*[-1] * 7, 0]


def test_without_movement_a_press_goes_on_by_one(page: Page, address: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{address}/birth?moment=350")
    settled(page)
    page.get_by_role("button", name="Next moment").click()
    in_address(page, moment="1500")
    expect(page.get_by_test_id("player")).to_contain_text("Step 1,500 of 5,000: held-out loss 3.771")


def test_two_moments_are_compared_as_computed(any_screen: Page, address: str) -> None:
    any_screen.goto(f"{address}/birth?text={quote(EXAMPLE)}&later=2200")
    press(any_screen, "part", "Compare two moments")
    figure_shows(any_screen, "moved")
    slide(any_screen, "earlier", 1)  # from 1,500 to 1,600
    in_address(any_screen, earlier="1600")
    both = [viz_core.load(f"formation@{step}").record(EXAMPLE).blocks for step in (1600, 2200)]
    layers = [moved(before.attention.weights, after.attention.weights) for before, after in zip(*both, strict=True)]
    means = ", ".join(f"L{layer} {number(float(far.mean()))}" for layer, far in enumerate(layers))
    expect(any_screen.get_by_text(f"Means of the layers: {means}")).to_be_visible()
    no_sideways_scroll(any_screen)
