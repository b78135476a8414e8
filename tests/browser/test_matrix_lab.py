"""The page "Matrix lab" in the browser: what is pasted and edited is computed as viz_core computes it."""

from playwright.sync_api import Page, expect

from tests.browser.hand import cell_centre, figure_shows, in_address, no_sideways_scroll, press, settled
from viz_core.analysis.lab import Experiment, examples
from viz_core.matrices import parse

PASTED = "tensor([[ 2.0000, -1.0000,  0.5000,  0.2500],\n        [ 0.0000,  1.0000,  1.0000,  1.0000]])"


def shares(page: Page, experiment: Experiment) -> None:
    """Wait until the map of weights holds the experiment's."""
    expected = experiment.stages.weights[0]
    page.wait_for_function(
        "expected => { const map = document.querySelector('.st-key-weights .js-plotly-plot');"
        " const z = map?._fullData?.find(trace => trace.zmax === 1)?.z;"
        " return z?.length === expected.length"
        " && expected.every((row, i) => row.every((weight, j) => Math.abs(z[i][j] - weight) < 1e-6)); }",
        arg=expected.tolist(),
    )


def test_what_is_pasted_is_computed_and_what_does_not_fit_is_said(any_screen: Page, address: str) -> None:
    any_screen.goto(f"{address}/matrix_lab?stage=softmax&divide_by=root")
    figure_shows(any_screen, "weights")
    press(any_screen, "typed", "Text, to write or paste")
    box = any_screen.locator(".st-key-text-Q textarea")
    box.fill(PASTED)
    box.press("Control+Enter")
    given = dict(examples("qkv")["words"].matrices) | {"Q": parse(PASTED)}
    shares(any_screen, Experiment(given))
    in_address(any_screen, Q="2 -1 0.5 0.25_0 1 1 1")
    box.fill("1, 2, 3")
    box.press("Control+Enter")
    expect(any_screen.get_by_text("Q is 1 × 3 and K is 3 × 4")).to_be_visible()
    shares(any_screen, Experiment(given))
    no_sideways_scroll(any_screen)


def test_cells_are_edited_in_place_one_after_the_other(page: Page, address: str) -> None:
    page.goto(f"{address}/matrix_lab")
    settled(page, "weights")
    box = page.locator("[data-testid=stDataFrame] canvas").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 70, box["y"] + 46)  # the first number of the first row
    for value, row in (("3", "3 0.5 0.3 0.2"), ("-0,5", "3 -0.5 0.3 0.2"), ("abc", ""), ("2e-1", "3 -0.5 0.2 0.2")):
        page.keyboard.press("Enter")
        cell = page.locator("textarea.gdg-input")
        cell.fill(value)
        cell.press("Enter")
        if row:
            in_address(page, Q=f"{row}_0.8 1.2 0.4 0.7_0.5 0.3 1.5 0.6")
        else:
            expect(page.get_by_text("Row 1, column 3 is “abc”; expected a number")).to_be_visible()
        page.keyboard.press("ArrowUp")  # the table keeps the focus
        if row:
            page.keyboard.press("ArrowRight")
    expect(page.get_by_text("is “abc”")).to_have_count(0)
    given = dict(examples("qkv")["words"].matrices)
    given["Q"] = given["Q"].clone()
    given["Q"][0, :3] = given["Q"].new_tensor([3.0, -0.5, 0.2])
    shares(page, Experiment(given, divisor=1.0))


def test_a_click_follows_one_cell_through_all_maps(page: Page, address: str) -> None:
    page.goto(f"{address}/matrix_lab")
    settled(page, "weights")
    page.mouse.click(*cell_centre(page, "scores", 2, 1))
    in_address(page, cell="2-1")
    expect(page.get_by_text("The chosen cell: q₂, k₁")).to_be_visible()
    expect(page.locator(".linked-chosen:visible")).to_have_count(6)
