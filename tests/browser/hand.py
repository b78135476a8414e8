"""What a hand does, and what an eye waits for, in the running app."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

import viz_core

SENTENCE = "The man bit the dog in the park"

# the rows in sight, from the bottom to the top
RANGE = "key => [...document.querySelector(`.st-key-${key} .js-plotly-plot`)._fullLayout.yaxis.range]"


def settled(page: Page, key: str = "map") -> None:
    """Wait until the page shows its map; contents are then waited for one by one."""
    page.locator(f".st-key-{key} .js-plotly-plot .heatmaplayer image").first.wait_for(state="attached")
    expect(page.locator(f".st-key-{key} .js-plotly-plot")).to_have_count(1)  # the one of the run before is gone
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()


def type_sentence(page: Page, text: str) -> None:
    box = page.get_by_label("Type a sentence")
    box.fill(text)
    box.press("Enter")


def cell_centre(page: Page, key: str, row: int, column: int) -> tuple[float, float]:
    """Where on the screen a cell of a map lies, asked of Plotly's own axes."""
    plot = page.locator(f".st-key-{key} .js-plotly-plot")
    expect(plot).to_have_count(1)  # the one of the run before is gone
    plot.scroll_into_view_if_needed()
    return tuple(
        plot.evaluate(
            "(gd, [row, column]) => { const box = gd.getBoundingClientRect(), {xaxis, yaxis} = gd._fullLayout;"
            " return [box.left + xaxis._offset + xaxis.d2p(column), box.top + yaxis._offset + yaxis.d2p(row)]; }",
            [row, column],
        )
    )


def in_address(page: Page, **expected: str) -> None:
    """Wait until the address says so."""
    page.wait_for_function(
        "expected => { const said = new URLSearchParams(location.search);"
        " return Object.entries(expected).every(([name, value]) => said.get(name) === value); }",
        arg=expected,
    )


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


def map_says(page: Page, text: str, key: str = "map") -> None:
    """Its title; for a moment the figure that is being replaced is there too, hidden."""
    expect(page.locator(f".st-key-{key} .gtitle", has_text=text)).to_have_count(1)
    expect(page.locator(f".st-key-{key} .gtitle")).to_have_count(1)


def sent(page: Page) -> list[int]:
    """Grows by one with every message to the server; call it before the page is opened."""
    frames: list[int] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _frame: frames.append(1)))
    return frames


def point_at(page: Page, node: Locator) -> None:
    """Moves the pointer there as a hand does; Playwright's own hover keeps some events from shadow roots."""
    node.scroll_into_view_if_needed()
    box = node.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)


def zoom(page: Page, key: str, top: int, left: int, bottom: int, right: int) -> None:
    x, y = cell_centre(page, key, top, left)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move((x + cell_centre(page, key, bottom, right)[0]) / 2, y + 20, steps=3)
    page.mouse.move(*cell_centre(page, key, bottom, right), steps=3)
    page.mouse.up()


def slide(page: Page, name: str, steps: int) -> None:
    """Moves a setting's slider by so many steps."""
    slider = page.locator(f".st-key-setting-{name} input")
    slider.scroll_into_view_if_needed()
    slider.focus()
    for _step in range(abs(steps)):
        slider.press("ArrowRight" if steps > 0 else "ArrowLeft")


def press(page: Page, name: str, label: str) -> None:
    """Chooses one of a setting's buttons."""
    page.locator(f".st-key-setting-{name}").get_by_text(label, exact=True).click()


def no_sideways_scroll(page: Page) -> None:
    """Nothing is wider than the screen."""
    wide = page.locator("[data-testid=stMain]").evaluate("main => main.scrollWidth - main.clientWidth")
    assert wide <= 0, f"{wide} px wider than the screen"


def figure_shows(page: Page, key: str) -> None:
    """Wait until a figure is drawn."""
    page.locator(f".st-key-{key} .js-plotly-plot .main-svg").first.wait_for(state="attached")


@contextmanager
def opened_offline(browser: Browser, file: Path, width: int = 1280) -> Iterator[Page]:
    """A file on a machine without a network; what it asks for, and every dialog and error, fails the test."""
    context = browser.new_context(offline=True, viewport={"width": width, "height": 800})
    page, asked, complaints = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(file.as_uri())
    yield page
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [file.as_uri()]
    assert not complaints
    context.close()


def cancel(page: Page) -> None:
    """At once: Playwright's own click waits until nothing moves, and by then the work may be done."""
    page.get_by_role("button", name="Cancel").dispatch_event("click")


def at_rest(page: Page) -> None:
    """Wait until nothing has run for a while."""
    page.evaluate("() => { delete window.ranAt; }")
    page.wait_for_function(
        "() => { const state = document.querySelector('[data-testid=stApp]').dataset.testScriptState,"
        " now = performance.now(); if (state !== 'notRunning') window.ranAt = now;"
        " return now - (window.ranAt ??= now) > 1000; }"
    )
