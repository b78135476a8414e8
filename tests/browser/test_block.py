"""The page "The block" in the browser: its numbers are those of viz_core, on every screen."""

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
from viz_core.analysis.parameters import shape_of
from viz_core.analysis.residual import stream_of
from viz_core.analysis.sampling import sampling_of
from viz_core.models import Model
from viz_core.ui.show import number

WHERE = f"block?text={quote(SENTENCE)}&layer=1&head=2"


def test_a_token_drawn_at_a_temperature_is_added(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/{WHERE}&part=next&draw=2")
    figure_shows(any_screen, "sampling")
    slide(any_screen, "next_temperature", 1)  # from 1 to 1.1
    token_id = sampling_of(model.record(SENTENCE).logits[-1], temperature=1.1).draw(2)
    share = float(sampling_of(model.record(SENTENCE).logits[-1], temperature=1.1).probabilities[token_id])
    expect(any_screen.get_by_text(f"with a probability of {share:.1%}")).to_be_visible()
    no_sideways_scroll(any_screen)
    any_screen.get_by_role("button", name="Add it to the sentence").click()
    longer = model.extend(SENTENCE, token_id)
    in_address(any_screen, text=longer, next_temperature="1.1")
    settled(any_screen, "growing")
    n = len(model.token_ids(longer))
    expect(any_screen.get_by_text(f"{shape_of(model.transformer).cache_bytes(1, width=4):,} bytes")).to_be_visible()
    expect(any_screen.get_by_text(f"The {n - 1} older rows stay as they are")).to_be_visible()


def test_the_stream_and_the_wiring_say_what_is_measured(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/{WHERE}")
    settled(any_screen, "stream")
    norms = stream_of(model.transformer, model.record(SENTENCE)).norms.mean(1)
    said = f"{number(float(norms[0]))} long after the embedding and {number(float(norms[-1]))} at the end"
    expect(any_screen.get_by_text(said)).to_be_visible()
    any_screen.mouse.click(*cell_centre(any_screen, "stream", 2, 3))
    in_address(any_screen, query="2")
    no_sideways_scroll(any_screen)
    press(any_screen, "part", "Post-LN or Pre-LN")
    figure_shows(any_screen, "last-gradient")
    expect(any_screen.get_by_text("After 16 blocks")).to_be_visible()
    slide(any_screen, "depth", -1)
    expect(any_screen.get_by_text("After 8 blocks")).to_be_visible()
    no_sideways_scroll(any_screen)


def test_a_click_on_a_word_of_the_lens_chooses_its_row(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/{WHERE}&part=lens")
    settled(page, "lens")
    page.mouse.click(*cell_centre(page, "lens", 1, 2))
    in_address(page, query="1", part="lens")
    expect(
        page.get_by_text(f"After “{model.record(SENTENCE).tokens[1].removeprefix('·')}” the model says")
    ).to_be_visible()
