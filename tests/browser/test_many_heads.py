"""The page "Many heads" in the browser: clicks switch heads, in any number and at any speed; numbers are viz_core's."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hand import (
    SENTENCE,
    at_rest,
    cell_centre,
    figure_shows,
    in_address,
    no_sideways_scroll,
    press,
    settled,
    slide,
)
from viz_core.analysis.contributions import direct_effects
from viz_core.analysis.predictions import change_of
from viz_core.edits import Edits
from viz_core.models import Model
from viz_core.ui.show import number

WHERE = f"many_heads?text={quote(SENTENCE)}"


def told_without(model: Model, *off: tuple[int, int]) -> str:
    """What the page says once these heads are off."""
    before, after = (model.record(SENTENCE, edits).logits[-1] for edits in (Edits(), Edits(ablated=frozenset(off))))
    return f"KL divergence {number(change_of(before, after, 5).divergence)} nats"


def test_clicks_switch_heads_off_and_on(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/{WHERE}")
    figure_shows(any_screen, "ranking")
    grid = any_screen.get_by_test_id("head-map")
    for head in ("L0·H0", "L1·H4", "L3·H5"):  # faster than Python answers; the map of before may be there, hidden
        grid.locator(f"[data-head='{head}']:visible").click()
    expect(any_screen.get_by_text(told_without(model, (0, 0), (1, 4), (3, 5)))).to_be_visible()
    in_address(any_screen, off="0.0-1.4-3.5")
    no_sideways_scroll(any_screen)
    grid.get_by_label("Switch all heads of layer 2").click()
    in_address(any_screen, off="0.0-1.4-2-3.5")
    grid.locator("[data-head='L0·H0']").focus()
    any_screen.keyboard.press("ArrowRight")
    any_screen.keyboard.press("Space")
    in_address(any_screen, off="0.0-0.1-1.4-2-3.5")
    any_screen.get_by_role("button", name="All on").click()
    expect(any_screen.get_by_text("Nothing is changed yet.")).to_be_visible()
    expect(grid.locator("[aria-checked=false]")).to_have_count(0)


@pytest.mark.parametrize(
    ("where", "key"),
    [("many_heads", "switches"), ("many_heads?part=needed", "needed-map"), ("head_finder?part=repeats", "probed")],
)
def test_what_a_sentence_is_first_seen_with_stays_when_its_measuring_is_done(
    page: Page, address: str, where: str, key: str
) -> None:
    """The bar that told of it is gone in the next run; were what stands below built anew, it would lose clicks."""
    page.goto(f"{address}/{where}{'&' if '?' in where else '?'}text={quote('A sentence for ' + key)}")
    map_of_heads = page.locator(f".st-key-{key}")
    map_of_heads.wait_for()
    at_rest(page)
    first = map_of_heads.element_handle()
    page.evaluate("() => attentionBoard.choose({ query: 0, key: 0 })")
    in_address(page, query="0")
    at_rest(page)
    page.keyboard.press("r")  # Streamlit's key for running the whole page again
    at_rest(page)
    assert first.evaluate("node => node.isConnected")


def test_a_click_on_a_bar_switches_its_head(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/{WHERE}")
    figure_shows(page, "ranking")
    strongest = page.locator(".st-key-ranking .yaxislayer-above text").first.text_content() or ""
    layer, head = (int(part[1:]) for part in strongest.split("·"))
    x, y = cell_centre(page, "ranking", 0, 0)  # where the bar begins
    page.mouse.click(x + 20, y)
    expect(page.get_by_text(told_without(model, (layer, head)))).to_be_visible()
    expect(page.locator(".st-key-ranking .js-plotly-plot")).to_have_count(1)  # the one of the run before is gone
    x, y = cell_centre(page, "ranking", 0, 0)  # where the bar begins
    page.mouse.click(x + 20, y)
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()


def test_direct_effects_are_the_models_and_a_click_chooses(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/{WHERE}&part=own")
    figure_shows(any_screen, "whole")
    recording = model.record(SENTENCE)
    token, rival = recording.logits[-1].topk(2).indices.tolist()
    effects = direct_effects(model.transformer, recording, -1, token, rival)
    grid = any_screen.get_by_test_id("head-map")
    said = number(float(f"{float(effects.heads[3, 5]):.3g}"))
    head = grid.locator("[data-head='L3·H5']")
    expect(head).to_have_attribute("aria-label", f"L3·H5, direct effect in logits {said}")
    head.click()
    in_address(any_screen, layer="3", head="5")
    no_sideways_scroll(any_screen)
    press(any_screen, "part", "Roles")
    settled(any_screen)
    expect(any_screen.locator(".st-key-map .gtitle", has_text="L3·H5")).to_have_count(1)
    any_screen.get_by_test_id("head-map").locator("[data-head='L1·H1']").click()
    expect(any_screen.locator(".st-key-map .gtitle", has_text="L1·H1")).to_have_count(1)
    expect(any_screen.get_by_test_id("head-grid")).to_have_attribute("data-head", "1")
    no_sideways_scroll(any_screen)


def test_no_part_is_wider_than_the_screen(any_screen: Page, address: str) -> None:
    any_screen.goto(f"{address}/{WHERE}&part=needed")
    figure_shows(any_screen, "removal")
    slide(any_screen, "heads_off", -1)
    in_address(any_screen, part="needed")
    no_sideways_scroll(any_screen)
    press(any_screen, "part", "Concatenate, W_O")
    figure_shows(any_screen, "parts")
    expect(any_screen.locator(".heads-as-blocks img.map")).to_have_count(6)
    no_sideways_scroll(any_screen)
    press(any_screen, "part", "Shared keys")
    figure_shows(any_screen, "shared-change")
    no_sideways_scroll(any_screen)
    press(any_screen, "shape", "PaLM 540B")
    expect(any_screen.get_by_text("120,832 bytes")).to_be_visible()
    no_sideways_scroll(any_screen)
    press(any_screen, "part", "Parameters")
    figure_shows(any_screen, "kinds")
    no_sideways_scroll(any_screen)
