"""python -m tests.browser.pictures: take the README's pictures of the running app, and a short tour of it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.browser.serving import ROOT, launched, served_app

PICTURES = {  # file: (address, the figure to wait for)
    "explore.png": ("/", "map"),
    "inside_one_head.png": ("/inside_one_head?step=scores", "scores"),
    "scaling.webp": ("/scaling?scope=all", "own"),
    "masks.webp": ("/masks?mask=window&window=6", "weights"),
    "positions.webp": ("/positions?part=order", "order-difference"),
    "many_heads.webp": ("/many_heads?off=0.0", "change"),
    "block.webp": ("/block?part=lens", "lens-probability"),
    "birth.webp": ("/birth?moment=1650", "next"),
    "encoder_decoder.webp": ("/encoder_decoder?word=4", "held"),
    "efficient.webp": ("/efficient", "tiles"),
    "compare.webp": ("/compare", "compare-next"),
    "head_finder.webp": ("/head_finder", "map"),
    "beyond_weights.webp": ("/beyond_weights?part=absence", "map"),
    "matrix_lab.webp": ("/matrix_lab", "weights"),
}
LESSON = "lesson.webp", "/lessons?lesson=5&lesson_step=2"  # what it asks is answered before the picture
SIZE = {"width": 1280, "height": 880}
FRAME = 1_700  # ms
POINTER = """() => {
  const dot = document.createElement('div');
  dot.style = 'position:fixed;z-index:10000000;width:18px;height:18px;margin:-9px;border-radius:50%;left:-20px;'
    + 'background:#C2440088;border:2px solid #C24400;pointer-events:none';
  document.body.append(dot);
  const move = (e) => Object.assign(dot.style, { left: `${e.clientX}px`, top: `${e.clientY}px` });
  addEventListener('pointermove', move, true);
}"""


def main() -> None:
    folder = ROOT / "assets" / "pictures"
    folder.mkdir(exist_ok=True)
    with TemporaryDirectory() as home, served_app(Path(home)) as url, sync_playwright() as playwright:
        browser = launched(playwright)
        for name, (address, key) in PICTURES.items():
            page = opened(browser, url + address, key)
            shown = Image.open(BytesIO(page.screenshot())).convert("RGB")
            shown.save(folder / name, quality=84, method=6)
            print(folder / name)
        _lesson(browser, url).save(folder / LESSON[0], quality=84, method=6)
        first, *others = tour(opened(browser, url, "map"))
        first.save(
            folder / "tour.webp", save_all=True, append_images=others, duration=FRAME, loop=0, quality=72, method=6
        )
        print(folder / "tour.webp")
        browser.close()


def _lesson(browser: Browser, url: str) -> Image.Image:
    page = browser.new_page(viewport=SIZE, color_scheme="light")
    page.goto(url + LESSON[1])
    page.locator(".st-key-lesson-show button:visible").click()
    page.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached")
    page.wait_for_timeout(3_000)
    return Image.open(BytesIO(page.screenshot())).convert("RGB")


def opened(browser: Browser, address: str, key: str) -> Page:
    page = browser.new_page(viewport=SIZE, color_scheme="light")
    page.goto(address)
    page.locator(f".st-key-{key} .js-plotly-plot .main-svg").first.wait_for(state="attached")
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(2_000)  # fonts and frames settle
    return page


def tour(page: Page) -> list[Image.Image]:
    """What a visitor sees who does the usual things, one picture for each."""
    page.evaluate(POINTER)
    grid, lines = page.get_by_test_id("head-grid"), page.get_by_test_id("attention-lines")

    def tile(layer: int, head: int) -> tuple[float, float]:
        left, top, pitch = grid.evaluate("({ dataset: d }) => [d.left, d.top, d.pitch].map(Number)")
        box = grid.locator(".view").bounding_box()
        assert box is not None
        return box["x"] + left + (head + 0.5) * pitch, box["y"] + top + (layer + 0.5) * pitch

    def at(node: Locator) -> None:
        box = node.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)

    def find() -> None:
        page.locator(".st-key-find input").click()
        page.get_by_role("option", name="the token before").click()

    def click(node: Locator) -> None:
        at(node)
        node.click()

    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: at(page.locator("[data-token-index='12']")),
        lambda: page.mouse.move(*tile(2, 0), steps=4),
        lambda: page.mouse.click(*tile(2, 0)),
        find,
        lambda: page.locator(".st-key-heads .sort input").check(),
        lambda: click(page.get_by_text("Lines", exact=True)),
        lambda: at(lines.locator("[data-side=from] [data-index='8']")),
        lambda: click(lines.locator(".sets button[value=all]")),
        lambda: at(lines.locator("[data-side=to] [data-index='2']")),
        lambda: click(page.get_by_text("Map", exact=True)),
        lambda: click(page.get_by_role("link", name="Walk through this head's computation")),
        lambda: click(page.get_by_text("QKᵀ", exact=True)),
        lambda: click(page.get_by_text("softmax", exact=True)),
    ]
    pictures = []
    for step in steps:
        step()
        page.wait_for_timeout(1_800)
        pictures.append(
            Image.open(BytesIO(page.screenshot())).convert("RGB").resize((960, 660), Image.Resampling.LANCZOS)
        )
    return pictures


if __name__ == "__main__":
    main()
