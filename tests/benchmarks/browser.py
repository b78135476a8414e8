"""python -m tests.benchmarks browser: what a visitor waits for, in the real app in real Chromium on this machine.

Every time is taken inside the page: from the event that a hand makes (pointerdown, keydown) to the first frame after
the new picture is in the page. Medians of RUNS. The long texts run through GPT-2 small's shape with random weights.
"""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from urllib.parse import quote

import torch
from playwright.sync_api import Browser, Page, sync_playwright
from transformers import GPT2Config, GPT2LMHeadModel

import viz_core
from tests.browser.serving import ROOT, launched, served_app

RUNS = 7
LENGTHS = (64, 256, 1024)
SENTENCES = (  # 20 tokens each in tiny-gpt's vocabulary is what `of_length` makes of them
    "The little dog chased the red ball over the green hill and then it came back home to its bed",
    "The old woman gave the small boy a big apple because he was good and he had said thank you",
)

# Resolves with the milliseconds from the first `event` after it was installed to the first frame that follows
# the one in which `ready` holds.
STOPWATCH = """
([event, ready]) => {
  const holds = new Function("return (" + ready + ")");
  window.measured = new Promise((resolve, reject) => {
    setTimeout(() => reject(`never held: ${ready}`), 20_000);
    addEventListener(event, (e) => {
      const start = performance.now();
      const look = () => (holds() ? requestAnimationFrame(() => resolve(performance.now() - start))
                                  : requestAnimationFrame(look));
      look();
    }, { once: true, capture: true });
  });
}
"""
MAP = "document.querySelector('.st-key-map .js-plotly-plot')"
IMAGE = f"{MAP}?.querySelector('.heatmaplayer image')"
IDLE = "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
PAINTED_GRID = "document.querySelector('.st-key-heads [data-testid]') || [...document.querySelectorAll('*')].some((n) => n.shadowRoot?.querySelector('[data-testid=head-grid][data-layers]'))"


def main() -> None:
    rows: list[tuple[str, str, str]] = []
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        checkpoint = random_gpt2(Path(folder) / "gpt2-shape")
        browser = launched(playwright)
        rows.append(("`streamlit run` to first heads painted, cold process", "≤ 6 s", cold_start(browser)))
        with served_app(Path(folder)) as url:
            rows += warm(browser, url, checkpoint)
        browser.close()
    print("| what | reach | measured |\n| --- | --- | --- |")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def random_gpt2(folder: Path) -> Path:
    """A checkpoint of GPT-2 small's shape with random weights and the bundled tokenizer."""
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(initializer_range=0.1)).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((ROOT / "assets/models/tiny-gpt/tokenizer.json").read_bytes())
    return folder


def of_length(n: int, words: str = SENTENCES[0]) -> str:
    """A text of exactly n tokens."""
    model = viz_core.load("tiny-gpt")
    text = " ".join([words] * (1 + n // 8))
    assert model.tokenizer is not None
    return model.tokenizer.cut(text, n)


# -- the stopwatch -------------------------------------------------------------------------------------


def timed(page: Page, event: str, ready: str, act: Callable[[], Any]) -> float:
    """Milliseconds from the `event` that `act` causes to the frame after `ready` holds in the page."""
    page.evaluate(STOPWATCH, [event, ready])
    act()
    return float(page.evaluate("window.measured"))


def median(times: list[float]) -> str:
    return f"{statistics.median(times):,.0f} ms"


@contextmanager
def visitor(browser: Browser, url: str, ready: str) -> Iterator[tuple[Page, list[int]]]:
    """A fresh page that shows its pictures, and the bytes of every frame the server has sent it."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(60_000)
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    page.goto(url)
    page.wait_for_function(ready)
    page.wait_for_timeout(1_500)
    yield page, received
    context.close()


# -- what is timed -------------------------------------------------------------------------------------


def cold_start(browser: Browser) -> str:
    times = []
    for _run in range(5):
        with TemporaryDirectory() as home:
            start = perf_counter()
            with served_app(Path(home)) as url:
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.goto(url)
                page.wait_for_function(PAINTED_GRID)
                times.append(perf_counter() - start)
                page.close()
    return f"{statistics.median(times):.1f} s"


def warm(browser: Browser, url: str, checkpoint: Path) -> Iterator[tuple[str, str, str]]:
    yield "type a sentence (20 tokens) → all pictures new", "≤ 0.5 s", typing(browser, url)
    for n, reach in zip(LENGTHS, ("0.15 s", "0.25 s", "0.6 s"), strict=True):
        model = "" if n <= 256 else f"&model={quote(str(checkpoint))}"
        address = f"{url}/?text={quote(of_length(n))}{model}"
        with visitor(browser, address, IMAGE) as (page, received):
            took, sent = choosing_heads(page, received)
            yield f"choose another head → painted, {n:,} tokens", f"≤ {reach}", f"{median(took)}, {sent / 1e3:,.0f} kB"


def typing(browser: Browser, url: str) -> str:
    times = []
    with visitor(browser, url, IMAGE) as (page, _received):
        for run in range(RUNS):
            text = of_length(20, f"{run} " + SENTENCES[run % 2])
            box = page.get_by_label("Type a sentence")
            box.fill(text)
            last = text.split()[-1]
            new = f"""[...document.querySelectorAll('.st-key-map .ytick text')].some((t) => t.textContent === '{run}')
              && document.querySelector('.st-key-next .js-plotly-plot .bars')
              && {IDLE}"""
            times.append(timed(page, "keydown", new, lambda box=box: box.press("Enter")))
            assert last
    return median(times)


def choosing_heads(page: Page, received: list[int]) -> tuple[list[float], float]:
    """Milliseconds each, and bytes a choice (median)."""
    times, sent = [], []
    grid = page.get_by_test_id("head-grid")
    box = grid.bounding_box()
    for run in range(RUNS):
        place = grid.evaluate("node => ({ ...node.dataset })")
        layers, heads, pitch = int(place["layers"]), int(place["heads"]), float(place["pitch"])
        layer, head = (run * 5 + 1) % layers, (run * 3 + 1) % heads
        if (str(layer), str(head)) == (place["layer"], place["head"]):
            head = (head + 1) % heads
        x = box["x"] + float(place["left"]) + (head + 0.5) * pitch
        y = box["y"] + float(place["top"]) + (layer + 0.5) * pitch
        page.mouse.move(x, y)
        page.wait_for_timeout(300)
        before = sum(received)
        ready = f"{MAP}?._fullLayout?.title.text.includes('L{layer}·H{head}') && {IMAGE}"
        times.append(timed(page, "pointerdown", ready, lambda x=x, y=y: page.mouse.click(x, y)))
        page.wait_for_timeout(700)
        sent.append(sum(received) - before)
    return times, statistics.median(sent)
