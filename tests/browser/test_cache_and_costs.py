"""KV cache and costs in the browser: what a slider changes is what viz_core computes, on every screen."""

from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.hand import SENTENCE, figure_shows, in_address, no_sideways_scroll, press, slide
from viz_core.analysis.parameters import shape_of
from viz_core.efficiency.costs import cost
from viz_core.efficiency.generation import both_ways
from viz_core.models import Model
from viz_core.ui.mechanism.efficient.tables import large


def idle(page: Page) -> None:
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()


def test_a_step_with_the_cache_computes_one_row(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/efficient?part=cache&write=8&at=3&text={quote(SENTENCE)}")
    figure_shows(any_screen, "step-with")
    both = both_ways(model.transformer, model.record(SENTENCE).token_ids, 8, repetitions=1)
    idle(any_screen)
    slide(any_screen, "at", 1)
    in_address(any_screen, at="4")
    step = any_screen.get_by_test_id("one-step")
    rows = step.get_by_role("row")
    expect(rows.nth(1)).to_contain_text(f"{both.without.rows[4]}1")
    expect(rows.nth(2)).to_contain_text(large(both.without.multiply_adds[4]) + large(both.cached.multiply_adds[4]))
    expect(any_screen.locator(".st-key-step-without .gtitle", has_text="without a cache")).to_have_count(1)
    expect(any_screen.locator(".st-key-step-with")).to_contain_text("one row goes through")
    no_sideways_scroll(any_screen)
    press(any_screen, "kept_width", "fp32")
    kept = f"{shape_of(model.transformer).cache_bytes(131072, 4) // 2**20} MiB"
    expect(any_screen.get_by_test_id("cache-table").locator("tbody tr").first.locator("td.here")).to_have_text(kept)
    no_sideways_scroll(any_screen)


def test_costs_follow_the_sliders_and_layers_are_measured(any_screen: Page, address: str) -> None:
    any_screen.goto(f"{address}/efficient?part=costs&d=64&r=16&text=x")
    figure_shows(any_screen, "costs")
    idle(any_screen)
    slide(any_screen, "n", 1)
    in_address(any_screen, n="2048")
    first = any_screen.get_by_test_id("cost-table").locator("tbody tr").first
    expect(first).to_contain_text(f"n²·d = 2,048²·64 = {large(cost('attention', 2048, 64).work)}")
    no_sideways_scroll(any_screen)
    any_screen.get_by_role("button", name="Measure the four layers").or_(
        any_screen.get_by_role("button", name="Measure again")
    ).click()
    figure_shows(any_screen, "layers-timed")
    expect(any_screen.get_by_test_id("timed-table").locator("tbody tr")).to_have_count(4)
    no_sideways_scroll(any_screen)
