"""What a map shows, chosen in its control: the numbers are those of viz_core, on every screen."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hand import SENTENCE, cell_centre, in_address, map_says, no_sideways_scroll, press, settled
from viz_core.analysis.sinks import first_share, renormalised
from viz_core.analysis.value_weighted import output_norms, own_rows_of
from viz_core.analysis.words import merged, words_of
from viz_core.models import Model
from viz_core.ui.show import share

pytestmark = pytest.mark.browser
WORDY = "The unbelievable dog bit the man"
WHERE = f"?text={quote(WORDY)}&layer=2&head=1"
ROW = "row => Array.from(document.querySelector('.st-key-map .js-plotly-plot')._fullData.at(-1).z[row])"


def opened(page: Page) -> None:
    page.get_by_role("button", name="Show as").click()


def test_the_map_shows_what_is_asked_for(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/{WHERE}")
    settled(any_screen)
    expect(any_screen.locator(".st-key-badge")).to_be_visible()
    opened(any_screen)
    press(any_screen, "measure", "‖αvW_O‖")
    map_says(any_screen, "L2·H1 · ‖αvW_O‖")
    record = model.record(WORDY).blocks[2].attention.head(1)
    weight = model.output_weight(2)
    assert weight is not None
    lengths = output_norms(record, own_rows_of(weight, 1, record.value.shape[-1]))[0, 5, :6].tolist()
    assert any_screen.evaluate(ROW, 5)[:6] == pytest.approx(lengths, abs=1e-5)
    expect(any_screen.locator(".st-key-badge")).to_have_count(0)
    press(any_screen, "measure", "weight α")  # the control stays open
    press(any_screen, "of_words", "words")
    press(any_screen, "first", "renormalised without it")
    map_says(any_screen, "renormalised without the first word")
    spans = words_of(model.labels(model.token_ids(WORDY)))
    weights = merged(record.weights[0], spans)
    shown = any_screen.evaluate(ROW, 4)
    assert shown[1:5] == pytest.approx(renormalised(weights)[4, 1:5].tolist(), abs=1e-5)
    assert sum(shown[1:5]) == pytest.approx(1, abs=1e-5)
    hidden = first_share(weights, merged(record.allowed.float(), spans) > 0)
    expect(any_screen.get_by_text(f"with {share(hidden)} of the weight")).to_be_visible()
    in_address(any_screen, of_words="words", first="renormalised")
    any_screen.keyboard.press("Escape")
    no_sideways_scroll(any_screen)


def test_a_word_is_linked_to_its_first_token(page: Page, address: str, model: Model) -> None:
    starts = [start for start, _stop in words_of(model.labels(model.token_ids(WORDY)))]
    page.goto(f"{address}/{WHERE}&of_words=words&query=4&key=0")
    settled(page)
    expect(page.locator(".st-key-map [data-testid=chosen-cell]")).to_be_visible()
    page.mouse.click(*cell_centre(page, "map", 3, 2))
    in_address(page, query=str(starts[3]), key=str(starts[2]))
    page.keyboard.press("ArrowDown")
    in_address(page, query=str(starts[4]), key=str(starts[2]))
    page.keyboard.press("ArrowLeft")
    in_address(page, query=str(starts[4]), key=str(starts[1]))
    page.mouse.move(*cell_centre(page, "map", 5, 1))
    expect(page.get_by_test_id("token-strip")).to_have_attribute("data-shown", str(starts[5]))


def test_gradients_follow_the_chosen_token(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}&layer=1&head=4&measure=gradient")
    settled(page)
    _first, second = model.next_tokens(model.record(SENTENCE), 2)
    opened(page)
    page.locator(".st-key-setting-toward input").click()
    page.get_by_role("option", name=second.label).first.click()
    in_address(page, toward=str(second.token_id))
    map_says(page, f"“{second.label.lstrip('·')}”")
    row = len(model.token_ids(SENTENCE)) - 1
    expected = model.gradients(SENTENCE, row, second.token_id)[1][4, row]
    assert page.evaluate(ROW, row) == pytest.approx(expected.tolist(), abs=1e-5)
