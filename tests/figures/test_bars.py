"""Lying bars: which is which, what is written at them, and that every text is shown as it is."""

import numpy as np
import plotly.graph_objects as go
import pytest

from viz_core.figures import next_token_bars, paired_bars, palette
from viz_core.figures.amounts import amounts
from viz_core.figures.course import next_tokens_at
from viz_core.figures.ranked import ranked_bars
from viz_core.figures.sampling import sampling_bars

NAMES = ["<s>", "<b>x</b>", "%{y}"]
SHOWN = ["&lt;s&gt;", "&lt;b&gt;x&lt;/b&gt;", "%{y}"]
VALUES = [0.5, 0.25, 0.125]
WORDS = {"title": "t", "subtitle": "s", "theme": "light"}

FIGURES = {
    "next": lambda: next_token_bars(NAMES, VALUES, theme="light", height=100),
    "paired": lambda: paired_bars(NAMES, VALUES, VALUES, names=("<s>", "%{y}"), theme="light"),
    "sampling": lambda: sampling_bars(NAMES, VALUES, VALUES, ["", "", "<s>"], **WORDS),
    "amounts": lambda: amounts(NAMES, {"<s>": VALUES, "%{y}": VALUES}, unit="nats", **WORDS),
    "ranked": lambda: ranked_bars(NAMES, VALUES, **WORDS),
    "shares": lambda: ranked_bars(NAMES, VALUES, chosen=1, x_title="<s>", **WORDS),
}


@pytest.mark.parametrize("kind", FIGURES)
def test_every_text_is_shown_as_it_is_and_is_no_part_of_the_hover_rule(kind: str) -> None:
    figure = FIGURES[kind]()
    assert list(figure.layout.yaxis.ticktext) == SHOWN
    for bars in figure.data:
        assert "%{y}" in bars.hovertemplate
        assert not any(name in bars.hovertemplate.replace("%{y}", "", 1) for name in NAMES)
    assert "<s>" not in str([(bars.name, bars.text) for bars in figure.data] + [figure.layout.xaxis.title.text])


@pytest.mark.parametrize("kind", FIGURES)
def test_the_first_row_is_on_top_and_all_bars_fit(kind: str) -> None:
    figure = FIGURES[kind]()
    for bars in figure.data:
        assert list(bars.x) == VALUES
        assert list(bars.y) == list(figure.layout.yaxis.tickvals) == [0, 1, 2]
    assert list(figure.layout.yaxis.range) == [2.5, -0.5]
    low, high = figure.layout.xaxis.range
    assert low == 0
    assert high > 0.5


@pytest.mark.parametrize("draw", [next_token_bars, ranked_bars])
def test_nothing_to_draw_is_drawn(draw: object) -> None:
    rule = {"theme": "light", "height": 50} if draw is next_token_bars else WORDS
    assert len(draw([], [], **rule).data[0].x) == 0


def pair() -> go.Figure:
    return paired_bars(["a", "b"], [0.6, 0.4], [0.9, 0.0004], names=("as it is", "changed"), theme="light")


def test_before_is_pale_and_after_is_full() -> None:
    before, after = pair().data
    assert (before.name, list(before.text), before.marker.color) == (
        "as it is",
        ["60.0%", "40.0%"],
        palette.FAINT["light"],
    )
    assert (after.name, list(after.text), after.marker.color) == (
        "changed",
        ["90.0%", "&lt; 0.1%"],
        palette.OUTPUT["light"],
    )
    np.testing.assert_allclose([before.x, after.x], [[0.6, 0.4], [0.9, 0.0004]], rtol=1e-6)


def test_a_pair_has_one_scale_and_says_which_is_which() -> None:
    figure = pair()
    assert figure.layout.xaxis.range[1] == pytest.approx(0.9 * 1.02)
    assert all("%{fullData.name}" in bars.hovertemplate for bars in figure.data)
    assert figure.layout.showlegend is not False
    assert figure.layout.legend.traceorder == "normal"


def test_next_tokens_tell_their_probabilities() -> None:
    (bars,) = next_token_bars(["·dog", "dog", "a"], [0.5, 0.0005, 0], theme="dark", height=100).data
    assert list(bars.text) == ["50.0%", "&lt; 0.1%", "0.0%"]
    assert bars.marker.color == palette.OUTPUT["dark"]


def test_moments_share_one_axis_and_one_margin() -> None:
    labels = [["a", "b"], ["a very long one", "c"]]
    rule = {"of": ["a", "b", "a very long one", "c"], "highest": 0.8, "theme": "light", "height": 90}
    moments = [next_tokens_at(at, [0.2, 0.1], **rule) for at in labels]
    assert [list(figure.layout.xaxis.range) for figure in moments] == [[0, pytest.approx(0.816)]] * 2
    assert len({figure.layout.margin.l for figure in moments}) == 1
    alone = next_token_bars(labels[1], [0.2, 0.1], theme="light", height=90)
    assert moments[0].layout.margin.l == alone.layout.margin.l


def test_ranked_bars_set_the_sum_apart() -> None:
    figure = ranked_bars(["a", "b", "all"], [3, -1, 2], sum_last=True, **WORDS)
    above, below, total = figure.data[0].marker.color
    assert (above, below) == (palette.SIGNED["light"][5], palette.SIGNED["light"][1])
    assert total == palette.TEXT["light"]
    assert list(figure.data[0].y) == list(figure.layout.yaxis.tickvals) == [0, 1, 2.5]
    assert list(figure.data[0].text) == ["3", "−1", "2"]
    low, high = figure.layout.xaxis.range
    assert low < -1
    assert high > 3


def test_pale_bars_are_faint_and_the_others_have_one_colour() -> None:
    figure = ranked_bars(
        ["a", "b", "c"], VALUES, pale=[False, True, False], signed=False, texts=["x", "y", "z"], **WORDS
    )
    full = palette.WEIGHTS["light"][4]
    assert list(figure.data[0].marker.color) == [full, palette.FAINT["light"], full]
    assert list(figure.data[0].text) == ["x", "y", "z"]


def test_of_shares_the_chosen_one_stands_out_on_an_axis_to_1() -> None:
    figure = ranked_bars(["a", "b", "c"], VALUES, chosen=1, x_title="score", **WORDS)
    faint = palette.FAINT["light"]
    assert list(figure.data[0].marker.color) == [faint, palette.CHOSEN["light"], faint]
    assert list(figure.layout.xaxis.range) == [0, 1]
    assert figure.layout.xaxis.title.text == "score"
    assert figure.layout.height > ranked_bars(["a", "b", "c"], VALUES, **WORDS).layout.height
