"""python -m tests.benchmarks browser: what a visitor waits for, in the real app in real Chromium on this machine.

Times are taken inside the page: from the event that a hand makes (pointerdown, keydown) to the first frame after the
new picture is in the page; of hovering, the script and layout that a pointed cell costs. Medians of RUNS. The long
texts run through GPT-2 small's shape with random weights.
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
from viz_core.memory import keep_freed_memory
from viz_core.models import gpt2

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
# all heads, in the shadow root of their component
GRID = """[...document.querySelectorAll('*')].map((node) => node.shadowRoot?.querySelector('[data-testid=head-grid]'))
  .find((node) => node?.dataset.layer)"""
Row = tuple[str, str, str]


def main() -> None:
    keep_freed_memory()
    rows: list[Row] = []
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        checkpoint = random_gpt2(Path(folder) / "gpt2-shape")
        browser = launched(playwright)
        rows.append(("`streamlit run` to first heads painted, cold process", "≤ 6 s", cold_start(browser)))
        with served_app(Path(folder)) as url:
            rows += warm(browser, url, checkpoint)
        with served_app(
            Path(folder), script="tests/benchmarks/all_heads.py", BENCHMARK_CHECKPOINT=str(checkpoint)
        ) as url:
            rows += list(all_heads(browser, url))
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
def visitor(browser: Browser, url: str, ready: str) -> Iterator[tuple[Page, list[int], list[int]]]:
    """A fresh page that shows its pictures, and the bytes of every frame that came in and that went out."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    received: list[int] = []
    spoken: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: spoken.append(len(frame))))
    page.goto(url)
    page.wait_for_function(ready)
    page.wait_for_timeout(1_500)
    yield page, received, spoken
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
                page.wait_for_function(GRID)
                times.append(perf_counter() - start)
                page.close()
    return f"{statistics.median(times):.1f} s"


def warm(browser: Browser, url: str, checkpoint: Path) -> Iterator[Row]:
    yield "type a sentence (20 tokens) → all pictures new", "≤ 0.5 s", typing(browser, url)
    for n, reach in zip(LENGTHS, ("0.15 s", "0.25 s", "0.6 s"), strict=True):
        model = f"&model={quote(str(checkpoint))}" if n > 256 else ""
        with visitor(browser, f"{url}/?text={quote(of_length(n))}{model}", IMAGE) as (page, received, spoken):
            took, sent = choosing_heads(page, received)
            yield f"choose another head → painted, {n:,} tokens", f"≤ {reach}", f"{median(took)}, {sent / 1e3:,.0f} kB"
            yield f"hover → highlight, {n:,} tokens", "≤ 16 ms, 0 messages", hovering(page, spoken)
            if n == LENGTHS[-1]:
                yield "browser heap, 1,024 tokens, GPT-2's shape", "≤ 300 MB", f"{heap(page):,.0f} MB"
    address = f"{url}/inside_one_head?step=scores&text={quote(of_length(20))}"
    with visitor(browser, address, IMAGE.replace("key-map", "key-scores")) as (page, received, _spoken):
        yield "click a cell → arithmetic shown", "≤ 0.2 s", median(clicking_cells(page))
        chosen, run = nothing_changed(page, received)
        yield "choose what is chosen already", "about 1 kB", f"{chosen:,.0f} bytes"
        yield "a run of the page with nothing new", "", f"{run / 1e3:,.0f} kB"
    model = gpt2.load(checkpoint)
    recording = model(torch.randint(4096, (1024,)), last_only=True)
    yield "server memory for a recording, 1,024 tokens", "≤ 240 MB", f"{recording.nbytes / 1e6:,.0f} MB"


def typing(browser: Browser, url: str) -> str:
    times = []
    with visitor(browser, url, IMAGE) as (page, _received, _spoken):
        for run in range(RUNS):
            text = of_length(20, f"{run} " + SENTENCES[run % 2])
            box = page.get_by_label("Type a sentence")
            box.fill(text)
            new = f"""[...document.querySelectorAll('.st-key-map .ytick text')].some((t) => t.textContent === '{run}')
              && document.querySelector('.st-key-next .js-plotly-plot .bars') && {IDLE}"""
            times.append(timed(page, "keydown", new, lambda box=box: box.press("Enter")))
    return median(times)


def choosing_heads(page: Page, received: list[int]) -> tuple[list[float], float]:
    """Milliseconds each, and bytes a choice (median) before compression."""
    times, sent = [], []
    grid = page.get_by_test_id("head-grid")
    for run in range(RUNS + 1):
        place = grid.evaluate("node => ({ ...node.dataset })")
        layers, heads, pitch = int(place["layers"]), int(place["heads"]), float(place["pitch"])
        layer, head = (run * 5 + 1) % layers, (run * 3 + 2) % heads
        box = page.locator("[data-testid=head-grid] .view").bounding_box()
        assert box is not None
        x = box["x"] + float(place["left"]) + (head + 0.5) * pitch
        y = box["y"] + float(place["top"]) + (layer + 0.5) * pitch
        page.mouse.move(x, y)
        page.wait_for_timeout(500)
        before = sum(received)
        ready = f"{MAP}?._fullLayout?.title.text.includes('L{layer}·H{head}') && {IMAGE}"
        times.append(timed(page, "pointerdown", ready, lambda x=x, y=y: page.mouse.click(x, y)))
        page.wait_for_timeout(700)
        sent.append(sum(received) - before)
    return times[1:], statistics.median(sent[1:])  # the first one also compiles


def hovering(page: Page, sent: list[int]) -> str:
    """What a pointed cell costs: bands and frames in the map, lines and tints in the text; and what is sent."""
    page.wait_for_timeout(500)
    before = len(sent)
    cost = """(row) => {
      window.attentionBoard.point(null);
      document.body.getBoundingClientRect();
      const start = performance.now();
      window.attentionBoard.point({ query: row, key: row >> 1 });
      document.body.getBoundingClientRect();
      if (!document.querySelector('.st-key-map .linked-band:not([hidden])')) throw Error('no band');
      return performance.now() - start;
    }"""
    times = [float(page.evaluate(cost, 9 + 5 * run)) for run in range(RUNS)]
    return f"{statistics.median(times):.1f} ms, {len(sent) - before} messages"


def heap(page: Page) -> float:
    """MB of JavaScript objects, after a collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def clicking_cells(page: Page) -> list[float]:
    times = []
    for run in range(RUNS):
        row, column = 4 + run, run
        x, y = page.evaluate(
            "([row, column]) => { const gd = document.querySelector('.st-key-scores .js-plotly-plot'),"
            " box = gd.getBoundingClientRect(), { xaxis, yaxis } = gd._fullLayout;"
            " return [box.left + xaxis._offset + xaxis.d2p(column), box.top + yaxis._offset + yaxis.d2p(row)]; }",
            [row, column],
        )
        page.mouse.move(x, y)
        page.wait_for_timeout(500)
        equation = f"q_{{{row}}}\\\\cdot k_{{{column}}}"
        shown = f"document.querySelector('.st-key-cell-numbers annotation')?.textContent.includes('{equation}')"
        times.append(timed(page, "pointerdown", shown, lambda x=x, y=y: page.mouse.click(x, y)))
    return times


def nothing_changed(page: Page, received: list[int]) -> tuple[float, float]:
    """Bytes from the server: when the chosen cell is clicked again, and when the page runs and nothing is new."""
    board = page.evaluate_handle("window.attentionBoard")
    again = "(board) => board.choose(board.value)"
    acts = (again, "(board) => board.tell({ number: (board.sent += 1), value: board.value })")
    sizes: list[list[int]] = [[], []]
    for run in range(2 * RUNS):
        page.wait_for_timeout(800)
        before = sum(received)
        page.evaluate(acts[run % 2], board)
        page.wait_for_timeout(800)
        sizes[run % 2].append(sum(received) - before)
    return statistics.median(sizes[0]), statistics.median(sizes[1])


def all_heads(browser: Browser, url: str) -> Iterator[Row]:
    """12 × 12 heads of a recording that is there: from the click that asks for them to their frame."""
    for n, reach in zip(LENGTHS, ("0.2", "0.3", "0.4"), strict=True):
        times, computing, sent = [], [], []
        with visitor(browser, f"{url}/?n={n}", "document.querySelector('.st-key-draw button')") as (page, received, _):
            for run in range(RUNS + 1):
                page.get_by_role("button", name="record").click()
                page.get_by_text(f"seed {run + 1}", exact=True).wait_for()
                page.wait_for_timeout(800)
                before = sum(received)
                button = page.get_by_role("button", name="draw").bounding_box()
                assert button is not None
                place = button["x"] + 5, button["y"] + 5
                page.mouse.move(*place)
                ready = f"({GRID})?.dataset.head === '{(run + 1) % 12}'"
                times.append(timed(page, "pointerdown", ready, lambda place=place: page.mouse.click(*place)))
                computing.append(float((page.get_by_text("computed in").text_content() or "").split()[2]))
                page.wait_for_timeout(500)
                sent.append(sum(received) - before)
        painting = [whole - part for whole, part in zip(times[1:], computing[1:], strict=True)]
        computed = f"computing tiles and roles before: {median(computing[1:])}"
        what, measured = f"all heads (12 × 12), {n:,} tokens: paint, after recording", median(painting)
        yield what, f"≤ {reach} s, ≤ 0.7 MB", f"{measured}, {max(sent) / 1e6:.2f} MB; {computed}"
