"""Maps with row sums, with dropped cells, and of changes."""

import numpy as np
import plotly.graph_objects as go
import pytest

from viz_core.figures import palette
from viz_core.figures.mask_maps import DROPPED, changes_heatmap, weights_with_sums
from viz_core.figures.palette import ThemeName

WEIGHTS = np.array([[1, 0, 0], [0.4, 0.6, 0], [0.2, 0.3, 0.5]], dtype=np.float32)
ALLOWED = np.tri(3, dtype=bool)
DROP = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1]], dtype=bool)


def drawn(theme: ThemeName = "light", **rule) -> go.Figure:
    sums = np.array([1, 0.6, 0.5], dtype=np.float32)
    words = {"title": "W", "sums_are": "sum"}
    return weights_with_sums(WEIGHTS, ["a", "<s>", "c"], sums, theme=theme, **words, **rule)


def test_sums_stand_beside_their_rows() -> None:
    notes = drawn(allowed=ALLOWED).layout.annotations
    assert [(note.y, note.text) for note in notes] == [(0, "1.00"), (1, "0.60"), (2, "0.50")]
    assert {note.x for note in notes} == {2.5}


def test_of_a_part_its_own_rows_have_sums() -> None:
    notes = drawn(allowed=ALLOWED, window=(1, 2, 0, 1)).layout.annotations
    assert [(note.x, note.y, note.text) for note in notes] == [(1.5, 1, "0.60"), (1.5, 2, "0.50")]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_dropped_cells_are_neither_weights_nor_forbidden(theme: ThemeName) -> None:
    forbidden, crosses, weights = drawn(theme, allowed=ALLOWED, dropped=DROP).data
    assert np.array_equal(np.isnan(weights.z), ~ALLOWED | DROP)
    assert np.array_equal(np.isfinite(crosses.z), DROP)
    assert crosses.text.tolist() == [["", "", ""], ["×", "", ""], ["", "", "×"]]
    assert DROPPED[theme] not in {*palette.WEIGHTS[theme], palette.NOT_ALLOWED[theme]}
    assert forbidden.colorscale[0][1] == palette.NOT_ALLOWED[theme]


def test_of_a_part_its_own_cells_are_dropped() -> None:
    _forbidden, crosses, _weights = drawn(allowed=ALLOWED, dropped=DROP, window=(1, 2, 1, 2)).data
    assert np.isfinite(crosses.z).tolist() == [[False, False], [False, True]]
    assert (crosses.x0, crosses.y0) == (1, 1)


def test_pooled_maps_show_dropped_cells_as_weight_zero() -> None:
    n = 300
    weights, dropped = np.full((n, n), 0.5, dtype=np.float32), np.ones((n, n), dtype=bool)
    figure = weights_with_sums(
        weights * 0, ["x"] * n, weights[0], title="W", sums_are="sum", theme="light", dropped=dropped
    )
    assert len(figure.data) == 1
    assert figure.data[0].z.max() == 0
    assert not figure.layout.annotations


def test_changes_run_from_zero() -> None:
    figure = changes_heatmap(WEIGHTS * 9, ["a", "b", "c"], title="C", subtitle="s", theme="dark", most=2.5)
    (heatmap,) = figure.data
    assert (heatmap.zmin, heatmap.zmax) == (0, 2.5)
    assert heatmap.colorscale[0][1] == palette.SIGNED["dark"][3]
    assert heatmap.colorbar.tickvals == (0, 1.25, 2.5)
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("token replaced", "prediction at")
    assert figure.layout.shapes[0].path.startswith("M -0.5 -0.5 L 0.5 -0.5 L 0.5 0.5")


def test_small_maps_have_smaller_names_and_no_titles_of_axes() -> None:
    tokens = ["a token"] * 24
    weights = np.full((24, 24), 1 / 24, dtype=np.float32)
    rule = {"title": "W", "sums_are": "sum", "theme": "light"}
    large, small = (weights_with_sums(weights, tokens, weights.sum(-1), small=small, **rule) for small in (False, True))
    assert small.layout.xaxis.tickfont.size == small.layout.yaxis.tickfont.size < large.layout.yaxis.tickfont.size
    assert (small.layout.xaxis.title.text, small.layout.yaxis.title.text) == (None, None)
    assert (large.layout.xaxis.title.text, large.layout.yaxis.title.text) == ("key (column)", "query (row)")
    assert small.layout.margin.l < large.layout.margin.l
    assert small.layout.margin.t < large.layout.margin.t


def test_a_stair_parts_what_looks_ahead() -> None:
    assert not drawn().layout.shapes
    assert drawn(outlined=True).layout.shapes[0].path.startswith("M -0.5 -0.5 L 0.5 -0.5 L 0.5 0.5")
