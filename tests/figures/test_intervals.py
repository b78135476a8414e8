"""Shares with their intervals, and maps with the row that predicts."""

import numpy as np
import pytest

from viz_core.figures import palette
from viz_core.figures.allowed import seen_by
from viz_core.figures.intervals import Counts, intervals

WORDS = {"title": "t", "subtitle": "s", "x_title": "x", "y_title": "y", "theme": "light"}


def test_intervals_reach_as_far_as_they_are() -> None:
    points = [(0.5, 0.25, 0.625, "4 of 8"), None, (1.0, 0.5, 1.0, "3 of 3")]
    drawn = intervals(
        [Counts("<a>", palette.KEY, points), Counts("b", palette.QUERY, points)],
        ["2–4", "5", "6"],
        counts=[8, 0, 3],
        **WORDS,
    )
    first, second = drawn.data
    assert first.name == "&lt;a&gt;"
    assert first.y.tolist() == [0.5, 1.0]
    assert first.error_y.array.tolist() == [0.125, 0.0]
    assert first.error_y.arrayminus.tolist() == [0.25, 0.5]
    assert np.round(first.x).tolist() == np.round(second.x).tolist() == [0, 2]
    assert first.x[0] < 0 < second.x[0]  # side by side, so that neither covers the other
    assert drawn.layout.xaxis.ticktext == ("2–4<br>n = 8", "5<br>n = 0", "6<br>n = 3")
    assert (first.line.dash, first.marker.symbol) != (second.line.dash, second.marker.symbol)
    assert drawn.layout.yaxis.range[0] == 0


def test_a_row_is_framed_on_what_is_allowed() -> None:
    weights = np.full((3, 3), 0.5, dtype=np.float32)
    drawn = seen_by(weights, ("a", "b", "c"), np.tri(3, dtype=bool), row=1, title="t", subtitle="s", theme="dark")
    frame = drawn.layout.shapes[0]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (-0.5, 2.5, 0.5, 1.5)
    assert np.isnan(drawn.data[-1].z[0, 1])
    assert drawn.data[-1].z[1, 0] == pytest.approx(0.5)


def test_colours_end_at_the_largest_weight_of_a_row_with_a_choice() -> None:
    weights = np.array([[1, 0.9], [0.25, 0.75]], dtype=np.float32)  # the 0.9 is not allowed
    rule = {"row": 1, "title": "t", "subtitle": "s", "theme": "light"}
    drawn = seen_by(weights, ("a", "b"), np.tri(2, dtype=bool), **rule)
    assert drawn.data[-1].zmax == pytest.approx(0.75)
    assert drawn.data[-1].colorbar.tickvals[-1] == pytest.approx(0.75)
    assert seen_by(weights[:1, :1], ("a",), np.ones((1, 1), dtype=bool), **rule | {"row": 0}).data[-1].zmax == 1
