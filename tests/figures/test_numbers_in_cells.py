"""Maps with their numbers written in the cells: where there is room, and what rows and columns sum to."""

import numpy as np
import pytest

from viz_core.figures.numbers_in_cells import numbered_map, numbered_vectors

WORDS = {"title": "weights", "subtitle": "row looks at column"}


def drawn(values: np.ndarray, **rule):
    n, m = values.shape
    rows, columns = [f"q{i}" for i in range(n)], [f"k{j}" for j in range(m)]
    rule = {"unit": "weight", "theme": "light", "width": 240} | WORDS | rule
    return numbered_map(values.astype(np.float32), columns, rows=rows, **rule)


@pytest.mark.parametrize(
    ("columns", "most", "expected"),
    [(3, 1.0, "%{z:.4~f}"), (8, 1.0, "%{z:.2~f}"), (16, 1.0, ""), (3, 1e9, "%{z:.2~g}"), (8, 1e9, "")],
)
def test_numbers_are_written_where_they_have_room(columns: int, most: float, expected: str):
    values = np.full((2, columns), most)
    assert drawn(values).data[-1].texttemplate == expected
    vectors = numbered_vectors(values.astype(np.float32), ["a", "b"], theme="dark", **WORDS)
    assert vectors.data[0].texttemplate == expected


def test_every_row_and_column_says_what_it_sums_to():
    values = np.array([[0.25, 0.5, 0.25], [1.0, 0.25, 0.5]])
    told = [
        (note.x, note.y, note.text)
        for note in drawn(values, weights=True, row_sums=True, column_sums=True).layout.annotations
    ]
    assert told[:2] == [(2.5, 0, "Σ 1.00"), (2.5, 1, "Σ 1.75")]
    assert told[2:] == [(0, 1.5, "Σ 1.25"), (1, 1.5, "Σ 0.75"), (2, 1.5, "Σ 0.75")]
    assert len(drawn(values, weights=True, row_sums=True).layout.annotations) == 2
    assert not drawn(values, weights=True).layout.annotations


def test_masked_scores_of_minus_infinity_leave_room_for_the_others():
    values = np.array([[0.5, -np.inf], [0.25, 2.0]])
    figure = drawn(values, allowed=np.isfinite(values))
    assert figure.data[-1].texttemplate == "%{z:.4~f}"
    assert figure.data[-1].zmax == 2
