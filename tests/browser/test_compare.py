"""The page "Compare" in the browser: its numbers are those of viz_core, the table of heads, the list and the maps go
together, on every screen."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hand import SENTENCE, cell_centre, figure_shows, in_address, no_sideways_scroll, press, settled
from viz_core.analysis.comparison import Reading, aligned, changes, likeness
from viz_core.edits import Edits
from viz_core.models import Model
from viz_core.ui.questions.compare.ranking import said

pytestmark = pytest.mark.browser
OTHER = "The man fed the dog in the park"
WHERE = f"compare?text={quote(SENTENCE)}"


def test_a_head_of_the_table_is_shown_with_its_distance(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/{WHERE}&layer=0&head=0")
    settled(any_screen, "compare-a")
    box = any_screen.get_by_label("B: another sentence")
    box.fill(OTHER)
    box.press("Enter")
    in_address(any_screen, other_text=OTHER)
    any_screen.get_by_role("gridcell", name=re.compile("^L2·H3")).click()
    in_address(any_screen, layer="2", head="3")
    one, other = (model.record(text) for text in (SENTENCE, OTHER))
    both = aligned(one.token_ids.tolist(), other.token_ids.tolist())
    distance = float(changes(Reading(one), Reading(other), both)[2][3])
    expect(any_screen.get_by_text(f"distance {said(distance)}; 0 = the same")).to_be_visible()
    expect(any_screen.locator(".st-key-compare-b .gtitle", has_text="B · L2·H3")).to_have_count(1)
    no_sideways_scroll(any_screen)


def test_an_edit_and_a_bar_of_the_list(any_screen: Page, address: str, model: Model) -> None:
    any_screen.goto(f"{address}/{WHERE}&part=edit&edit_layer=1&edit_head=2")
    figure_shows(any_screen, "compared-bars")
    press(any_screen, "edit", "temperature")
    in_address(any_screen, edit="temperature")
    before, after = (
        model.record(SENTENCE, edits) for edits in (Edits(), Edits(temperature=0.5, at=frozenset({(1, 2)})))
    )
    n = len(before.tokens)
    found = changes(Reading(before), Reading(after), aligned(range(n), range(n)))
    expect(
        any_screen.get_by_text(f"changed most of 24 heads (Jensen–Shannon distance {said(float(found[1][2]))};")
    ).to_be_visible()
    order = sorted(
        ((layer, head) for layer in range(4) for head in range(6)), key=lambda at: -float(found[at[0]][at[1]])
    )
    any_screen.mouse.click(*cell_centre(any_screen, "compared-bars", 1, 0.3 * float(found[order[1][0]][order[1][1]])))
    in_address(any_screen, layer=str(order[1][0]), head=str(order[1][1]))
    expect(any_screen.get_by_text("is number 2 of 24 heads")).to_be_visible()
    no_sideways_scroll(any_screen)


def test_b_is_chosen_among_the_heads_like_a(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/{WHERE}&part=head&layer=1&head=4")
    settled(page, "compare-b")
    page.get_by_role("gridcell", name=re.compile("^L3·H0")).click()
    in_address(page, other_head="3.0", layer="1", head="4")
    recording = model.record(SENTENCE)
    n = len(recording.tokens)
    found = likeness(Reading(recording).cells(1, 4), Reading(recording), aligned(range(n), range(n)))
    expect(page.get_by_text(f"distance {said(float(found[3][0]))}; 0 = the same")).to_be_visible()


def test_cells_are_linked_where_the_texts_share_their_tokens(page: Page, address: str) -> None:
    """“bit” of A has a place of its own on the axis, then “fed” of B; what follows is shared."""
    page.goto(f"{address}/{WHERE}&other_text={quote(OTHER)}&layer=1&head=2")
    settled(page, "compare-a")
    settled(page, "compare-difference")
    tokens = [text.strip() for text in page.locator(".st-key-compare-a .ytick text").all_text_contents()]
    dog = tokens.index("dog")
    assert tokens[:dog].count("bit (A)") == 1
    page.mouse.click(*cell_centre(page, "compare-a", dog, 1))
    in_address(page, query=str(dog - sum("(B)" in text for text in tokens[:dog])), key="1")
    expect(page.locator(".linked-chosen:visible")).to_have_count(3)
    only_b = next(at for at, text in enumerate(tokens) if "(B)" in text)
    page.mouse.click(*cell_centre(page, "compare-b", only_b, 1))
    in_address(page, other_cell=f"{only_b}.1")
    expect(page.get_by_text("is a cell of B alone")).to_be_visible()
