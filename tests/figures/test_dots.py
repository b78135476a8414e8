"""Heads as dots, and means with their spread: what is drawn where, and which number a click tells."""

import numpy as np
import pytest

from viz_core.figures import palette
from viz_core.figures.dots import NO_KIND, dots
from viz_core.figures.measured import Beside, measured

POINTS = np.array([[0.0, 0.0], [1.0, 0.5], [-1.0, 0.25], [0.01, 0.01]])


def drawn(**changes: object):
    given = {
        "kinds": np.array([0, NO_KIND, 1, 1], np.uint8),
        "letters": ["P", "I"],
        "chosen": 0,
        "joined": [3, 2],
        "names": ["L0·H0", "L0·H3", "L0·H2"],
        "title": "<b>",
        "subtitle": "s",
        "axes": ("x", "y"),
        "theme": "light",
    }
    return dots(POINTS, ["a", "b\n<s>", "c", "d"], **(given | changes))


def test_every_dot_lies_at_its_point_with_its_letter_and_colour() -> None:
    figure = drawn()
    trace = figure.data[0]
    np.testing.assert_allclose(np.stack([trace.x, trace.y], axis=-1), POINTS, atol=1e-6)
    assert list(trace.text) == ["<b>P</b>", "", "<b>I</b>", "<b>I</b>"]
    first, second = palette.CATEGORIES["light"][:2]
    assert list(trace.marker.color) == [first, palette.FAINT["light"], second, second]
    assert trace.hovertext[1] == "b<br>&lt;s&gt;"
    assert len(figure.data) == 1, "the number of a clicked point is that of its dot"
    assert figure.layout.yaxis.scaleanchor == "x", "distances are the same along both axes"


def test_lines_lead_from_the_chosen_dot_and_names_do_not_lie_on_each_other() -> None:
    figure = drawn()
    *lines, ring = figure.layout.shapes
    ends = [((line.x0, line.y0), (line.x1, line.y1)) for line in lines]
    np.testing.assert_allclose(ends, [((0, 0), (0.01, 0.01)), ((0, 0), (-1, 0.25))], atol=1e-6)
    assert (ring.xanchor, ring.yanchor) == (0, 0)
    written = figure.layout.annotations
    assert [name.text for name in written] == ["L0·H0", "L0·H3", "L0·H2"]
    at = np.array([[name.x * 120 + name.ax, -name.y * 120 + name.ay] for name in written])  # 240 pixels for −1 to 1
    for one in range(3):
        for other in range(one):
            across, down = np.abs(at[one] - at[other])
            assert across >= 52 or down >= 20


@pytest.mark.parametrize("count", [1, 50, 700])
def test_many_dots_are_smaller(count: int) -> None:
    points = np.zeros((count, 2))
    kinds = np.full(count, NO_KIND, np.uint8)
    figure = dots(
        points,
        ["a"] * count,
        kinds=kinds,
        letters=[],
        chosen=0,
        joined=[],
        names=["a"],
        title="t",
        subtitle="s",
        axes=("x", "y"),
        theme="dark",
    )
    assert figure.data[0].marker.size == {1: 22, 50: 13, 700: 8}[count]


def test_means_their_spread_and_what_stands_beside() -> None:
    means, spreads = np.array([0.9, 0.4], np.float32), np.array([0.05, np.nan], np.float32)
    other = Beside("on <your> text", np.array([np.nan, 0.3], np.float32), "diamond-open", palette.QUERY)
    figure = measured(
        ["a", "b"],
        means,
        spreads,
        [other],
        name="here",
        line=("even", 0.02),
        chosen=1,
        title="t",
        subtitle="s",
        x_title="x",
        theme="light",
    )
    first, beside, even = figure.data
    np.testing.assert_allclose(first.x, means)
    np.testing.assert_allclose(first.error_x.array, [0.05, 0])
    assert beside.name == "on &lt;your&gt; text"
    assert len(beside.x) == len(means), "the number of a clicked point is that of its row"
    assert set(even.x) == {np.float32(0.02)}
    assert list(figure.layout.yaxis.ticktext) == ["a", "<b>b</b>"]
