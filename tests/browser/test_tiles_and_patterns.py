"""The parts FlashAttention and Fewer cells in the browser: the walk is played there, its numbers are viz_core's."""

from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.hand import SENTENCE, cell_centre, figure_shows, in_address, no_sideways_scroll, sent, settled
from viz_core import masks
from viz_core.analysis.predictions import change_of
from viz_core.edits import Cells, Edits
from viz_core.efficiency.online_softmax import Step
from viz_core.efficiency.tile_walk import Walk, tile_walk
from viz_core.models import Model
from viz_core.ui.show import number, share

WHERE = f"efficient?text={quote(SENTENCE)}&layer=1&head=2&query=6&key=2&tile_rows=3&tile_keys=2"
FRAME = """() => { const plot = document.querySelector('.st-key-tiles .js-plotly-plot');
  const { y0, y1, x0, x1 } = plot.layout.shapes[2]; return [y0, y1, x0, x1].map((edge) => edge + 0.5).join() }"""


def walk_of(model: Model) -> Walk:
    return tile_walk(model.record(SENTENCE).blocks[1].attention.head(2), 3, 2, 6)


def frame_is_at(page: Page, step: Step) -> None:
    """Wait until the map frames this tile."""
    page.wait_for_function(f"expected => ({FRAME})() === expected", arg=",".join(map(str, (*step.rows, *step.keys))))


def told(page: Page, row: int) -> list[str]:
    """The numbers that stand beside a row."""
    cells = page.get_by_test_id("tile-rows").locator(f"tr[data-row='{row}'] td")
    return [text.replace("× ", "") for text in cells.all_inner_texts()[:3]]


def numbers(step: Step, row: int) -> list[str]:
    at = row - step.rows[0]
    return [number(float(one[at])) for one in (step.after.largest, step.rescaled, step.after.total)]


def test_the_walk_goes_step_by_step_as_computed(any_screen: Page, address: str, model: Model) -> None:
    page, walk = any_screen, walk_of(model)
    page.goto(f"{address}/{WHERE}")
    settled(page, "tiles")
    at = walk.step_of(6, 2)
    expect(page.get_by_test_id("tile-rows")).to_have_attribute("data-moment", str(at))
    frame_is_at(page, walk.steps[at])
    page.get_by_test_id("player").get_by_label("Next tile").click()
    expect(page.get_by_test_id("tile-rows")).to_have_attribute("data-moment", str(at + 1))
    assert told(page, 6) == numbers(walk.steps[at + 1], 6)
    frame_is_at(page, walk.steps[at + 1])
    in_address(page, tile_step=f"{at + 1}.6.2")
    expect(page.get_by_test_id("player").get_by_text(f"Tile {at + 2} of {len(walk.steps)}")).to_be_visible()
    no_sideways_scroll(page)


def test_playing_asks_nothing_of_the_server(page: Page, address: str, model: Model) -> None:
    walk, messages = walk_of(model), sent(page)
    page.goto(f"{address}/{WHERE}&tile_step=0.6.2")
    settled(page, "tiles")
    expect(page.get_by_test_id("player")).to_have_attribute("data-moment", "0")
    page.wait_for_timeout(1_000)
    before = len(messages)
    page.evaluate(f"() => {{ window.seen = new Set(); setInterval(() => window.seen.add(({FRAME})()), 20) }}")
    page.get_by_test_id("player").get_by_label("Play").click()
    page.wait_for_function("() => window.seen.size >= 3")  # the frame has moved twice
    assert len(messages) == before
    in_address(page, tile_step=f"{len(walk.steps) - 1}.6.2")
    expect(page.get_by_text("These rows have seen all")).to_be_visible()
    tiles = {",".join(map(str, (*step.rows, *step.keys))) for step in walk.steps}
    assert set(page.evaluate("() => [...window.seen]")) <= tiles


def test_a_click_on_the_map_goes_to_its_tile(page: Page, address: str, model: Model) -> None:
    walk = walk_of(model)
    page.goto(f"{address}/{WHERE}&tile_step=0.6.2")
    settled(page, "tiles")
    page.mouse.click(*cell_centre(page, "tiles", 7, 5))
    in_address(page, query="7", key="5")
    frame_is_at(page, walk.steps[walk.step_of(7, 5)])
    expect(page.get_by_test_id("tile-rows").locator("tr.chosen")).to_have_attribute("data-row", "7")


def test_the_window_keeps_and_changes_as_computed(any_screen: Page, address: str, model: Model) -> None:
    page, n = any_screen, len(model.token_ids(SENTENCE))
    page.goto(f"{address}/{WHERE}&part=patterns")
    figure_shows(page, "kl-by-width")
    page.locator(".st-key-setting-window").get_by_test_id("stNumberInputStepDown").click()
    window = masks.sliding_window(n, 3)
    recording = model.record(SENTENCE)
    kept = float(recording.blocks[1].attention.weights[2][window].sum() / n)
    subtitle = f"weight kept {share(kept)} · cells {share(float(window.float().mean()))}"
    expect(page.locator(".st-key-pattern-window .gtitle", has_text=subtitle)).to_have_count(1)
    change = change_of(recording.logits[-1], model.record(SENTENCE, Edits(allowed=Cells.of(window))).logits[-1], 5)
    point = page.wait_for_function(
        "() => document.querySelector('.st-key-kl-by-width .js-plotly-plot')?._fullData?.[0]?.y?.[2]"
    )
    assert abs(float(point.json_value()) - change.divergence) < 1e-4
    no_sideways_scroll(page)
