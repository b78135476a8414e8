"""Grids of numbers, arrows that are turned, and bars with their numbers written."""

import math

import numpy as np
import pytest

from viz_core.figures import palette
from viz_core.figures.amounts import amounts
from viz_core.figures.grids import grid
from viz_core.figures.plane import Turn, turns

WORDS = {"title": "t", "subtitle": "s", "theme": "light"}
AXES = {"x_title": "x", "y_title": "y", "says": "%{z}"}


def test_grid_keeps_rows_on_top_and_colours_around_zero() -> None:
    drawn = grid(np.array([[1.0, -3], [2, 0], [0, 0]], dtype=np.float32), framed=(2, 1), **WORDS, **AXES)
    heatmap = drawn.data[0]
    assert (heatmap.zmin, heatmap.zmax) == (-3, 3)
    assert heatmap.z.dtype == np.float32
    assert list(drawn.layout.yaxis.range) == [2.5, -0.5]
    cell = drawn.layout.shapes[-1]
    assert (cell.x0, cell.x1, cell.y0, cell.y1) == (0.5, 1.5, 1.5, 2.5)


def test_grid_refuses_more_than_a_screen_shows() -> None:
    with pytest.raises(ValueError, match="257"):
        grid(np.zeros((257, 2), dtype=np.float32), **WORDS, **AXES)


def test_an_arc_leads_from_the_arrow_before_to_the_one_after() -> None:
    turn = Turn("q", (1.0, 0.0), (0.0, 1.0), math.pi / 2, palette.QUERY)
    drawn = turns([turn], axes=("a", "b"), names=("before", "after"), **WORDS)
    before, after, arc = drawn.data
    assert (before.name, after.name) == ("q before", "q after")
    assert (after.x[1], after.y[1]) == (0, 1)
    assert (arc.x[0], arc.y[0]) == pytest.approx((0.35, 0))
    assert (arc.x[-1], arc.y[-1]) == pytest.approx((0, 0.35), abs=1e-6)
    assert drawn.layout.yaxis.scaleanchor == "x"


@pytest.mark.parametrize(("name", "shown"), [("<s>", "&lt;s&gt;"), ("%{y}", "%{y}")])
def test_names_of_arrows_are_shown_as_they_are(name: str, shown: str) -> None:
    turn = Turn(name, (1.0, 0.0), (0.0, 1.0), math.pi / 2, palette.QUERY)
    drawn = turns([turn], axes=("a", "<s>"), names=("before", "after"), **WORDS)
    assert drawn.layout.yaxis.title.text == "&lt;s&gt;"
    for arrow, when in zip(drawn.data, ("before", "after"), strict=False):
        assert arrow.name == f"{shown} {when}"
        assert arrow.hovertemplate == "%{fullData.name}<br>(%{x:.4~g}, %{y:.4~g})<extra></extra>"


def test_arrows_of_length_zero_are_drawn() -> None:
    turns([Turn("q", (0.0, 0.0), (0.0, 0.0), 1.0, palette.KEY)], axes=("a", "b"), names=("x", "y"), **WORDS)


def test_amounts_begin_at_zero_and_are_written() -> None:
    drawn = amounts(["a", "b"], {"one": [1.5, 2], "two": [3, 0.25]}, unit="nats", framed=1, **WORDS)
    assert [list(bar.text) for bar in drawn.data] == [["1.5", "2"], ["3", "0.25"]]
    assert drawn.layout.xaxis.range[0] == 0
    assert list(drawn.layout.yaxis.ticktext) == ["a", "<b>b</b>"]
