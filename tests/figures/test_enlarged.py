"""Figures for a projector: every label and line large enough, whatever figure it is, and room for them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from viz_core.figures import Curve, attention_heatmap, curves, next_token_bars, numbered, product_bars, vectors_heatmap
from viz_core.figures.enlarged import IN_TEXT, LEAST_LINE, LEAST_TYPE, PITCH, enlarged, least_width
from viz_core.figures.labels import label_width

TOKENS = ["The", "·little", "·dog", "·chased", "·the", "·red", "·ball"]
SQUARE = np.linspace(-3, 3, 49, dtype=np.float32).reshape(7, 7)
FIGURES = {
    "map": attention_heatmap(
        SQUARE, TOKENS, title="Scores", subtitle="row looks at column", theme="light", unit="score", small=True
    ),
    "vectors": vectors_heatmap(SQUARE, TOKENS, title="Q", subtitle="7×7", theme="dark"),
    "products": product_bars(SQUARE[0], SQUARE[6], 1.0, title="a", subtitle="b", theme="light"),
    "next": next_token_bars(TOKENS, [0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02], theme="light", height=180),
    "curves": curves(
        [Curve("one", np.arange(7), SQUARE[0]), Curve("two", np.arange(7), SQUARE[1], like="theory")],
        title="a",
        subtitle="b",
        x_title="x",
        y_title="y",
        names=numbered(TOKENS),
        theme="light",
    ),
}


def sizes(part: Any, *, of_font: bool = False) -> Iterator[float]:
    if isinstance(part, dict):
        for name, value in part.items():
            if of_font and name == "size":
                yield value
            else:
                yield from sizes(value, of_font=name.endswith("font"))
    elif isinstance(part, list | tuple):
        for one in part:
            yield from sizes(one)
    elif isinstance(part, str):
        yield from map(float, IN_TEXT.findall(part))


@pytest.mark.parametrize("name", FIGURES)
def test_every_label_and_line_is_large_enough(name: str) -> None:
    figure = enlarged(FIGURES[name], 500)
    found = list(sizes(figure.to_dict()))
    assert found
    assert min(found) >= LEAST_TYPE
    assert min(sizes(FIGURES[name].to_dict())) < LEAST_TYPE
    assert figure.layout.font.size >= LEAST_TYPE  # of what says nothing
    lines = [trace.line.width for trace in figure.data if trace.type == "scatter"]
    assert all(width >= LEAST_LINE for width in lines)


@pytest.mark.parametrize("name", FIGURES)
def test_the_figure_it_is_made_of_stays_as_it_was(name: str) -> None:
    before = FIGURES[name].to_json()
    enlarged(FIGURES[name], 500)
    assert FIGURES[name].to_json() == before


def test_names_of_rows_and_columns_have_their_room() -> None:
    figure = enlarged(FIGURES["map"], 500)
    wide = label_width(figure.layout.yaxis.ticktext, LEAST_TYPE)
    assert figure.layout.margin.l >= wide
    assert figure.layout.margin.t >= wide + 2 * LEAST_TYPE  # under two lines of words


def test_a_map_fills_the_screen_and_a_longer_text_goes_past_it() -> None:
    assert enlarged(FIGURES["map"], 860).layout.height == 860
    long = attention_heatmap(
        np.zeros((30, 30), np.float32), ["a"] * 30, title="", subtitle="", theme="light", unit="score"
    )
    figure = enlarged(long, 500)
    assert figure.layout.height - figure.layout.margin.t - figure.layout.margin.b == 30 * PITCH
    assert least_width(figure) - figure.layout.margin.l - figure.layout.margin.r == 30 * PITCH


def test_numbers_of_the_figure_are_its_own() -> None:
    figure = enlarged(FIGURES["map"], 500)
    np.testing.assert_array_equal(figure.data[-1].z, SQUARE)
    assert (figure.data[-1].zmin, figure.data[-1].zmax) == (-3, 3)


def test_a_figure_that_says_nothing_of_its_looks() -> None:
    figure = enlarged(go.Figure(go.Scatter(x=[0, 1], y=[0, 1], marker={"size": np.array([4, 8])})), 500)
    assert figure.layout.font.size >= LEAST_TYPE
    assert figure.data[0].marker.size[1] == pytest.approx(12.8)
