"""The page "Beyond weights" in the browser: its controls move what is measured, and its numbers are viz_core's."""

from collections.abc import Callable
from urllib.parse import quote

import torch
from playwright.sync_api import Page, expect

from tests.browser.hand import (
    SENTENCE,
    cancel,
    cell_centre,
    figure_shows,
    in_address,
    no_sideways_scroll,
    press,
    settled,
    slide,
    words,
)
from viz_core.analysis.flow import flows
from viz_core.analysis.gradients import head_totals
from viz_core.analysis.predictions import change_of
from viz_core.analysis.rollout import mean_weights, with_residual
from viz_core.edits import Edits
from viz_core.models import Model
from viz_core.ui.show import number, signed

WHERE = f"beyond_weights?text={quote(SENTENCE)}"


def test_the_slider_rolls_through_fewer_layers(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/{WHERE}")
    settled(any_screen, "rollout")
    slide(any_screen, "through", -1)
    in_address(any_screen, through="2")
    blocks = model.record(SENTENCE).blocks[:3]
    capacities = with_residual(torch.stack([mean_weights(block.attention) for block in blocks]))
    total = float(flows(capacities, capacities.shape[-1] - 1).sum())
    expect(any_screen.get_by_text(f"add up to {total:.2f}")).to_be_visible()
    figure_shows(any_screen, "one-row")
    no_sideways_scroll(any_screen)
    press(any_screen, "part", "Direct effects")
    figure_shows(any_screen, "whole")
    no_sideways_scroll(any_screen)
    press(any_screen, "part", "Side by side")
    figure_shows(any_screen, "scatter")
    no_sideways_scroll(any_screen)


def test_a_click_on_a_head_shows_its_gradients_and_its_absence(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/{WHERE}&part=gradient")
    settled(any_screen, "gradient-map")
    token = int(model.record(SENTENCE).logits[-1].argmax())
    totals = head_totals(model.gradients(SENTENCE, -1, token))
    any_screen.get_by_test_id("head-map").locator("[data-head='L2·H0']").click()
    expect(any_screen.get_by_text(f"add up to {signed(float(totals.net[2, 0]))}")).to_be_visible()
    no_sideways_scroll(any_screen)
    press(any_screen, "part", "Every head off")
    before, after = (
        model.record(SENTENCE, edits).logits[-1] for edits in (Edits(), Edits(ablated=frozenset({(2, 0)})))
    )
    size = number(change_of(before, after, 5).divergence)
    expect(any_screen.get_by_text(f"KL divergence {size} nats")).to_be_visible()
    settled(any_screen)
    no_sideways_scroll(any_screen)


def test_a_click_on_a_bar_chooses_its_head(page: Page, address: str) -> None:
    page.goto(f"{address}/{WHERE}&part=absence")
    figure_shows(page, "strongest")
    name = page.locator(".st-key-strongest .yaxislayer-above text").nth(1).text_content() or ""
    x, y = cell_centre(page, "strongest", 1, 0)  # where the bar begins
    page.mouse.click(x + 3, y)
    expect(page.locator(".st-key-map .gtitle", has_text=name)).to_have_count(1)
    layer, head = (part[1:] for part in name.split("·"))
    in_address(page, layer=layer, head=head)


def test_a_long_measurement_can_be_cancelled(page: Page, address: str, checkpoint: Callable[..., str]) -> None:
    """Hundreds of runs of a model of 20 layers: the way out ends them, and the offer is back."""
    folder = checkpoint(n_layer=20, n_head=12, n_embd=384, n_positions=256)
    page.goto(f"{address}/beyond_weights?model={folder}&text={quote(words(200))}&part=absence")
    offer = page.get_by_role("button", name="Run the model 240 times")
    offer.click()
    expect(page.get_by_text("Switching off one head at a time")).to_be_visible()
    cancel(page)
    expect(offer).to_be_visible()
    expect(page.get_by_text("Switching off one head at a time")).to_have_count(0)
    in_address(page, part="absence")
