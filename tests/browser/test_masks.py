"""The page "Masks" in the browser: a mask is painted by hand, and the numbers are those of viz_core."""

from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.hand import SENTENCE, figure_shows, in_address, no_sideways_scroll, press, settled, slide
from viz_core import masks
from viz_core.analysis.leakage import leak_of
from viz_core.analysis.predictions import change_of
from viz_core.edits import Cells, Edits
from viz_core.models import Model
from viz_core.ui.mechanism.masks import painted
from viz_core.ui.show import number

WHERE = f"masks?text={quote(SENTENCE)}&layer=1&head=2"


def cell(page: Page, row: int, column: int) -> tuple[float, float]:
    """Where on the screen a cell of the painter lies."""
    painter = page.get_by_test_id("mask-painter")
    painter.scroll_into_view_if_needed()
    left, top, side = painter.evaluate("({ dataset: d }) => [d.left, d.top, d.side].map(Number)")
    canvas = painter.locator("canvas").bounding_box()
    assert canvas is not None
    return canvas["x"] + left + (column + 0.5) * side, canvas["y"] + top + (row + 0.5) * side


def kl(model: Model, edits: Edits) -> str:
    before, after = (model.record(SENTENCE, made).logits[-1] for made in (Edits(), edits))
    return number(change_of(before, after, 5).divergence)


def test_a_mask_is_painted_by_pointer_drag_and_keyboard(any_screen: Page, address: str, model: Model) -> None:
    page, n = any_screen, len(model.token_ids(SENTENCE))
    page.goto(f"{address}/{WHERE}")
    settled(page, "weights")
    expected = masks.causal(n).clone()
    expected[n - 1, 1] = False
    if page.viewport_size == {"width": 390, "height": 844}:
        page.touchscreen.tap(*cell(page, n - 1, 1))
    else:
        page.mouse.click(*cell(page, n - 1, 1))
    in_address(page, mask="painted", cells=painted.written(expected))
    expected[n - 1, 3:6] = False
    page.mouse.move(*cell(page, n - 1, 3))
    page.mouse.down()
    page.mouse.move(*cell(page, n - 1, 5))  # in one leap: the cell between is painted too
    page.mouse.up()
    in_address(page, cells=painted.written(expected))
    page.get_by_test_id("mask-painter").locator(".board").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    expected[n - 2, 5] = False
    in_address(page, cells=painted.written(expected))
    expect(page.get_by_test_id("mask-painter")).to_have_attribute("data-differs", "5")
    told = kl(model, Edits(allowed=Cells.of(expected)))
    expect(page.get_by_text(f"KL divergence {told} nats")).to_be_visible()
    no_sideways_scroll(page)


def test_the_window_changes_the_prediction_as_computed(any_screen: Page, address: str, model: Model) -> None:
    page, n = any_screen, len(model.token_ids(SENTENCE))
    page.goto(f"{address}/{WHERE}")
    press(page, "mask", "sliding window")
    page.locator(".st-key-setting-window").get_by_test_id("stNumberInputStepDown").click()
    told = kl(model, Edits(allowed=Cells.of(masks.sliding_window(n, 3))))
    expect(page.get_by_text(f"KL divergence {told} nats")).to_be_visible()
    no_sideways_scroll(page)


def test_every_part_fits_and_leakage_is_the_computed_one(any_screen: Page, address: str, model: Model) -> None:
    page, ids = any_screen, model.token_ids(SENTENCE)
    page.goto(f"{address}/{WHERE}&part=leak&by=%20cat")
    figure_shows(page, "leak")
    n, cat = len(ids), model.token_ids(SENTENCE.rsplit(" ", 1)[0] + " cat")[-1]
    lifted = Edits(allowed=Cells.of(masks.full(n, n)))
    leak = leak_of(*(model.record(text, lifted, all_logits=True).logits for text in (ids, [*ids[:-1], cat])))
    expect(page.get_by_text(f"{number(float(leak.divergence[:-1].max()))} nats", exact=True)).to_be_visible()
    no_sideways_scroll(page)
    press(page, "part", "Three ways to “zero”")
    figure_shows(page, "zeroed")
    no_sideways_scroll(page)
    press(page, "part", "Dropout")
    figure_shows(page, "dropped")
    slide(page, "rate", 2)  # from 10 % to 20 %
    told = kl(model, Edits(dropout=0.2))
    expect(page.get_by_text(f"KL divergence {told} nats")).to_be_visible()
    no_sideways_scroll(page)
