"""What a visitor does, in the real app in real Chromium: what is on screen is what the record holds."""

import re
from urllib.parse import parse_qs, quote, urlparse

import pytest
import torch
from playwright.sync_api import Page, expect

from tests.browser.hand import SENTENCE, cell_centre, in_address, map_says, settled, type_sentence
from viz_core.analysis.heads import role_scores
from viz_core.models import Model

pytestmark = pytest.mark.browser

NO_REPEATS = "The dog bit the man because he was angry."
PAYLOADS = [
    "<img src=x onerror=window.ran=1>",
    "<script>window.ran=1</script>",
    "<svg onload=window.ran=1>",
    "](javascript:window.ran=1)",
]


def drawn_labels(page: Page, key: str) -> list[str]:
    return page.locator(f".st-key-{key} .ytick text").all_text_contents()


def drawn_values(page: Page, key: str) -> list[list[float]]:
    """The numbers that Plotly holds, row by row; cells not allowed are None."""
    return page.evaluate(
        "key => Array.from(document.querySelector(`.st-key-${key} .js-plotly-plot`)._fullData.at(-1).z, row =>"
        " Array.from(row, value => Number.isNaN(value) ? null : value))",
        key,
    )


def test_type_a_sentence_choose_a_head_click_a_cell(page: Page, address: str, model: Model) -> None:
    page.goto(address)
    settled(page)
    type_sentence(page, SENTENCE)
    in_address(page, text=SENTENCE)
    expect(page.locator(".st-key-map .ytick text").nth(1)).to_have_text("man")

    grid = page.get_by_test_id("head-grid")
    grid.focus()
    before = parse_qs(urlparse(page.url).query)
    grid.press("ArrowDown" if before.get("layer", ["0"])[0] == "0" else "ArrowUp")
    page.wait_for_function(
        "query => location.search.includes('layer=') && location.search !== query", arg=urlparse(page.url).query
    )
    chosen = {
        name: int(values[0]) for name, values in parse_qs(urlparse(page.url).query).items() if name in ("layer", "head")
    }
    record = model.record(SENTENCE).blocks[chosen["layer"]].attention.head(chosen["head"])
    title = f"L{chosen['layer']}·H{chosen['head']}"
    map_says(page, title)
    values = drawn_values(page, "map")
    for row, (shown, computed) in enumerate(zip(values, record.weights[0].tolist(), strict=True)):
        assert shown[: row + 1] == pytest.approx(computed[: row + 1], abs=1e-6)
        assert shown[row + 1 :] == [None] * (len(computed) - row - 1)

    page.get_by_role("link", name="Walk through this head's computation").click()
    settled(page, "residual")
    page.get_by_text("QKᵀ", exact=True).click()
    settled(page, "scores")
    page.mouse.click(*cell_centre(page, "scores", 5, 1))
    in_address(page, query="5", key="1")
    equations = page.locator(".st-key-cell-numbers annotation").first
    expect(equations).to_contain_text("q_{5}\\cdot k_{1}", use_inner_text=False)
    said = equations.text_content() or ""
    assert f"q_{{5}}\\cdot k_{{1}} &= {float(record.scores[0, 5, 1]):.4f}" in said
    assert f"&= {float(record.scaled_scores[0, 5, 1]):.4f}" in said
    weight = re.search(r"\\mathbf\{([^}]*)\}", said)
    assert weight is not None
    assert weight[1] == f"{float(record.weights[0, 5, 1]):.4f}"
    assert sum(
        page.evaluate("Array.from(document.querySelector('.st-key-products .js-plotly-plot')._fullData[0].y)")
    ) == pytest.approx(float(record.scores[0, 5, 1]), abs=1e-4)


def test_a_link_opened_elsewhere_shows_the_same(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/inside_one_head?text={quote(SENTENCE)}&layer=2&head=5&query=6&key=2&step=softmax")
    settled(page, "weights")
    expect(page.get_by_label("Type a sentence")).to_have_value(SENTENCE)
    map_says(page, "L2·H5", "weights")
    record = model.record(SENTENCE).blocks[2].attention.head(5)
    assert drawn_values(page, "weights")[6][:7] == pytest.approx(record.weights[0, 6, :7].tolist(), abs=1e-6)
    expect(page.locator(".st-key-cell-numbers annotation").first).to_contain_text(
        f"\\mathbf{{{float(record.weights[0, 6, 2]):.4f}}}", use_inner_text=False
    )


def test_back_returns_to_the_sentence_before(page: Page, address: str) -> None:
    page.goto(f"{address}/?text=one+two+three")
    settled(page)
    type_sentence(page, "four five six")
    in_address(page, text="four five six")
    page.wait_for_timeout(700)  # half a second after a change an old address is taken for a late one
    page.go_back()
    expect(page.get_by_label("Type a sentence")).to_have_value("one two three")


def test_moving_over_the_maps_sends_nothing(page: Page, address: str) -> None:
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _frame: sent.append(1)))
    page.goto(address)
    settled(page)
    page.wait_for_timeout(1_000)
    sent.clear()
    for row in range(4):
        page.mouse.move(*cell_centre(page, "map", row, 0))
    page.get_by_test_id("head-grid").hover()
    page.locator("[data-token-index='2']").hover()
    page.wait_for_timeout(500)
    assert not sent


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_typed_is_never_run(page: Page, address: str, payload: str) -> None:
    for where in ("/", "/inside_one_head"):
        page.goto(f"{address}{where}?text={quote('see ' + payload)}&step=softmax")
        settled(page, "map" if where == "/" else "weights")
        page.wait_for_timeout(500)
        assert page.evaluate("window.ran") is None


def test_bad_text_says_so_and_keeps_everything(page: Page, address: str) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    type_sentence(page, "word " * 300)
    expect(page.get_by_test_id("stAlert")).to_contain_text("at most 256")
    expect(page.get_by_label("Type a sentence")).to_have_value("word " * 300)
    expect(page.locator(".st-key-map .ytick text").nth(1)).to_have_text("man")
    page.get_by_role("button", name="Cut it to the first 256 tokens").click()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_a_model_that_cannot_be_had_offers_the_bundled_one(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=gpt2&text={quote(SENTENCE)}")
    settled(page)
    expect(page.get_by_test_id("stAlert")).to_be_visible()
    page.get_by_role("button", name="Use the bundled model").click()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    expect(page.locator(".st-key-map .ytick text").nth(1)).to_have_text("man")


@pytest.mark.parametrize("where", ["/", "/inside_one_head?step=scores"])
def test_nothing_is_wider_than_a_telephone(page: Page, address: str, where: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address + where)
    settled(page, "map" if where == "/" else "scores")
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_clicking_a_bar_adds_that_token(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/?text={quote(SENTENCE)}")
    settled(page)
    second = model.next_tokens(model.record(SENTENCE), 2)[1]
    bars = page.locator(".st-key-next .js-plotly-plot")
    expect(bars).to_have_count(1)
    bars.scroll_into_view_if_needed()
    x, y = bars.evaluate(
        "gd => { const box = gd.getBoundingClientRect(), {xaxis, yaxis} = gd._fullLayout;"
        " return [box.left + xaxis._offset + 5, box.top + yaxis._offset + yaxis.d2p(1)]; }"
    )
    page.mouse.click(x, y)
    expect(page.get_by_label("Type a sentence")).to_have_value(model.extend(SENTENCE, second.token_id))


def test_a_text_of_several_lines(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)
    page.get_by_role("button", name="A longer text, of several lines").first.click()
    page.get_by_label("A longer text", exact=True).fill("one line\nand another")
    page.get_by_role("button", name="Look at this text").click()
    in_address(page, text="one line\nand another")
    expect(page.locator("[data-token-index]", has_text="⏎")).to_have_count(1)


def test_arrow_keys_go_on_from_a_clicked_cell(page: Page, address: str) -> None:
    page.goto(f"{address}/inside_one_head?text={quote(SENTENCE)}&layer=1&head=2&step=scores")
    settled(page, "scores")
    page.mouse.click(*cell_centre(page, "scores", 5, 1))
    in_address(page, query="5", key="1")
    page.keyboard.press("ArrowRight")
    in_address(page, query="5", key="2")
    page.keyboard.press("ArrowUp")
    in_address(page, query="4", key="2", layer="1")


def test_switching_the_theme_redraws_the_figures(page: Page, address: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(address)
    settled(page)
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".st-key-map .ytick text").first).to_have_css("fill", "rgb(232, 234, 240)")


def test_a_head_found_by_role_and_woken(page: Page, address: str, model: Model) -> None:
    page.goto(f"{address}/?text={quote(NO_REPEATS)}&layer=3&head=0")
    settled(page)
    page.locator(".st-key-find input").click()
    page.get_by_role("option", name=re.compile("what followed an earlier copy")).click()
    stored = torch.tensor(model.card["roles"]["induction"])
    layer, head = divmod(int(stored.argmax()), stored.shape[1])
    in_address(page, layer=str(layer), head=str(head))
    map_says(page, f"L{layer}·H{head}")
    expect(page.get_by_text("no token of this text repeats, so that cannot show here")).to_be_visible()
    expect(page.get_by_test_id("head-grid")).to_have_attribute("data-layer", str(layer))

    page.get_by_role("button", name="Say this sentence twice").click()
    in_address(page, text=f"{NO_REPEATS} {NO_REPEATS}", layer=str(layer), head=str(head))
    expect(page.get_by_role("button", name="Say this sentence twice")).to_have_count(0)
    recording = model.record(f"{NO_REPEATS} {NO_REPEATS}")
    score = role_scores(recording.blocks[layer].attention.head(head).weights, recording.token_ids)["induction"]
    expect(page.get_by_text(f"They give {float(score[0]):.0%} of their weight")).to_be_visible()

    page.get_by_role("button", name="What this head does").click()
    row = page.locator("table.roles tr", has_text="what followed an earlier copy")
    expect(row.locator("td").nth(1)).to_have_text(f"{float(score[0]):.2f}")
    expect(row.locator("td").nth(2)).to_have_text(f"{float(stored.max()):.2f}")


def test_the_chain_stays_on_top_while_its_pictures_scroll(page: Page, address: str) -> None:
    page.goto(f"{address}/inside_one_head?step=scores")
    settled(page, "scores")
    page.mouse.move(700, 400)
    page.mouse.wheel(0, 600)
    page.wait_for_function("document.querySelector('.st-key-scores').getBoundingClientRect().top < 0")
    chain = page.locator(".st-key-chain").bounding_box()
    assert chain is not None
    assert 0 <= chain["y"] < 100
