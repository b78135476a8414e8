"""Pictures that follow each other: the sentence, the lines, the maps with their zoom."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

import viz_core
from tests.browser.hand import (
    RANGE,
    SENTENCE,
    cell_centre,
    chosen_head,
    in_address,
    map_says,
    point_at,
    sent,
    settled,
    tile_centre,
    type_sentence,
    words,
    zoom,
)
from viz_core.models import Model

pytestmark = pytest.mark.browser


def hovered(page: Page, selector: str) -> Locator:
    return page.locator(f".st-key-{selector} [data-testid=hovered-cell]").first


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


def test_a_map_that_streamlit_draws_again_as_it_came_keeps_its_zoom(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(words(64))}&layer=0&head=0")
    settled(page)
    zoom(page, "map", 10, 10, 30, 30)
    page.wait_for_function(f"([key]) => ({RANGE})(key)[0] < 31", arg=["map"])
    page.evaluate(
        "() => { const map = document.querySelector('.st-key-map .js-plotly-plot'), { xaxis, yaxis } = map.layout;"
        " return Plotly.react(map, map.data, { ...map.layout, xaxis: { ...xaxis, range: [-0.5, 63.5] },"
        " yaxis: { ...yaxis, range: [63.5, -0.5] } }).then(() => {}); }"
    )
    page.wait_for_function(f"([key]) => ({RANGE})(key)[0] < 31", arg=["map"])


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
    in_address(page, model=other)
    page.wait_for_timeout(1_000)  # half a second after a change an old address is taken for a late one
    page.go_back()
    map_says(page, "every cell as it is")  # Python keeps the part of this model; the maps go on from there
    page.wait_for_function(f"([key]) => ({RANGE})(key)[0] < 400", arg=["map"])


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


def test_choosers_say_the_words_of_a_new_sentence(page: Page, address: str) -> None:
    """The same row, called otherwise: the browser keeps a chooser's words, and sends them with the next click."""
    page.goto(f"{address}/inside_one_head?text={quote('The dog bit the man')}&layer=0&head=0&step=softmax")
    settled(page, "weights")
    row = page.get_by_role("combobox", name="Row looks (query)")
    expect(row).to_have_value("4 ·man")
    type_sentence(page, "The cat saw the boy")
    expect(row).to_have_value("4 ·boy")
    page.locator(".st-key-chain").get_by_role("radio").last.click()
    in_address(page, step="output")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(row).to_have_value("4 ·boy")
