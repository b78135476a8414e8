"""A figure as a table: every number under the names of its row and column; of a large map the chosen row."""

import numpy as np
import pytest

from viz_core.figures import Curve, attention_heatmap, curves, next_token_bars, vectors_heatmap
from viz_core.figures.tabled import MOST_CELLS, tables
from viz_core.figures.taken import Cells

ABOUT = {"title": "t", "subtitle": "s", "theme": "light"}


def test_a_small_map_is_there_whole_and_what_is_not_allowed_is_empty() -> None:
    values, allowed = np.arange(9, dtype=np.float32).reshape(3, 3), np.tri(3, dtype=bool)
    (table,) = tables(attention_heatmap(values, ["a", "a", "<s>"], unit="score", allowed=allowed, **ABOUT))
    assert table.rows == table.columns == ["0 a", "1 a", "2 <s>"]
    assert np.array_equal(table.values, np.where(allowed, values, np.nan), equal_nan=True)
    assert table.of == 0


@pytest.mark.parametrize("n", [41, 600])
def test_a_large_map_is_its_chosen_row(n: int) -> None:
    values = np.random.default_rng(0).normal(size=(n, n)).astype(np.float32)
    names, allowed = [f"w{i}" for i in range(n)], np.tri(n, dtype=bool)
    figure = attention_heatmap(values, names, unit="score", allowed=allowed, **ABOUT)
    (table,) = tables(figure, Cells(values, names, names, allowed), row=17)
    assert table.columns == ["17 w17"]
    assert table.rows[3] == "3 w3"
    assert np.array_equal(table.values[:, 0], np.where(allowed, values, np.nan)[17], equal_nan=True)
    assert table.of == n * n > MOST_CELLS


def test_of_a_part_the_row_is_counted_in_the_whole() -> None:
    values = np.random.default_rng(0).normal(size=(600, 600)).astype(np.float32)
    figure = attention_heatmap(values, ["w"] * 600, unit="score", window=(100, 200, 50, 80), **ABOUT)
    (table,) = tables(figure, Cells(values, ["w"] * 600), row=150)
    assert table.columns == ["150 w"]
    assert (table.rows[0], table.rows[-1]) == ("50 w", "80 w")
    assert np.array_equal(table.values[:, 0], values[150, 50:81])


def test_vectors_have_numbered_columns() -> None:
    (table,) = tables(vectors_heatmap(np.ones((2, 3), np.float32), ["x", "y"], **ABOUT))
    assert (table.rows, table.columns) == (["0 x", "1 y"], ["0", "1", "2"])


def test_curves_share_their_places() -> None:
    drawn = [Curve("one", np.array([0, 1]), np.array([0.5, 0.25])), Curve("two", np.array([1, 2]), np.array([3, 4]))]
    (table,) = tables(curves(drawn, x_title="row", y_title="nats", **ABOUT))
    assert (table.rows, table.columns) == (["0", "1", "2"], ["one", "two"])
    assert np.array_equal(table.values, [[0.5, np.nan], [0.25, 3], [np.nan, 4]], equal_nan=True)


def test_points_close_together_and_points_at_one_place_are_all_there() -> None:
    drawn = [Curve("one", np.array([0.1, 0.1004, 0.1]), np.array([1, 2, 3]))]
    (table,) = tables(curves(drawn, x_title="share", y_title="nats", **ABOUT))
    assert table.values.ravel().tolist() == [1, 2, 3]
    assert len(set(table.rows)) == 3


def test_bars_are_named_and_equal_names_are_told_apart() -> None:
    (table,) = tables(next_token_bars(["dog", "dog"], [0.75, 0.25], theme="dark", height=120))
    assert table.rows == ["dog (1)", "dog (2)"]
    assert table.values.tolist() == [[0.75], [0.25]]


def test_of_very_many_points_the_first_are_told() -> None:
    many = curves([Curve("one", np.arange(2000), np.arange(2000.0))], x_title="x", y_title="y", **ABOUT)
    (table,) = tables(many)
    assert (len(table.rows), table.of) == (MOST_CELLS, 2000)
