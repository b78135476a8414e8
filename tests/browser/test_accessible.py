"""Nobody is kept out: axe-core finds nothing serious on any page, and the keyboard reaches every control."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SCREENS
from tests.browser.hand import settled
from tests.browser.serving import ROOT

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
PAGES = ["", *sorted(path.stem for path in (ROOT / "pages").glob("*.py"))]
GRAVE = {"serious", "critical"}
EXCUSED = {  # rule: how the markup begins that only Streamlit could change, and why nobody is kept out by it
    # a long formula scrolls in itself on a phone; Chromium and Firefox give such a box the focus by themselves
    "scrollable-region-focusable": '<span class="katex-display"',
}
RUN = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
AT_REST = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  const rests = app?.dataset.testScriptState === "notRunning" && !document.querySelector("[data-stale=true]");
  const now = performance.now(), size = document.querySelectorAll("*").length;
  const seen = (window.lastSeen ??= { size: 0, since: now });
  if (!rests || size !== seen.size) window.lastSeen = { size, since: now };
  return rests && document.querySelector("[data-testid=stMain] p") && now - window.lastSeen.since > 700;
}"""
CONTROLS = """() => {
  const wanted = "a[href], button, input, textarea, select, [tabindex]";
  const all = [];
  const look = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) look(node.shadowRoot);
      if (node.matches(wanted)) all.push(node);
    }
  };
  look(document.body);
  const shown = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: false }) && !node.disabled;
  window.controls = all.filter((node) => shown(node) && !node.closest("[inert], [aria-hidden=true]"));
  window.reached = new Set();
  const tabbable = (node) => node.tabIndex >= 0;
  window.missed = () => window.controls.filter((node) => {
    if (!node.isConnected || !shown(node) || window.reached.has(node)) return false;
    const group = node.closest("[role=radiogroup], [role=listbox], [role=toolbar], [role=grid], [role=group]");
    // one of a group is reached by Tab, the others by arrow keys
    if (group && [...window.reached].some((one) => group.contains(one) || group === one)) return false;
    return tabbable(node) || node.matches("a, button, input, textarea, select, [role=option], [role=gridcell]");
  }).map((node) => node.outerHTML.slice(0, 200));
  return window.controls.filter(tabbable).length;
}"""
STEP = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  window.reached.add(node);
  return node === document.body; // once round
}"""


@pytest.fixture(params=["light", "dark"])
def visitor(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport=SCREENS["wide"], color_scheme=request.param)
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


def at_rest(page: Page) -> None:
    """Wait until nothing is drawn any more: what is about to go is paler than it is meant to be."""
    page.evaluate("delete window.lastSeen")  # it was at rest before the last click too
    page.wait_for_function(AT_REST, polling=100)


def grave(page: Page) -> list[str]:
    """What axe-core finds, as far as it is ours to mend."""
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:300]} — {node['failureSummary']}"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
        if not node["html"].startswith(EXCUSED.get(rule["id"], "\0"))
    ]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_grave(visitor: Page, address: str, name: str) -> None:
    """The first part of each page in the light, its last part in the dark."""
    visitor.goto(f"{address}/{name}")
    shown = "p" if name == "lessons" else ".js-plotly-plot"
    visitor.locator("[data-testid=stMain]").locator(shown).first.wait_for()
    at_rest(visitor)
    strip = visitor.locator(".st-key-setting-part button")
    if visitor.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") and strip.count():
        strip.last.click()
        expect(strip.last).to_have_attribute("aria-checked", "true")
        at_rest(visitor)
    assert not grave(visitor)


def test_axe_finds_nothing_grave_on_a_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=SCREENS["phone"], has_touch=True)
    page = context.new_page()
    page.goto(address)
    settled(page)
    at_rest(page)
    assert not grave(page)
    context.close()


@pytest.mark.parametrize(("where", "key"), [("", "map"), ("masks", "weights")])
def test_tab_reaches_every_control(page: Page, address: str, where: str, key: str) -> None:
    page.goto(f"{address}/{where}")
    settled(page, key)
    at_rest(page)
    count = page.evaluate(CONTROLS)
    assert count > 20
    for _press in range(2 * count):
        page.keyboard.press("Tab")
        if page.evaluate(STEP):
            break
    assert not page.evaluate("window.missed()")
