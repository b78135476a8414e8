"""Fast and fluent: what a hand does to the pictures, on short, long and odd texts, in the real app."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from transformers import GPT2Config, GPT2LMHeadModel

import viz_core
from tests.browser.serving import ROOT, served_app
from tests.browser.test_app import SENTENCE, cell_centre, in_address, settled, type_sentence
from viz_core.models import Model

pytestmark = pytest.mark.browser

TOKENIZER = ROOT / "assets/models/tiny-gpt/tokenizer.json"


@pytest.fixture(scope="module")
def model() -> Model:
    return viz_core.load("tiny-gpt")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Makes a GPT-2 of random weights of any shape; returns the folder, as an address has it."""

    def made(**shape: int) -> str:
        folder = tmp_path_factory.mktemp("gpt2")
        torch.manual_seed(0)
        GPT2LMHeadModel(GPT2Config(vocab_size=4096, initializer_range=0.3, **shape)).save_pretrained(folder)
        (folder / "tokenizer.json").write_bytes(TOKENIZER.read_bytes())
        return quote(str(folder))

    return made


@pytest.fixture(scope="module")
def long_model(checkpoint: Callable[..., str]) -> str:
    return checkpoint(n_layer=2, n_head=3, n_embd=48, n_positions=1024)


def words(n: int) -> str:
    """A text of exactly n tokens."""
    tokenizer = viz_core.load("tiny-gpt").tokenizer
    assert tokenizer is not None
    return tokenizer.cut("The little dog chased the red ball over the green hill and came home. " * (n // 8 + 1), n)


def tile_centre(page: Page, layer: int, head: int) -> tuple[float, float]:
    where = page.get_by_test_id("head-grid").evaluate("({ dataset: d }) => [d.left, d.top, d.pitch].map(Number)")
    left, top, pitch = where
    scroller = page.locator("[data-testid=head-grid] .view").bounding_box()
    assert scroller is not None
    return scroller["x"] + left + (head + 0.5) * pitch, scroller["y"] + top + (layer + 0.5) * pitch


def chosen_head(page: Page, layer: int, head: int) -> None:
    expect(page.get_by_test_id("head-grid")).to_have_attribute("data-layer", str(layer))
    expect(page.get_by_test_id("head-grid")).to_have_attribute("data-head", str(head))
    map_says(page, f"L{layer}·H{head}")


def map_says(page: Page, text: str) -> None:
    """Its title; for a moment the figure that is being replaced is there too."""
    expect(page.locator(".st-key-map .gtitle", has_text=text)).to_have_count(1)
    expect(page.locator(".st-key-map .gtitle")).to_have_count(1)


def sent(page: Page) -> Iterator[list[int]]:
    frames: list[int] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _frame: frames.append(1)))
    return frames


def hovered(page: Page, selector: str) -> Locator:
    return page.locator(f".st-key-{selector} [data-testid=hovered-cell]").first


def point_at(page: Page, node: Locator) -> None:
    """Moves the pointer there as a hand does; Playwright's own hover keeps some events from shadow roots."""
    node.scroll_into_view_if_needed()
    box = node.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)


# -- all heads -----------------------------------------------------------------------------------------


def test_fifty_fast_clicks_the_last_one_wins(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    for click in range(50):
        page.mouse.click(*tile_centre(page, click % 4, click * 5 % 6))
    layer, head = 49 % 4, 49 * 5 % 6
    in_address(page, layer=str(layer), head=str(head))
    page.wait_for_timeout(2_000)  # nothing late may move it back
    chosen_head(page, layer, head)
    in_address(page, layer=str(layer), head=str(head))


def test_clicks_on_different_pictures_are_all_kept(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    page.mouse.click(*tile_centre(page, 3, 1))
    page.locator("[data-token-index='5']").click()
    page.mouse.click(*tile_centre(page, 0, 2))
    in_address(page, layer="0", head="2", query="5")
    chosen_head(page, 0, 2)
    expect(page.get_by_test_id("token-strip")).to_have_attribute("data-row", "5")


def test_hovering_a_head_magnifies_it_and_tells_its_roles(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    stored = torch.tensor(model.card["roles"]["previous"])
    layer, head = divmod(int(stored.argmax()), stored.shape[1])
    page.mouse.move(*tile_centre(page, layer, head))
    tip = page.get_by_test_id("head-grid-tip")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text(f"L{layer}·H{head}")
    expect(tip.locator("tr", has_text="the token before")).to_contain_text(f"{float(stored.max()):.2f}")


def test_a_role_picks_out_its_heads_and_puts_them_in_order(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    grid = page.get_by_test_id("head-grid")
    sort = page.locator(".st-key-heads .sort")
    expect(sort).to_be_hidden()
    page.locator(".st-key-find input").click()
    page.get_by_role("option", name="the token before").click()
    expect(grid).to_have_attribute("data-role", "previous")
    sort.locator("input").check()
    expect(grid).to_have_attribute("data-order", "previous")
    scores = torch.tensor(model.card["roles"]["previous"])
    ranked = [
        divmod(index, scores.shape[1]) for index in scores.flatten().argsort(descending=True, stable=True).tolist()
    ]
    best, second = ranked[:2]
    chosen_head(page, *best)
    grid.focus()
    page.keyboard.press("ArrowRight")
    chosen_head(page, *second)
    sort.locator("input").uncheck()
    expect(grid).to_have_attribute("data-order", "")
    chosen_head(page, *second)


def test_ninety_six_layers_of_ninety_six_heads(page: Page, address: str, checkpoint: Callable[..., str]) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}&model={checkpoint(n_layer=96, n_head=96, n_embd=96, n_positions=64)}")
    settled(page)
    grid = page.get_by_test_id("head-grid")
    expect(grid).to_have_attribute("data-layers", "96")
    grid.focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    chosen_head(page, 0, 0)
    page.keyboard.press("End")
    page.keyboard.press("PageDown")
    chosen_head(page, 95, 95)
    in_sight = page.locator("[data-testid=head-grid] .scroller").evaluate(
        "node => [node.scrollTop > 0, node.scrollLeft > 0]"
    )
    assert in_sight == [True, True]


def test_back_after_a_click_goes_back(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}&layer=0&head=1")
    settled(page)
    page.mouse.click(*tile_centre(page, 2, 3))
    in_address(page, layer="2", head="3")
    chosen_head(page, 2, 3)
    page.wait_for_timeout(1_500)
    page.go_back()
    chosen_head(page, 0, 1)
    in_address(page, layer="0", head="1")


def test_another_model_forgets_the_role_that_was_picked(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}&model=tiny-bert")
    settled(page)
    page.locator(".st-key-find input").click()
    page.get_by_role("option", name="the token after").click()
    grid = page.get_by_test_id("head-grid")
    expect(grid).to_have_attribute("data-role", "next")
    for name, heads in (("tiny-gpt", "6"), ("formation", "4"), ("tiny-bert", "6")):
        page.locator(".st-key-model_name input").click()
        page.get_by_role("option", name=name, exact=True).click()
        in_address(page, text=SENTENCE)
        expect(grid).to_have_attribute("data-heads", heads)
        expect(grid).to_have_attribute("data-role", "")
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_sentence_stays_in_its_box_from_page_to_page(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}&layer=1&head=4")
    settled(page)
    for link, key in (("Walk through this head's computation", "residual"), ("Explore", "map")):
        page.get_by_role("link", name=link).click()
        settled(page, key)
        expect(page.get_by_label("Type a sentence")).to_have_value(SENTENCE)


# -- the text, and what is linked ------------------------------------------------------------------------


def test_the_text_shows_who_looks_at_a_token(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}&layer=1&head=4&query=2")
    settled(page)
    page.get_by_test_id("direction").get_by_role("radio", name="who looks at it").click()
    strip = page.get_by_test_id("token-strip")
    expect(strip).to_have_attribute("data-direction", "to")
    weights = model.record(SENTENCE).blocks[1].attention.head(4).weights[0, :, 2]
    looking = {str(row) for row, weight in enumerate(weights.tolist()) if weight >= 0.02 and row != 2}
    drawn = strip.locator("path").evaluate_all("nodes => nodes.map((node) => node.dataset.to)")
    assert set(drawn) == looking


def test_pictures_follow_each_other_and_tell_the_server_nothing(page: Page, address: str) -> None:
    frames = sent(page)
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    page.wait_for_timeout(1_000)
    frames.clear()
    page.locator("[data-token-index='4']").hover()
    row = page.locator(".st-key-map .linked-band").first
    expect(row).to_be_visible()
    page.mouse.move(*cell_centre(page, "map", 6, 3))
    expect(hovered(page, "map")).to_have_attribute("data-query", "6")
    expect(page.get_by_test_id("token-strip")).to_have_attribute("data-shown", "6")
    page.wait_for_timeout(300)
    assert not frames


def test_a_pointed_cell_tells_its_number_in_every_map(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/inside_one_head?text={quote(SENTENCE)}&layer=2&head=1&step=scale")
    settled(page, "scaled")
    page.mouse.move(*cell_centre(page, "before", 5, 2))
    record = model.record(SENTENCE).blocks[2].attention.head(1)
    told = page.locator(".st-key-scaled [data-testid=linked-value]")
    expect(told).to_be_visible()
    assert float((told.text_content() or "").replace("−", "-")) == pytest.approx(
        float(record.scaled_scores[0, 5, 2]), rel=1e-3
    )
    expect(page.locator(".st-key-before [data-testid=linked-value]")).to_be_hidden()


def zoom(page: Page, key: str, top: int, left: int, bottom: int, right: int) -> None:
    x, y = cell_centre(page, key, top, left)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move((x + cell_centre(page, key, bottom, right)[0]) / 2, y + 20, steps=3)
    page.mouse.move(*cell_centre(page, key, bottom, right), steps=3)
    page.mouse.up()


RANGE = "key => [...document.querySelector(`.st-key-${key} .js-plotly-plot`)._fullLayout.yaxis.range]"


def test_zoom_stays_when_another_head_is_chosen(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(words(64))}&layer=0&head=0")
    settled(page)
    zoom(page, "map", 10, 10, 30, 30)
    page.wait_for_timeout(500)
    before = page.evaluate(RANGE, "map")
    assert before[0] < 60
    page.mouse.click(*tile_centre(page, 2, 3))
    chosen_head(page, 2, 3)
    page.wait_for_function(
        f"([key, range]) => ({RANGE})(key).every((v, i) => Math.abs(v - range[i]) < 0.05)", arg=["map", before]
    )
    labels = page.locator(".st-key-map .ytick text")
    expect(labels.first).to_be_visible()  # tokens' names have room now
    type_sentence(page, words(63))
    in_address(page, text=words(63))
    page.wait_for_function(f"([key]) => ({RANGE})(key)[0] === 62.5", arg=["map"])


def test_zooming_a_whole_map_asks_nothing_of_the_server(page: Page, address: str) -> None:
    frames = sent(page)
    page.goto(f"{address}/?text={quote(words(64))}")
    settled(page)
    page.wait_for_timeout(1_000)
    frames.clear()
    zoom(page, "map", 10, 10, 30, 30)
    page.wait_for_timeout(1_000)
    assert not frames
    assert page.evaluate("document.querySelector('.st-key-map .js-plotly-plot')._fullData.at(-1).z.length") == 64


def test_another_model_shows_all_of_a_map_that_was_zoomed(
    page: Page, address: str, long_model: str, checkpoint: Callable[..., str]
) -> None:
    other = checkpoint(n_layer=2, n_head=3, n_embd=48, n_positions=1024)
    text = quote(words(600))
    page.goto(f"{address}/?text={text}&model={long_model}&layer=1&head=2")
    settled(page)
    zoom(page, "map", 300, 100, 360, 160)
    map_says(page, "every cell as it is")
    page.locator(".st-key-model_name input").fill(other.replace("%2F", "/"))
    page.keyboard.press("Enter")
    map_says(page, "strongest of 3 × 3")
    page.wait_for_function(f"([key]) => ({RANGE})(key)[0] === 599.5", arg=["map"])
    page.go_back()
    map_says(page, "of")
    page.wait_for_timeout(1_000)
    shown = page.evaluate("document.querySelector('.st-key-map .js-plotly-plot')._fullData.at(-1).z.length")
    whole = page.evaluate(RANGE, "map")[0] == 599.5
    assert (shown == 200) == whole, "never a part in an empty map"


def test_a_long_map_is_pooled_and_exact_where_one_zooms_in(page: Page, address: str, long_model: str) -> None:
    text = words(1024)
    page.goto(f"{address}/?text={quote(text)}&model={long_model}&layer=1&head=2")
    settled(page)
    map_says(page, "strongest of 4 × 4")
    size = "document.querySelector('.st-key-map .js-plotly-plot')._fullData.at(-1).z.length"
    assert page.evaluate(size) == 256
    zoom(page, "map", 700, 100, 760, 160)
    map_says(page, "every cell as it is")
    top, left = page.evaluate(
        "(({ y0, x0 }) => [y0, x0])(document.querySelector('.st-key-map .js-plotly-plot')._fullData.at(-1))"
    )
    model = viz_core.load(long_model.replace("%2F", "/"))
    weights = model.record(text).blocks[1].attention.head(2).weights[0]
    shown = page.evaluate("Array.from(document.querySelector('.st-key-map .js-plotly-plot')._fullData.at(-1).z[5])")
    assert shown == pytest.approx(weights[top + 5, left : left + len(shown)].tolist(), abs=1e-6)
    page.mouse.click(*cell_centre(page, "map", top + 8, left + 6))
    in_address(page, query=str(top + 8), key=str(left + 6))
    x, y = cell_centre(page, "map", top + 20, left + 20)
    page.mouse.dblclick(x, y)
    map_says(page, "strongest of 4 × 4")


def test_a_click_on_a_pooled_cell_chooses_the_strongest_it_covers(page: Page, address: str, long_model: str) -> None:
    text = words(600)
    page.goto(f"{address}/?text={quote(text)}&model={long_model}&layer=0&head=1")
    settled(page)
    page.mouse.click(*cell_centre(page, "map", 301, 100))
    page.wait_for_function("new URLSearchParams(location.search).has('query')")
    address_bar = page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
    query, key = int(address_bar["query"]), int(address_bar["key"])
    weights = viz_core.load(long_model.replace("%2F", "/")).record(text).blocks[0].attention.head(1).weights[0]
    covered = weights[query // 3 * 3 : query // 3 * 3 + 3, key // 3 * 3 : key // 3 * 3 + 3]
    assert (query // 3, key // 3) == (100, 33)
    assert float(weights[query, key]) == float(covered.max())


# -- lines ---------------------------------------------------------------------------------------------


def test_lines_show_what_a_token_looks_at_and_who_looks_at_it(page: Page, address: str, model: Model) -> None:
    frames = sent(page)
    page.goto(f"{address}/?text={quote(SENTENCE)}&layer=1&head=4&picture=lines")
    lines = page.get_by_test_id("attention-lines")
    expect(lines).to_have_attribute("data-heads", "4")
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    page.wait_for_timeout(1_000)
    frames.clear()
    weights = model.record(SENTENCE).blocks[1].attention.weights
    row = int((weights[4] >= 0.02).sum(-1).argmax())
    point_at(page, lines.locator(f"[data-side=from] [data-index='{row}']"))
    expect(lines).to_have_attribute("data-shown", f"from:{row}")
    expect(lines).to_have_attribute("data-drawn", str(int((weights[4, row] >= 0.02).sum())))
    point_at(page, lines.locator("[data-side=to] [data-index='0']"))
    expect(lines).to_have_attribute("data-shown", "to:0")
    lines.locator(".chips button", has_text="H2").click()
    expect(lines).to_have_attribute("data-heads", "2,4")
    point_at(page, lines.locator(f"[data-side=from] [data-index='{row}']"))
    expect(lines).to_have_attribute("data-drawn", str(int((weights[[2, 4], row] >= 0.02).sum())))
    lines.locator("input[type=range]").fill("30")
    expect(lines).to_have_attribute("data-drawn", str(int((weights[[2, 4], row] >= 0.3).sum())))
    page.wait_for_timeout(300)
    assert not frames
    lines.locator(f"[data-side=from] [data-index='{row - 1}']").click()
    in_address(page, query=str(row - 1))


def test_lines_of_a_long_text_scroll_in_themselves(page: Page, address: str, long_model: str) -> None:
    page.goto(f"{address}/?text={quote(words(200))}&model={long_model}&picture=lines")
    lines = page.get_by_test_id("attention-lines")
    expect(lines.locator("[data-side=from] [data-index]")).to_have_count(200)
    room = lines.locator(".scroller").evaluate("node => [node.scrollHeight > node.clientHeight, node.clientHeight]")
    assert room[0]
    assert room[1] <= 600
    point_at(page, lines.locator("[data-side=to] [data-index='150']"))
    expect(lines).to_have_attribute("data-shown", "to:150")


# -- long work -----------------------------------------------------------------------------------------


def test_a_long_recording_tells_how_far_it_is_and_can_be_ended(
    page: Page, address: str, checkpoint: Callable[..., str]
) -> None:
    slow = checkpoint(n_layer=40, n_head=8, n_embd=512, n_positions=1024)
    page.goto(f"{address}/?text={quote(SENTENCE)}&model={slow}")
    settled(page)
    frames = page.url
    page.get_by_role("button", name="notes").first.click()
    page.get_by_label("A longer text").fill(words(1000))
    page.get_by_role("button", name="Look at this text").click()
    expect(page.get_by_text(re.compile(r"Reading the text: layer \d+ of 40"))).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    settled(page)
    expect(page.get_by_label("Type a sentence")).to_have_value(SENTENCE)
    assert page.url == frames


# -- odd texts and places --------------------------------------------------------------------------------


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


def test_a_lost_connection_comes_back_with_the_same_state(page: Page, tmp_path: Path) -> None:
    with served_app(tmp_path) as url:
        port = int(url.rsplit(":", 1)[1])
        page.goto(f"{url}/?text={quote(SENTENCE)}")
        settled(page)
        page.mouse.click(*tile_centre(page, 3, 2))
        in_address(page, layer="3", head="2")
    with served_app(tmp_path, port=port):
        page.mouse.click(*tile_centre(page, 0, 1))  # made while nobody listens
        expect(page.locator("[data-testid=stApp][data-test-connection-state=CONNECTED]")).to_be_visible(timeout=60_000)
        settled(page)
        expect(page.get_by_label("Type a sentence")).to_have_value(SENTENCE)
        page.mouse.click(*tile_centre(page, 1, 5))
        chosen_head(page, 1, 5)
        in_address(page, layer="1", head="5", text=SENTENCE)
