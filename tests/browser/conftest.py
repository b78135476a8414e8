"""A visitor: a fresh page in the real browser, on the real app."""

from collections.abc import Callable, Iterator
from typing import Literal
from urllib.parse import quote

import pytest
import torch
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from transformers import GPT2Config, GPT2LMHeadModel

import viz_core
from tests.browser.serving import CHROMIUM, ROOT, launched, served_app
from viz_core.models import Model

TOKENIZER = ROOT / "assets/models/tiny-gpt/tokenizer.json"

# ms, as pages have it: a fresh environment compiles what it imports while the first page opens, on a busy machine
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The served app's URL."""
    with served_app(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One a process: there can be no second."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: install it to run the browser tests")
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launched(playwright)
    yield browser
    browser.close()


SCREENS = {"wide": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh visitor. An error in the page, or a request to another machine, fails the test."""
    yield from _visitor(browser, "light", "wide")


@pytest.fixture(params=["light-wide", "dark-phone"])
def any_screen(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Likewise, once in each theme and once on each screen; what is drawn takes its colours and its width from
    different places, so the other two pairs show nothing new."""
    yield from _visitor(browser, *request.param.split("-"))


def _visitor(browser: Browser, theme: Literal["light", "dark"], screen: str) -> Iterator[Page]:
    context = browser.new_context(viewport=SCREENS[screen], color_scheme=theme, has_touch=screen == "phone")
    page = context.new_page()
    page.set_default_timeout(60_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    page.on("request", lambda asked: complaints.append(f"asked {asked.url}") if not _ours(asked.url) else None)
    yield page
    context.close()
    assert not complaints


def _ours(url: str) -> bool:
    return url.startswith(("http://localhost:", "ws://localhost:", "data:", "blob:"))


@pytest.fixture(scope="session")
def model() -> Model:
    return viz_core.load("tiny-gpt")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Makes a GPT-2 of random weights of any shape; returns the folder, as an address has it."""

    def made(**shape: int) -> str:
        folder = tmp_path_factory.mktemp("gpt2")
        torch.manual_seed(0)
        GPT2LMHeadModel(GPT2Config(vocab_size=4096, initializer_range=0.3, **shape)).save_pretrained(folder)
        (folder / "tokenizer.json").write_bytes(TOKENIZER.read_bytes())
        return quote(str(folder))

    return made


@pytest.fixture(scope="session")
def long_model(checkpoint: Callable[..., str]) -> str:
    return checkpoint(n_layer=2, n_head=3, n_embd=48, n_positions=1024)
