"""The typeface: Korean on a machine whose only font has none, in words, figures and canvases."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
import streamlit
from fontTools.ttLib import TTFont
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from tests.browser.hand import settled
from tests.browser.serving import launched
from tests.browser.test_taking import saved

ONLY = "<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>"
LETTERS_ARE_THERE = (
    "() => document.fonts.ready.then(() => [...document.fonts].every(font => font.status !== 'loading'))"
)
DIGITS = (
    "weight => { const pen = document.createElement('canvas').getContext('2d');"
    " pen.font = `${weight} 16px 'Attention Sans'`; return [...'0123456789'].map(d => pen.measureText(d).width); }"
)
WRITTEN = "(node, text) => { node.textContent = text; }"


@pytest.fixture(scope="module")
def without_korean(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium on a machine that has one font, of Latin letters."""
    folder = tmp_path_factory.mktemp("fonts")
    (found,) = Path(streamlit.__file__).parent.glob("static/static/media/SourceSerifVariable-Roman*.woff2")
    font = TTFont(found)
    assert not set(map(ord, "한글")) & set(font.getBestCmap())
    font.flavor = None
    font.save(folder / "only.ttf")
    (folder / "fonts.conf").write_text(ONLY.format(folder=folder))
    browser = launched(playwright, env=os.environ | {"FONTCONFIG_FILE": str(folder / "fonts.conf")})
    yield browser
    browser.close()


Opened = Callable[..., Page]


@pytest.fixture
def opened(without_korean: Browser, address: str) -> Iterator[Opened]:
    contexts = []

    def opened(where: str, theme: Literal["light", "dark"] = "light") -> Page:
        contexts.append(without_korean.new_context(viewport={"width": 1280, "height": 800}, color_scheme=theme))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{address}/{where}")
        return page

    yield opened
    for context in contexts:
        context.close()


def picture(node: Locator) -> bytes:
    """Of a node, once all letters have come and it has been drawn with them."""
    before = b""
    for _attempt in range(40):
        node.page.wait_for_function(LETTERS_ARE_THERE)
        now = node.screenshot(animations="disabled")
        if now == before:
            return now
        before = now
        node.page.wait_for_timeout(300)
    raise AssertionError("the picture does not come to rest")


def draws_korean(node: Locator) -> bool:
    """What a machine has no letters for is drawn as boxes, all alike; so other syllables make another picture."""
    pictures = []
    for text in ("가나", "뷁쀍", "\u9fff\u9fff"):  # usual ones, rare ones, and letters that this machine does not have
        node.evaluate(WRITTEN, text)
        pictures.append(picture(node))
    return len(set(pictures)) == len(pictures)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_korean_words_and_the_figures_labels_are_drawn(opened: Opened, theme: Literal["light", "dark"]) -> None:
    page = opened(f"?lang=ko&text={quote('커피 마시고 싶어. 커피 마시고')}", theme)
    settled(page)
    for weight in (400, 600):
        page.wait_for_function(f"() => document.fonts.check(\"{weight} 16px 'Attention Sans'\", 'Attention 어텐션')")
        assert len(set(page.evaluate(DIGITS, weight))) == 1  # numbers stand in columns
    heading = page.locator("[data-testid=stSidebar] h4").first
    tick = page.locator(".st-key-map .ytick text").first
    title = page.locator(".st-key-map .gtitle").first
    for node in (heading, tick, title, page.get_by_test_id("stCaptionContainer").first.locator("p")):
        assert draws_korean(node)


def test_a_figure_taken_along_has_its_korean(opened: Opened, tmp_path: Path) -> None:
    page = opened(f"scaling?lang=ko&text={quote('가나 뷁 쀍')}")
    settled(page, "own")
    page.locator(".st-key-taking-own button").locator("visible=true").click()
    svg = saved(page, page.locator(".snapshot button").nth(1), tmp_path)
    alone = page.context.new_page()  # nothing is fetched for it
    alone.goto(svg.as_uri())
    assert draws_korean(alone.locator(".ytick text").first)


def test_korean_is_drawn_on_a_canvas(opened: Opened) -> None:
    """The names along the mask's edge, also of syllables whose letters come after the first picture."""
    pictures = []
    for text in ("뷁 뷁", "쀍 쀍"):
        page = opened(f"masks?part=lab&text={quote(text)}")
        canvas = page.get_by_test_id("mask-painter").locator("canvas")
        expect(canvas).to_be_visible()
        pictures.append(picture(canvas))
    assert pictures[0] != pictures[1]
