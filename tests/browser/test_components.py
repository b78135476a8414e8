"""The components by themselves, as Streamlit's page calls them."""

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from viz_core.ui.components import head_map as module
from viz_core.ui.components.mounting import read
from viz_core.ui.roles import NONE

TWO_RUNS = """async ([script, html, bytes]) => {
    const module = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
    const parentElement = document.body.appendChild(document.createElement("div"));
    parentElement.innerHTML = html;
    const run = () => module.default({ data: Uint8Array.from(bytes), parentElement, setTriggerValue() {} });
    const ends = [run(), run()];
    const choose = (layer) => attentionBoard.hear(
        { session: "", answered: 0, choice: { layer, head: 0, query: 0, key: 0 }, role: "" }, () => {});
    const seen = [];
    ends.forEach((end, layer) => {
        end();
        choose(layer);
        seen.push(parentElement.querySelector(".chosen")?.dataset.head);
    });
    return [seen, attentionBoard.listeners.size];
}"""


def test_the_end_of_an_earlier_run_leaves_the_later_one_alone(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit calls it late, where data changed before the module had come."""
    sent: dict[str, Any] = {}
    monkeypatch.setattr(module, "_component", lambda **given: sent.update(given))
    values = np.zeros((2, 2), dtype=np.float32)
    marks = np.full((2, 2), NONE, dtype=np.uint8)
    module.head_map(values, unit="", says=[""] * 4, marks=marks, letters=[], key="map")
    script = read("shared.js", "head_map.js")
    seen, listening = page.evaluate(TWO_RUNS, [script, read("head_map.html"), list(sent["data"])])
    assert seen == ["L0·H0", "L0·H0"]  # the first end changed nothing, the second one ended it
    assert listening == 0
    roles = page.locator(".head-map [role]").evaluate_all("all => all.map(one => one.role)")
    row = ["row", "rowheader", "gridcell", "gridcell"]
    assert roles == ["grid", "row", "gridcell", "columnheader", "columnheader", *row, *row]
