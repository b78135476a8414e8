"""Maps with their numbers written in the cells: where there is room, and what rows and columns sum to."""

import numpy as np
import pytest

from viz_core.figures.numbers_in_cells import UNSEEN, numbered_map, numbered_vectors

WORDS = {"title": "weights", "subtitle": "row looks at column"}


def drawn(values: np.ndarray, **rule):
    n, m = values.shape
    rows, columns = [f"q{i}" for i in range(n)], [f"k{j}" for j in range(m)]
    rule = {"unit": "weight", "theme": "light", "width": 240} | WORDS | rule
    return numbered_map(values.astype(np.float32), columns, rows=rows, **rule)


def written(figure) -> list[list[str]]:
    """The numbers in the cells, of whichever colour."""
    black, white = (np.array(trace.text, dtype=object) for trace in figure.data[-2:])
    return np.where(np.char.strip(black.astype(str), UNSEEN) != "", black, white).tolist()


@pytest.mark.parametrize(
    ("columns", "numbers", "expected"),
    [
        (3, [1.0, -0.25, 0.12345], ["1", "−0.25", "0.1235"]),
        (8, [1.0, -0.25, -0.001], ["1", "−0.25", "0"]),
        (3, [-249.0, 25000.4, 2.5], ["−249", "25000", "2.5"]),
        (3, [-1.5e9, 123456789.0, 2.0], ["−1.500e9", "1.235e8", "2"]),
        (16, [1.0, 2.0, 3.0], None),
        (8, [1e9, 2.0, 3.0], None),
    ],
)
def test_numbers_are_written_where_they_have_room(columns: int, numbers: list[float], expected: list[str] | None):
    values = np.zeros((2, columns))
    values[1, :3] = numbers
    vectors = numbered_vectors(values.astype(np.float32), ["a", "b"], theme="dark", width=240, **WORDS)
    for figure in (drawn(values), vectors):
        if expected is None:
            assert all(not trace.texttemplate for trace in figure.data)
        else:
            assert written(figure)[1][:3] == expected


@pytest.mark.parametrize("weights", [True, False])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_stand_out_from_their_cells(theme: str, weights: bool):
    values = np.linspace(0 if weights else -3, 1 if weights else 3, 240).reshape(60, 4)
    figure = drawn(values, theme=theme, weights=weights)
    stops = dict(figure.data[-2].colorscale)
    for trace, own in zip(figure.data[-2:], (0.0, 1.0), strict=True):
        assert trace.textfont.color == ("#FFFFFF" if own else "#000000")
        for value in values[np.char.strip(np.array(trace.text, dtype=str), UNSEEN) != ""]:
            share = (value - figure.data[-2].zmin) / (figure.data[-2].zmax - figure.data[-2].zmin)
            channels = [
                np.interp(share, list(stops), [int(stop[i : i + 2], 16) / 255 for stop in stops.values()])
                for i in (1, 3, 5)
            ]
            linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
            light = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
            contrast = (max(light, own) + 0.05) / (min(light, own) + 0.05)
            assert contrast >= 4.5


def test_one_row_has_numbers_of_a_size_that_fits_and_a_title_that_is_not_taller():
    low = drawn(np.array([[10.0, 4.0, -1.0]]))
    assert low.data[-1].textfont.size == 13
    assert low.layout.yaxis.title.text == "query"
    narrow = drawn(np.full((1, 12), -0.25))
    assert narrow.data[-1].textfont.size == 5
    assert drawn(np.ones((3, 3))).layout.yaxis.title.text == "query (row)"


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
    assert written(figure) == [["0.5", ""], ["0.25", "2"]]
    assert figure.data[-1].zmax == 2
