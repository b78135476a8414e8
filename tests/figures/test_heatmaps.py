"""Rules that every map keeps."""

from urllib.parse import unquote

import numpy as np
import pytest

from viz_core.figures import attention_heatmap, limits_of, next_token_bars, palette, product_bars, vectors_heatmap
from viz_core.figures.heatmaps import CLEAR

TOKENS = ("The", "·dog", "·the", "·dog", "<s>", "강(1/2)", "⏎")


def map_of(values: np.ndarray, **more: object) -> object:
    settings = {"title": "L0·H0", "subtitle": "row looks at column", "theme": "light", "unit": "score"} | more
    return attention_heatmap(values.astype(np.float32), TOKENS, **settings)


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(7).normal(size=(7, 7)).astype(np.float32)


def test_equal_tokens_keep_their_own_columns(values: np.ndarray) -> None:
    figure = map_of(values)
    assert list(figure.layout.xaxis.tickvals) == list(range(7))
    assert list(figure.layout.xaxis.ticktext[:4]) == ["The", "dog", "the", "dog"]


def test_tokens_are_escaped(values: np.ndarray) -> None:
    assert map_of(values).layout.yaxis.ticktext[4] == "&lt;s&gt;"


def test_what_may_not_be_looked_at_has_no_data_colour(values: np.ndarray) -> None:
    allowed = np.tri(7, dtype=bool)
    figure = map_of(values, allowed=allowed)
    grey, data = figure.data  # what has no value lets the layer below be seen, which is clear there: the hatching
    assert np.array_equal(np.isnan(data.z), ~allowed)
    assert np.array_equal(grey.z == 1, ~allowed)
    assert [colour for _share, colour in grey.colorscale] == [palette.NOT_ALLOWED["light"], CLEAR]
    (hatching,) = figure.layout.images
    assert (hatching.x, hatching.y, hatching.sizex, hatching.sizey) == (-0.5, -0.5, 7, 7)
    assert (hatching.layer, hatching.sizing, hatching.xref, hatching.yref) == ("below", "stretch", "x", "y")
    for colour in (palette.NOT_ALLOWED["light"], palette.HATCH["light"]):
        assert colour in unquote(hatching.source)
        assert colour not in palette.WEIGHTS["light"] + palette.SIGNED["light"]
    assert not map_of(values).layout.images, "all may be looked at"


def test_the_hatching_lies_under_what_is_drawn_however_long_the_text() -> None:
    values, allowed = np.ones((600, 600), dtype=np.float32), np.tri(600, dtype=bool)
    for window, place in ((None, (-0.5, -0.5, 600, 600)), ((10, 30, 100, 140), (99.5, 9.5, 41, 21))):
        figure = attention_heatmap(
            values, ["x"] * 600, title="", subtitle="", theme="dark", unit="", allowed=allowed, window=window
        )
        (hatching,) = figure.layout.images
        assert (hatching.x, hatching.y, hatching.sizex, hatching.sizey) == place


def test_minus_infinity_does_not_stretch_the_scale(values: np.ndarray) -> None:
    masked = np.where(np.tri(7, dtype=bool), values, -np.inf)
    assert map_of(masked).data[0].zmax == pytest.approx(np.abs(values[np.tri(7, dtype=bool)]).max())


def test_signed_values_are_centred_and_weights_run_from_0_to_1(values: np.ndarray) -> None:
    signed, shares = map_of(values), map_of(np.full((7, 7), 1 / 7), weights=True)
    assert signed.data[0].zmin == -signed.data[0].zmax
    assert (shares.data[0].zmin, shares.data[0].zmax) == (0, 1)


def test_compared_panels_share_one_scale(values: np.ndarray) -> None:
    limit = limits_of(values, values / 8)
    assert map_of(values, limit=limit).data[0].zmax == map_of(values / 8, limit=limit).data[0].zmax


def test_rows_are_queries_from_the_top(values: np.ndarray) -> None:
    assert list(map_of(values).layout.yaxis.range) == [6.5, -0.5]


def test_numbers_travel_as_float32(values: np.ndarray) -> None:
    figure = map_of(values, also={"score": values})
    assert figure.data[0].z.dtype == figure.data[0].customdata.dtype == np.float32


def test_long_texts_leave_out_labels_and_further_numbers() -> None:
    long = np.zeros((200, 200), dtype=np.float32)
    figure = attention_heatmap(
        long, ["x"] * 200, title="t", subtitle="s", theme="dark", unit="weight", weights=True, also={"score": long}
    )
    assert not figure.layout.xaxis.showticklabels
    assert figure.data[0].customdata is None


def test_products_add_up_in_either_order() -> None:
    query, key = np.array([1, 2, -3], dtype=np.float32), np.array([4, 5, 6], dtype=np.float32)
    for largest_first in (False, True):
        figure = product_bars(query, key, -4.0, title="t", subtitle="s", theme="light", largest_first=largest_first)
        assert figure.data[1].y[-1] == pytest.approx(-4)
    assert list(figure.data[0].y) == [-18, 10, 4]


def test_next_tokens_keep_the_dot_that_tells_words_from_suffixes() -> None:
    figure = next_token_bars(["·dog", "dog"], [0.5, 0.25], theme="light", height=100)
    assert list(figure.layout.yaxis.ticktext) == ["·dog", "dog"]


def test_vectors_without_tokens_are_not_linked(values: np.ndarray) -> None:
    assert vectors_heatmap(values, (), title="W", subtitle="", theme="light").layout.meta is None
    assert vectors_heatmap(values, TOKENS, title="K", subtitle="", theme="light", rows_are="key").layout.meta == {
        "linked": "cells",
        "columns": "key-rows",
        "size": 1,
    }


def long_map(n: int, **more: object) -> tuple[np.ndarray, object]:
    values = np.random.default_rng(5).normal(size=(n, n)).astype(np.float32)
    tokens = [f"t{i}" for i in range(n)]
    settings = {"title": "L0·H0", "subtitle": "s", "theme": "light", "unit": "score"} | more
    return values, attention_heatmap(values, tokens, **settings)


def test_a_long_text_is_drawn_pooled_and_says_so() -> None:
    n = 601  # three to a cell, one in the last
    values, figure = long_map(n, allowed=np.tri(n, dtype=bool))
    cells = figure.data[-1]
    assert cells.z.shape == (201, 201)
    assert "3 × 3" in figure.layout.title.text
    block = np.where(np.tri(n, dtype=bool), values, 0)[300:303, 297:300]
    assert cells.z[100, 99] == block.flat[np.abs(block).argmax()]
    shown = int(cells.customdata[100, 99])
    assert values[300 + shown // 3, 297 + shown % 3] == cells.z[100, 99]
    assert np.isnan(cells.z[100, 101])
    assert cells.x0 + 99 * cells.dx == 298
    assert figure.layout.meta["size"] == 3


def test_the_part_zoomed_to_is_drawn_cell_by_cell() -> None:
    values, figure = long_map(601, window=(100, 160, 40, 90))
    assert np.array_equal(figure.data[-1].z, values[100:161, 40:91])
    assert (figure.data[-1].y0, figure.data[-1].x0) == (100, 40)
    assert list(figure.layout.xaxis.range) == [39.5, 90.5]
    assert list(figure.layout.yaxis.range) == [160.5, 99.5]
    assert figure.layout.xaxis.ticktext[0] == "t40"
    assert figure.layout.meta["window"]


def test_numbers_stand_in_the_cells_of_a_short_text() -> None:
    assert map_of(np.ones((7, 7))).data[-1].texttemplate
    assert not long_map(60)[1].data[-1].texttemplate


@pytest.mark.parametrize("n", [256, 257, 1024])
def test_what_is_sent_of_a_map_is_bounded(n: int) -> None:
    _values, figure = long_map(n, allowed=np.tri(n, dtype=bool), also={"scaled": np.ones((n, n), dtype=np.float32)})
    assert len(figure.to_json()) < 800_000


def test_many_long_vectors_are_drawn_pooled() -> None:
    values = np.random.default_rng(5).normal(size=(1024, 768)).astype(np.float32)
    figure = vectors_heatmap(values, ["x"] * 1024, title="X", subtitle="", theme="light")
    assert figure.data[0].z.shape == (256, 384)
    assert figure.data[0].z[1, 1] == max(values[4:8, 2:4].flat, key=abs)
    assert "4 × 2" in figure.layout.title.text
    assert figure.layout.meta["size"] == 4
