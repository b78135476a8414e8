"""What is taken along opens elsewhere: pictures, a page without a network, a table, a recording."""

import csv
from io import BytesIO, StringIO
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

import viz_core
from tests.browser.hand import SENTENCE, figure_shows, no_sideways_scroll, opened_offline, settled
from viz_core.figures.palette import BACKGROUND
from viz_core.figures.taken import standalone
from viz_core.models import Model

NO_GAP = """(least) => {  // the last tile is at least so wide, and what follows it is near
  const last = (name) => [...document.querySelectorAll(name)].at(-1)?.getBoundingClientRect();
  return last(".heatmaplayer image")?.width >= least && last("p")?.top - last(".heatmaplayer image").bottom < 80;
}"""
PAYLOAD = "</script><script>alert(1)</script> <img src=x onerror=alert(2)>"


def menu(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button:visible").first.click()


def saved(page: Page, button: Locator, folder: Path) -> Path:
    with page.expect_download() as download:
        button.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_figure_as_pictures_and_table(any_screen: Page, address: str, model: Model, tmp_path: Path) -> None:
    any_screen.goto(f"{address}/?text={quote(SENTENCE)}&layer=1&head=2")
    settled(any_screen)
    menu(any_screen, "taking-map")
    buttons = any_screen.get_by_test_id("snapshot").locator("button")
    expect(buttons).to_have_count(2)
    no_sideways_scroll(any_screen)
    plot = any_screen.locator(".st-key-map .js-plotly-plot").bounding_box()
    assert plot is not None
    png = saved(any_screen, buttons.nth(0), tmp_path)
    assert png.name == "tiny-gpt-L1-H2-weights.png"
    picture = Image.open(png).convert("RGB")
    assert picture.width == pytest.approx(2 * (plot["width"] + 32), abs=4), "twice as fine, with a margin"
    dark = any_screen.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    ground = BACKGROUND["dark" if dark else "light"]
    assert picture.getpixel((2, 2)) == tuple(int(ground[at : at + 2], 16) for at in (1, 3, 5))
    colours = picture.getcolors(1 << 24)
    assert colours is not None
    assert len(colours) > 30, "nothing was drawn"
    svg = saved(any_screen, buttons.nth(1), tmp_path).read_text()
    assert svg.startswith("<svg")
    assert ground.lower() in svg.lower()
    assert "row looks at column" in svg
    table = saved(any_screen, any_screen.locator(".st-key-taken-csv-map button"), tmp_path)
    found = list(csv.DictReader(StringIO(table.read_text("utf-8-sig"), newline="")))
    weights = model.record(SENTENCE).blocks[1].attention.weights[2].numpy()
    assert len(found) == weights.size
    written = [float(line["value"] or 0) for line in found]
    assert np.allclose(written, weights.ravel(), atol=1e-6)


def test_a_page_opens_without_a_network_and_runs_no_token(
    page: Page, browser: Browser, address: str, tmp_path: Path
) -> None:
    page.goto(f"{address}/?text={quote(PAYLOAD)}&layer=1&head=2")
    settled(page)
    menu(page, "taking-map")
    file = saved(page, page.locator(".st-key-taken-html-map button"), tmp_path)
    with opened_offline(browser, file) as alone:
        alone.locator(".js-plotly-plot .heatmaplayer image").first.wait_for(state="attached")
        expect(alone.get_by_text(f"tiny-gpt: “{PAYLOAD}”", exact=True)).to_be_visible()
        expect(alone.get_by_text("Inside attention")).to_be_visible()
        expect(alone.locator(".gtitle")).to_contain_text("L1·H2")
        box = alone.locator(".heatmaplayer image").last.bounding_box()
        assert box is not None
        alone.mouse.move(box["x"] + 4, box["y"] + 4)
        expect(alone.locator(".hoverlayer")).to_contain_text("weight")


def test_all_heads_fit_a_phone_and_leave_no_gap(browser: Browser, model: Model, tmp_path: Path) -> None:
    """Also when it is turned: the tiles grow again."""
    file = tmp_path / "heads.html"
    file.write_text(standalone(viz_core.show(model.record(SENTENCE), view="heads"), theme="light", about=["below"]))
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(file.as_uri())
    least = 1.0
    for width in (390, 844):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(NO_GAP, arg=least)
        box = page.locator(".heatmaplayer image").last.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
        least = 1.5 * box["width"]
    context.close()


def test_the_recording_opens_again(page: Page, address: str, model: Model, tmp_path: Path) -> None:
    page.goto(f"{address}/scaling?text={quote(SENTENCE)}&layer=1&head=2&divisor=1")
    figure_shows(page, "own")
    menu(page, "taking")
    expect(page.locator("[data-testid=stCode]")).to_contain_text("viz_core.Edits(scale=1.0")
    expected = model.record(SENTENCE)
    for kind in ("npz", "safetensors"):
        file = saved(page, page.locator(f".st-key-recording-{kind} button"), tmp_path)
        found = viz_core.load_recording(BytesIO(file.read_bytes()))
        assert found.tokens == expected.tokens
        assert torch.allclose(found.blocks[1].attention.weights, expected.blocks[1].attention.weights, atol=1e-5)
