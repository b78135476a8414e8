"""The map of tiles: what is framed, veiled and crossed out."""

import numpy as np
import plotly.graph_objects as go

from viz_core.figures.tile_maps import MOST_LINES, tile_map

N = 5


def drawn(n: int = N, **rule) -> go.Figure:
    given = {"size": (2, 2), "walked": (0, n), "current": (2, 4, 0, 2), "skipped": [(0, 2, 2, 4), (0, 2, 4, 5)]} | rule
    scores = np.zeros((n, n), dtype=np.float32)
    words = {"title": "S", "subtitle": "", "unit": "score"}
    return tile_map(scores, [f"t{place}" for place in range(n)], theme="light", **given, **words)


def corners(figure: go.Figure, number: int) -> tuple[float, ...]:
    """Rows, then columns, as edges of cells."""
    shape = figure.layout.shapes[number]
    return tuple(edge + 0.5 for edge in (shape.y0, shape.y1, shape.x0, shape.x1))


def test_what_is_done_now_and_not_yet() -> None:
    figure = drawn()
    assert corners(figure, 0) == (2, 4, 2, 5), "the rest of these rows"
    assert corners(figure, 1) == (4, 5, 0, 5), "the rows after them"
    assert corners(figure, 2) == (2, 4, 0, 2), "the tile"
    assert figure.layout.shapes[2].line.width > 2


def test_rows_before_the_walk_are_veiled() -> None:
    assert corners(drawn(walked=(2, 4)), 3) == (0, 2, 0, 5)


def test_every_tile_has_its_lines_and_the_skipped_a_cross() -> None:
    grid, crosses = drawn().layout.shapes[4:]
    assert grid.path.count("M") == 3 + 3
    assert crosses.path.count("M") == 2 * 2
    assert "M1.5,-0.5L3.5,1.5" in crosses.path
    assert len(drawn(skipped=[]).layout.shapes) == 5


def test_a_grid_too_fine_is_left_out() -> None:
    n = MOST_LINES + 1
    assert len(drawn(n, size=(1, 1), skipped=[]).layout.shapes) == 4
