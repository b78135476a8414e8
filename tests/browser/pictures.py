"""python -m tests.browser.pictures: take the README's pictures of the running app."""

from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.browser.serving import ROOT, launched, served_app

PICTURES = {  # file: (address, the map to wait for)
    "explore.png": ("/", "map"),
    "inside_one_head.png": ("/inside_one_head?step=scores", "scores"),
}


def main() -> None:
    folder = ROOT / "assets" / "pictures"
    folder.mkdir(exist_ok=True)
    with TemporaryDirectory() as home, served_app(Path(home)) as url, sync_playwright() as playwright:
        browser = launched(playwright)
        for name, (address, key) in PICTURES.items():
            page = browser.new_page(viewport={"width": 1280, "height": 880}, color_scheme="light")
            page.goto(url + address)
            page.locator(f".st-key-{key} .js-plotly-plot .heatmaplayer image").first.wait_for(state="attached")
            page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
            page.wait_for_timeout(2_000)  # fonts and frames settle
            page.screenshot(path=folder / name)
            print(folder / name)
        browser.close()


if __name__ == "__main__":
    main()
