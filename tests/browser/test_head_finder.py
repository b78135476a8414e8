"""The page "Head finder" in the browser: a ticked row, a dot, a bar lead to their heads; numbers are viz_core's."""

from collections.abc import Callable
from urllib.parse import quote

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.hand import cancel, cell_centre, figure_shows, in_address, no_sideways_scroll, press, settled, words
from viz_core.analysis.finder import places
from viz_core.analysis.heads import role_scores
from viz_core.analysis.probe import probe, sequences
from viz_core.analysis.similar import flat, likeness
from viz_core.models import Model
from viz_core.ui import state
from viz_core.ui.questions.head_finder.repeats import vocabulary
from viz_core.ui.roles import head_name

TEXT = state.View.text
WHERE = f"head_finder?text={quote(TEXT)}"
BOX, ROW = 16, 35  # pixels: the middle of the column of boxes, a row


def tick(page: Page, row: int) -> None:
    """The box of a row of the table, the first row is 0."""
    table = page.locator("[data-testid=stDataFrame] canvas").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + BOX, box["y"] + ROW * (row + 1.5))


def test_a_ticked_row_chooses_its_head_and_its_map(any_screen: Page, address: str, model: Model) -> None:
    recording = model.record(TEXT)
    scores = [role_scores(block.attention.weights, recording.token_ids)["induction"] for block in recording.blocks]
    order = np.argsort(-np.concatenate([layer.numpy() for layer in scores]), kind="stable")
    any_screen.goto(f"{address}/{WHERE}&of_role=induction&layer=0&head=0")
    settled(any_screen)
    for row in (1, 2, 0):
        tick(any_screen, row)
        layer, head = places(recording)[order[row]]
        in_address(any_screen, layer=str(layer), head=str(head))
        expect(any_screen.locator(".st-key-map .gtitle", has_text=head_name(layer, head))).to_have_count(1)
    no_sideways_scroll(any_screen)


def test_bars_thumbnails_and_dots_lead_to_their_heads(any_screen: Page, address: str, model: Model) -> None:
    recording = model.record(TEXT)
    found, everyone = likeness(recording), places(recording)
    own = everyone.index((2, 4))
    nearest = everyone[found.order(own)[0]]
    any_screen.goto(f"{address}/{WHERE}&part=alike&layer=2&head=4")
    figure_shows(any_screen, "most")
    expect(
        any_screen.get_by_text(f"(likeness {1 - found.distances[own].copy()[found.order(own)[0]]:.2f})")
    ).to_be_visible()
    no_sideways_scroll(any_screen)
    x, y = cell_centre(any_screen, "most", 0, 0)
    any_screen.mouse.click(x + 20, y)
    in_address(any_screen, layer=str(nearest[0]), head=str(nearest[1]))
    expect(any_screen.get_by_text(f"looks most like {head_name(*nearest)}")).to_be_visible()
    press(any_screen, "part", "A map of heads")
    figure_shows(any_screen, "dots")
    no_sideways_scroll(any_screen)
    points = flat(found.distances).points
    alone = int(np.argmax(np.sort(np.linalg.norm(points[:, None] - points[None], axis=-1), axis=1)[:, 1]))
    any_screen.mouse.click(*cell_centre(any_screen, "dots", *points[alone, ::-1].tolist()))
    in_address(any_screen, layer=str(everyone[alone][0]), head=str(everyone[alone][1]))


def test_random_tokens_are_measured_as_set(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/{WHERE}&part=repeats&layer=1&head=1&draws=3")
    figure_shows(any_screen, "ranking")
    press(any_screen, "said", "3 times")
    found = probe(model.record, sequences(vocabulary(model), length=32, times=3, draws=3, seed=0))
    own = places(model.record(TEXT)).index((1, 1))
    mean, apart = float(found.mean("induction")[own]), float(found.spread("induction")[own])
    expect(any_screen.get_by_text(f"gives {mean:.0%} (± {apart:.1%} over draws)")).to_be_visible()
    in_address(any_screen, said="3", draws="3")
    no_sideways_scroll(any_screen)


def test_long_work_is_asked_for_and_can_be_cancelled(page: Page, address: str, checkpoint: Callable[..., str]) -> None:
    name = checkpoint(n_layer=8, n_head=8, n_embd=64, n_positions=1024)
    page.goto(f"{address}/head_finder?model={name}&part=alike&text={quote(words(1024))}")
    ask = page.get_by_role("button", name="Compare all 2,016 pairs of heads")
    ask.click()
    cancel(page)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    page.wait_for_timeout(1_000)  # ms: a person asks again for what is there, not while the page is being drawn
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    ask.click()
    figure_shows(page, "most")
    expect(page.get_by_text("Compared on 242 of 1,023 rows")).to_be_visible()
    expect(ask).to_have_count(0)
