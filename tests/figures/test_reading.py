"""Maps of something else than plain weights: nothing left out in silence, every cell where the bridge looks for it."""

import numpy as np
import plotly.graph_objects as go

from viz_core.figures.palette import BACKGROUND
from viz_core.figures.reading import reading_heatmap

VALUES = np.array([[np.nan, 0.0, 0.0], [np.nan, 0.3, 0.0], [np.nan, 0.1, 0.2]], dtype=np.float32)
HIDDEN = np.array([1.0, 0.7, 0.7], dtype=np.float32)


def drawn(values: np.ndarray, **rule: object) -> go.Figure:
    names = [f"w{at}" for at in range(len(values))]
    return reading_heatmap(values, names, title="t", subtitle="s", theme="light", unit="weight", **rule)


def test_a_hidden_column_shows_that_it_is_hidden_and_what_it_held() -> None:
    allowed = np.tri(3, dtype=bool)
    figure = drawn(VALUES, hidden=HIDDEN, said="70% hidden", weights=True, limit=0.3, allowed=allowed)
    grey, column, cells = figure.data
    assert "may not look" in grey.hovertemplate
    assert column.z[:, 0].tolist() == HIDDEN.tolist()
    assert column.x0 == 0
    assert "hidden: weight %{z" in column.hovertemplate
    assert {colour for _at, colour in column.colorscale} == {BACKGROUND["light"]}
    assert np.isnan(cells.z[:, 0]).all()
    assert cells.zmax == np.float32(0.3), "colours end at the largest that is left"
    assert figure.layout.annotations[0].text == "70% hidden"
    assert not drawn(np.eye(17, dtype=np.float32), hidden=np.ones(17), said="x").layout.annotations, "cells are narrow"
    assert figure.layout.shapes[0].x1 - figure.layout.shapes[0].x0 < 1


def test_nothing_is_framed_where_nothing_is_hidden() -> None:
    figure = drawn(np.eye(3, dtype=np.float32), weights=True)
    assert not figure.layout.shapes
    assert not figure.layout.annotations
    assert figure.data[-1].zmax == 1


def test_words_say_with_which_tokens_they_begin() -> None:
    figure = drawn(np.eye(3, dtype=np.float32), weights=True, starts=[0, 1, 4])
    assert figure.layout.meta == {"linked": "cells", "words": [0, 1, 4]}


def test_words_too_many_to_be_drawn_one_by_one_are_not_linked() -> None:
    figure = drawn(np.eye(300, dtype=np.float32), weights=True, starts=range(300), hidden=np.ones(300))
    assert not figure.layout.meta
    assert not figure.layout.shapes


def test_lengths_have_another_colour_than_weights_and_begin_at_zero() -> None:
    lengths, weights = drawn(np.eye(3, dtype=np.float32) * 7, from_zero=True), drawn(np.eye(3), weights=True)
    assert (lengths.data[-1].zmin, lengths.data[-1].zmax) == (0, 7)
    assert lengths.data[-1].colorscale != weights.data[-1].colorscale
    assert lengths.data[-1].texttemplate == "%{z:.2~g}"


def test_a_second_line_stands_before_how_to_look_at_it() -> None:
    plain, more = drawn(np.eye(70)), drawn(np.eye(70), more="<b> hidden")
    before, after = (figure.layout.title.text.split("<br>") for figure in (plain, more))
    assert "&lt;b> hidden" in after[2].replace("&gt;", ">")
    assert after[:2] + after[3:] == before
    assert more.layout.margin.t > plain.layout.margin.t
