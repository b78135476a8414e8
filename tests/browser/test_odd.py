"""Long work, odd texts, narrow windows, a lost connection."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from transformers import GPT2Config, GPT2LMHeadModel

from tests.browser.conftest import TOKENIZER
from tests.browser.hand import (
    SENTENCE,
    cancel,
    chosen_head,
    in_address,
    settled,
    tile_centre,
    words,
)
from tests.browser.serving import served_app

pytestmark = pytest.mark.browser

CONNECTED = "[data-testid=stApp][data-test-connection-state=CONNECTED]"


def test_a_long_recording_tells_how_far_it_is_and_can_be_ended(
    page: Page, address: str, checkpoint: Callable[..., str]
) -> None:
    slow = checkpoint(n_layer=40, n_head=8, n_embd=512, n_positions=1024)
    page.goto(f"{address}/?text={quote(SENTENCE)}&model={slow}")
    settled(page)
    frames = page.url
    page.get_by_role("button", name="A longer text, of several lines").first.click()
    page.get_by_label("A longer text", exact=True).fill(words(1000))
    page.get_by_role("button", name="Look at this text").click()
    expect(page.get_by_text(re.compile(r"Reading the text: layer \d+ of 40"))).to_be_visible()
    cancel(page)
    settled(page)
    expect(page.get_by_label("Type a sentence")).to_have_value(SENTENCE)
    assert page.url == frames


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("x", 1), ("a " * 1023 + "a", 1024), ("x" * 500, None)],
    ids=["one token", "1,024 identical tokens", "a word of 500 letters"],
)
def test_odd_texts_are_drawn(page: Page, address: str, long_model: str, text: str, tokens: int | None) -> None:
    page.goto(f"{address}/?text={quote(text)}&model={long_model}")
    settled(page)
    count = page.locator("[data-token-index]").count()
    assert tokens is None or count >= tokens
    page.mouse.click(*tile_centre(page, 1, 1))
    chosen_head(page, 1, 1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_one_token_of_five_hundred_letters(page: Page, address: str, tmp_path: Path) -> None:
    known = json.loads(TOKENIZER.read_text(encoding="utf-8"))
    taken = max(known["model"]["vocab"], key=lambda token: known["model"]["vocab"][token])
    vocabulary = known["model"]["vocab"]
    last = vocabulary.pop(taken)
    known["model"]["merges"] = [merge for merge in known["model"]["merges"] if "".join(merge) != taken]
    known["added_tokens"].append(
        {
            "id": last,
            "content": "m" * 500,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": False,
        }
    )
    GPT2LMHeadModel(GPT2Config(vocab_size=4096, n_layer=2, n_head=2, n_embd=32, n_positions=64)).save_pretrained(
        tmp_path
    )
    (tmp_path / "tokenizer.json").write_text(json.dumps(known), encoding="utf-8")
    page.goto(f"{address}/?text={quote('see ' + 'm' * 500 + ' there')}&model={quote(str(tmp_path))}")
    settled(page)
    expect(page.locator("[data-token-index]", has_text="m" * 500)).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_a_window_of_320_pixels(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    page.set_viewport_size({"width": 320, "height": 640})
    page.wait_for_timeout(1_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_test_id("head-grid").scroll_into_view_if_needed()
    page.mouse.click(*tile_centre(page, 2, 4))
    chosen_head(page, 2, 4)


def away_with_the_news_of_it(page: Page) -> None:
    """Streamlit's message that the connection is lost lies over the page; a person closes it."""
    page.get_by_role("dialog", name="Connection error").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_lost_connection_comes_back_with_the_same_state(page: Page, tmp_path: Path) -> None:
    with served_app(tmp_path) as url:
        port = int(url.rsplit(":", 1)[1])
        page.goto(f"{url}/?text={quote(SENTENCE)}")
        settled(page)
        page.mouse.click(*tile_centre(page, 3, 2))
        in_address(page, layer="3", head="2")
    away_with_the_news_of_it(page)
    page.mouse.click(*tile_centre(page, 0, 1))  # made while nobody listens
    with served_app(tmp_path, port=port):
        page.wait_for_selector(CONNECTED, timeout=60_000)
        chosen_head(page, 0, 1)
        in_address(page, layer="0", head="1", text=SENTENCE)
        expect(page.get_by_label("Type a sentence")).to_have_value(SENTENCE)
        page.mouse.click(*tile_centre(page, 1, 5))
        chosen_head(page, 1, 5)
        in_address(page, layer="1", head="5", text=SENTENCE)


def test_a_head_chosen_before_the_new_server_knows_the_page_is_shown(page: Page, tmp_path: Path) -> None:
    with served_app(tmp_path) as url:
        port = int(url.rsplit(":", 1)[1])
        page.goto(f"{url}/?text={quote(SENTENCE)}")
        settled(page)
    away_with_the_news_of_it(page)
    with served_app(tmp_path, port=port):
        where = tile_centre(page, 1, 5)
        page.wait_for_selector(CONNECTED, timeout=60_000)
        page.mouse.click(*where)
        in_address(page, layer="1", head="5", text=SENTENCE)
        chosen_head(page, 1, 5)


def test_a_head_chosen_while_the_network_is_away_is_shown_when_it_is_back(page: Page, address: str) -> None:
    """The server, and what it knows of the page, are as before: only the message is lost."""
    page.add_init_script(
        "window.WebSocket = class extends WebSocket { constructor(...given) { super(...given); window.line = this; } };"
    )
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    page.route("**/_stcore/health", lambda route: route.abort())
    page.evaluate("() => line.close()")
    page.wait_for_selector(CONNECTED, state="detached")
    page.mouse.click(*tile_centre(page, 1, 5))
    page.wait_for_timeout(1_000)
    page.unroute("**/_stcore/health")
    page.wait_for_selector(CONNECTED)
    in_address(page, layer="1", head="5")
    chosen_head(page, 1, 5)
