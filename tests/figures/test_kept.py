import numpy as np
import pytest

from viz_core.figures.kept import blended, step_map

WEIGHTS = np.tril(np.arange(1, 17, dtype=np.float32).reshape(4, 4)) / 16
TOKENS = ["a", "<b>", "a", "d"]
WORDS = {"title": "t", "subtitle": "s", "theme": "light"}


def test_with_the_cache_one_row_is_computed_and_the_rest_is_kept() -> None:
    figure = step_map(WEIGHTS, TOKENS, computed=1, **WORDS)
    ground, cells, query, key, value = figure.data
    assert (figure.layout.shapes[0].y0, figure.layout.shapes[0].y1) == (2.5, 3.5)
    assert np.isnan(cells.z[:3]).all()
    assert cells.z[3].tolist() == WEIGHTS[3].tolist()
    assert query.z.ravel().tolist() == [0, 0, 0, 2]
    assert key.z.ravel().tolist() == value.z.ravel().tolist() == [1, 1, 1, 2]
    assert ground.z[0].tolist() == [1, 0, 0, 0]  # what comes later is not allowed, the rest was computed before


def test_without_all_is_computed() -> None:
    figure = step_map(WEIGHTS, TOKENS, computed=4, **WORDS)
    _ground, cells, query, key, value = figure.data
    assert np.isnan(cells.z[np.triu_indices(4, 1)]).all()
    assert cells.z[np.tril_indices(4)].tolist() == WEIGHTS[np.tril_indices(4)].tolist()
    assert {2} == {int(number) for strip in (query, key, value) for number in strip.z.ravel()}
    assert not figure.layout.annotations
    assert list(figure.layout.yaxis.ticktext) == ["a", "&lt;b&gt;", "a", "d", "<b>K</b>", "<b>V</b>"]


@pytest.mark.parametrize("n", [1, 41, 300])
def test_any_length(n: int) -> None:
    weights = np.tril(np.full((n, n), 0.25, dtype=np.float32))
    figure = step_map(weights, ["x"] * n, computed=1, **WORDS)
    cells = figure.data[1]
    assert len(cells.z) <= 256
    assert np.nanmax(cells.z[-1]) == 0.25  # the newest row is seen in a map of several cells in one too
    assert (len(figure.layout.xaxis.tickvals) > 1) == (n <= 40)


def test_blended() -> None:
    assert blended("#FF0000", "#000000", 0.4) == "#660000"
    assert blended("#123456", "#FFFFFF", 1.0) == "#123456"
