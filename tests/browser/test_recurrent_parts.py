"""Parts of "Encoder and decoder" in the browser: a click is worked out, and what is measured is counted."""

from typing import cast
from urllib.parse import quote

import torch
from playwright.sync_api import Page, expect

import viz_core
from tests.browser.hand import SENTENCE, cell_centre, figure_shows, in_address, no_sideways_scroll, settled
from viz_core.analysis import additive, one_side
from viz_core.models import Model, Translator
from viz_core.recurrent import RecurrentRecording
from viz_core.ui.mechanism.translation.probe import SENTENCES
from viz_core.ui.show import share

ENGLISH = "The cat that the children saw can cut this meat."


def test_a_click_works_out_the_cell(any_screen: Page, address: str) -> None:
    any_screen.goto(f"{address}/encoder_decoder?part=additive&english={quote(ENGLISH)}")
    settled(any_screen, "additive-weights")
    any_screen.mouse.click(*cell_centre(any_screen, "additive-scores", 3, 5))
    in_address(any_screen, word="3", source="5")
    model = cast(Translator, viz_core.load("gru-attention"))
    record = cast(RecurrentRecording, model.record(ENGLISH)).attention
    assert record is not None
    cell = additive.cell_of(record, 3, 5)
    told = any_screen.locator(".st-key-cell-numbers .katex-html", has_text=f"{cell.score:.4f}".replace("-", "−"))
    expect(told.first).to_be_visible()
    no_sideways_scroll(any_screen)


def test_what_is_measured_is_counted(page: Page, address: str) -> None:
    page.goto(f"{address}/encoder_decoder?part=squeezed")
    figure_shows(page, "lengths-card")
    page.get_by_role("button", name=f"Measure it here: {SENTENCES} new sentences").click()
    figure_shows(page, "lengths-here")
    in_address(page, probe="1")
    figure_shows(page, "lost")
    page.get_by_role("button", name="Look at it").first.click()
    expect(page.get_by_text("so the right one is known")).to_be_visible()
    no_sideways_scroll(page)


def test_another_token_is_hidden(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/encoder_decoder?part=kinds&text={quote(SENTENCE)}")
    figure_shows(any_screen, "every-place")
    box = any_screen.locator(".st-key-setting-hidden input")
    box.click()
    any_screen.get_by_role("option", name="bit 2").click()
    in_address(any_screen, hidden="2")
    ids = model.token_ids(SENTENCE)
    logits = model.record(ids[:2]).logits[-1]
    probability = float(torch.softmax(logits.double(), -1)[ids[2]])
    told = f"“bit” is its guess number {one_side.rank(logits, ids[2])}, with {share(probability)}."
    expect(any_screen.get_by_text(told)).to_be_visible()
    no_sideways_scroll(any_screen)
