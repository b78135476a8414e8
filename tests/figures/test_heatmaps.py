"""Rules that every map keeps."""

import numpy as np
import pytest

from viz_core.figures import attention_heatmap, limits_of, next_token_bars, palette, product_bars, vectors_heatmap

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
    data, grey = figure.data
    assert np.array_equal(np.isnan(data.z), ~allowed)
    assert np.array_equal(np.isnan(grey.z), allowed)
    grey_colour = palette.NOT_ALLOWED["light"]
    assert {colour for _share, colour in grey.colorscale} == {grey_colour}
    assert grey_colour not in palette.WEIGHTS["light"] + palette.SIGNED["light"]


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
    long = np.zeros((300, 300), dtype=np.float32)
    figure = attention_heatmap(
        long, ["x"] * 300, title="t", subtitle="s", theme="dark", unit="weight", weights=True, also={"score": long}
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
    }
