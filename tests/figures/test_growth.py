import numpy as np
import pytest

from viz_core.figures import Curve
from viz_core.figures.growth import Slope, growth

X = np.array([1, 2, 4, 8])
WORDS = {"title": "a", "subtitle": "b", "x_title": "c", "y_title": "d", "theme": "light", "x_ticks": {1: "1", 8: "8"}}


def test_what_lies_beyond_is_dotted_and_joined() -> None:
    figure = growth([Curve("one", X, X * 3), Curve("other", X, X * 5)], until=[4, np.inf], **WORDS)
    one, _other, beyond = figure.data
    assert list(one.x) == [1, 2, 4]
    assert list(beyond.x) == [4, 8]
    assert list(beyond.y) == [12, 24]
    assert beyond.line.dash == "dot"
    assert beyond.line.color == one.line.color
    assert not beyond.showlegend
    assert len(figure.data) == 3


def test_a_curve_that_lies_beyond_from_its_start_keeps_its_name() -> None:
    figure = growth([Curve("one", X, X)], until=[0.5], **WORDS)
    none, beyond = figure.data
    assert len(none.x) == 0
    assert list(beyond.x) == [1, 2, 4, 8]
    assert beyond.showlegend


@pytest.mark.parametrize("power", [1, 2])
def test_a_slope_goes_through_its_point(power: int) -> None:
    figure = growth([Curve("one", X, X)], slopes=[Slope(8, 10.0, power, 2, "slope", 0)], **WORDS)
    line, note = figure.data[-1], figure.layout.annotations[0]
    assert (line.x[-1], line.y[-1]) == pytest.approx((8, 10))
    assert np.diff(np.log(line.y))[0] / np.diff(np.log(line.x))[0] == pytest.approx(power)
    assert (10**note.x, 10**note.y) == pytest.approx((2, 10 / 4**power))
    assert line.line.color == figure.data[0].line.color


def test_axes_are_logarithmic_with_ticks_of_their_own() -> None:
    figure = growth([Curve("one", X, X)], y_ticks={1: "a", 4: "b"}, points=[(2, 2)], mark=4, **WORDS)
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
    assert list(figure.layout.xaxis.ticktext) == ["1", "8"]
    assert list(figure.layout.yaxis.ticktext) == ["a", "b"]
    assert (figure.data[-1].x[0], figure.data[-1].y[0]) == (2, 2)
    assert figure.layout.shapes[0].x0 == 4
