"""The page "Encoder and decoder" in the browser: its numbers are those of viz_core, on every screen."""

import pytest
from playwright.sync_api import Page, expect

import viz_core
from tests.browser.hand import cell_centre, figure_shows, in_address, no_sideways_scroll, sent, settled
from viz_core.analysis.cell import cell_of
from viz_core.analysis.translating import cross_weights
from viz_core.figures.labels import unspaced
from viz_core.models import Translator
from viz_core.recording import Recording
from viz_core.ui.formulas import tex
from viz_core.ui.mechanism.translation.scene import EXAMPLES, START
from viz_core.ui.show import share

WHERE = "encoder_decoder"


@pytest.fixture(scope="module")
def recording() -> Recording:
    model = viz_core.load("tiny-translator")
    assert isinstance(model, Translator)
    found = model.record(START)
    assert isinstance(found, Recording)
    return found


def said(recording: Recording, step: int) -> str:
    weights = cross_weights(recording)[1, 2, step]
    assert recording.encoder is not None
    best = unspaced(recording.encoder.tokens[int(weights.argmax())])
    return f"L1·H2 looks most at “{best}” ({share(float(weights.max()))})"


def test_each_step_lights_its_row(any_screen: Page, address: str, recording: Recording) -> None:
    any_screen.goto(f"{address}/{WHERE}?word=0")
    figure_shows(any_screen, "held")
    writer = any_screen.get_by_test_id("writer")
    for step in (1, 2):
        writer.get_by_label("Next token").click()
        expect(writer).to_have_attribute("data-step", str(step))
        expect(writer).to_contain_text(f"To write “{unspaced(recording.tokens[step + 1])}”")
        expect(writer).to_contain_text(said(recording, step))
    in_address(any_screen, word="2")
    expect(any_screen.locator(".st-key-held .ytick", has_text=f"▸ {unspaced(recording.tokens[3])}")).to_have_count(1)
    assert writer.locator(".written .token:visible").count() == 4  # the sign that starts, and three tokens
    no_sideways_scroll(any_screen)


def test_it_plays_without_asking_the_server(page: Page, address: str, recording: Recording) -> None:
    frames = sent(page)
    page.goto(f"{address}/{WHERE}?word=6")
    figure_shows(page, "held")
    writer = page.get_by_test_id("writer")
    expect(writer).to_have_attribute("data-step", "6")
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    before = len(frames)
    writer.get_by_label("Play").click()
    expect(writer).to_have_attribute("data-step", "8")
    assert len(frames) == before
    expect(page.locator(".st-key-held .ytick", has_text="▸ 쫓을")).to_have_count(1)  # the figure turns along
    writer.get_by_label("Pause").click()
    in_address(page, word=writer.get_attribute("data-step") or "")


def test_the_arithmetic_follows_a_click_in_any_of_the_three(
    any_screen: Page, address: str, recording: Recording
) -> None:
    any_screen.goto(f"{address}/{WHERE}?part=three")
    block, encoder = recording.blocks[1], recording.encoder
    assert encoder is not None
    assert block.cross_attention is not None
    records = {
        "of-encoder": (encoder.blocks[1].attention, 3, 5),
        "of-decoder": (block.attention, 7, 3),
        "across": (block.cross_attention, 8, 5),
    }
    for key, (record, row, column) in records.items():
        settled(any_screen, key)
        any_screen.mouse.click(*cell_centre(any_screen, key, row, column))
        weight = cell_of(record.head(2), row, column).weight
        numbers = any_screen.locator(".st-key-cell-numbers .katex-html .textbf, .st-key-cell-numbers .mathbf")
        expect(numbers.first).to_have_text(tex(weight))
        expect(any_screen.locator(".linked-chosen:visible")).to_have_count(1)
        expect(any_screen.locator(f".st-key-{key} .linked-chosen:visible")).to_have_count(1)
    in_address(any_screen, word="8", source="5")
    no_sideways_scroll(any_screen)


def test_arrow_keys_stay_in_their_map(page: Page, address: str) -> None:
    page.goto(f"{address}/{WHERE}?part=three")
    settled(page, "of-decoder")
    page.mouse.click(*cell_centre(page, "of-decoder", 11, 11))
    in_address(page, looks="25", looked_at="25")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    in_address(page, looks="24", looked_at="25")


def test_a_head_is_chosen_from_the_small_maps(any_screen: Page, address: str) -> None:
    any_screen.goto(f"{address}/{WHERE}?part=alignment")
    settled(any_screen, "aligned")
    grid = any_screen.get_by_test_id("head-grid")
    left, top, pitch = grid.evaluate("({ dataset: d }) => [d.left, d.top, d.pitch].map(Number)")
    grid.locator(".view").click(position={"x": left + 3.5 * pitch, "y": top + 0.5 * pitch})
    expect(any_screen.locator(".st-key-aligned .gtitle", has_text="L0·H3 of tiny-translator")).to_have_count(1)
    in_address(any_screen, cross_layer="0", cross_head="3")
    no_sideways_scroll(any_screen)


def test_what_cannot_be_read_leaves_the_last_sentence(page: Page, address: str) -> None:
    page.goto(f"{address}/{WHERE}?english={EXAMPLES[1].replace(' ', '+')}")
    figure_shows(page, "held")
    box = page.get_by_label("Type an English sentence")
    box.fill("cat " * 80)
    box.press("Enter")
    expect(page.get_by_text("this model takes at most 63")).to_be_visible()
    expect(page.get_by_test_id("writer")).to_contain_text("doctor")
    expect(box).to_have_value("cat " * 80)
