"""Curves: what stands where, what it is called, and that names are shown as they are."""

import numpy as np
import plotly.graph_objects as go
import pytest

from viz_core.figures import Curve, curves, numbered, palette, steep
from viz_core.figures.course import course_curves

X = np.array([0, 1, 2])
WORDS = {"title": "t", "subtitle": "s", "x_title": "steps", "y_title": "nats", "theme": "light"}
MARKUP = {"<s>": "&lt;s&gt;", "<b>x</b>": "&lt;b&gt;x&lt;/b&gt;", "a & b": "a &amp; b", "%{y}": "%{y}"}


def drawn(*names: str, like: str = "line", **rule: object) -> go.Figure:
    return curves([Curve(name, X, np.array([3.0, 1, 2]), like=like) for name in names], **WORDS, **rule)


@pytest.mark.parametrize(("name", "shown"), MARKUP.items())
@pytest.mark.parametrize("like", ["line", "measured", "theory", "bars"])
def test_a_name_is_shown_as_it_is_and_is_no_part_of_the_hover_rule(name: str, shown: str, like: str) -> None:
    (trace,) = drawn(name, like=like).data
    assert trace.name == shown
    assert trace.hovertemplate == "%{fullData.name} <b>%{y:.4~g}</b> (%{x})<extra></extra>"


def test_titles_of_axes_and_further_hover_are_shown_as_they_are() -> None:
    figure = curves([Curve("a", X, X, hover=["<s>", "b", "<b>c</b>"])], **WORDS | {"x_title": "of “<s>”"})
    assert figure.layout.xaxis.title.text == "of “&lt;s&gt;”"
    assert list(figure.data[0].text) == ["&lt;s&gt;", "b", "&lt;b&gt;c&lt;/b&gt;"]
    assert figure.data[0].hovertemplate.startswith("%{text}<br>")


def test_names_of_places_stand_at_their_numbers_in_place_of_the_title() -> None:
    axis = drawn("a", names=numbered(["<s>", "·internationally", "·internationally"])).layout.xaxis
    assert list(axis.tickvals) == [0, 1, 2]
    assert list(axis.ticktext) == ["&lt;s&gt; 0", "international… 1", "international… 2"]
    assert axis.title.text is None


def test_of_many_names_so_many_are_written_as_have_room() -> None:
    axis = drawn("a", names=[f"t{index}" for index in range(60)]).layout.xaxis
    assert [f"t{place:.0f}" for place in axis.tickvals] == list(axis.ticktext)
    assert list(axis.tickvals) == list(range(0, 60, 3))


def test_kinds_of_curves_look_different() -> None:
    line, measured, theory, bars = (drawn("a", like=like).data[0] for like in ("line", "measured", "theory", "bars"))
    assert (line.mode, line.line.dash) == ("lines+markers", "solid")
    assert measured.mode == "markers"
    assert (theory.mode, theory.line.dash) == ("lines", "dash")
    assert isinstance(bars, go.Bar)
    for trace in (line, measured, theory, bars):
        assert list(trace.x) == [0, 1, 2]
        assert list(trace.y) == [3, 1, 2]


def test_lines_differ_by_colour_and_by_dash() -> None:
    traces = drawn("a", "b", "c").data
    assert len({trace.line.color for trace in traces}) == len({trace.line.dash for trace in traces}) == 3


def test_a_curve_has_the_colour_it_is_given_in_this_theme() -> None:
    figure = curves([Curve("a", X, X, ink=palette.KEY)], **WORDS | {"theme": "dark"})
    assert figure.data[0].line.color == palette.KEY["dark"]


def test_the_mark_stands_at_its_x_from_top_to_bottom() -> None:
    (mark,) = drawn("a", mark=1.5).layout.shapes
    assert (mark.x0, mark.x1, mark.y0, mark.y1, mark.yref) == (1.5, 1.5, 0, 1, "paper")
    assert mark.line.color == palette.CHOSEN["light"]
    assert len(drawn("a", mark=0).layout.shapes) == 1
    assert not drawn("a").layout.shapes


def test_the_vertical_axis_begins_at_zero_where_asked() -> None:
    assert drawn("a", zero=True).layout.yaxis.rangemode == "tozero"
    assert drawn("a").layout.yaxis.rangemode is None


def test_axes_are_logarithmic_where_asked() -> None:
    figure = drawn("a", log_x=True, log_y=True)
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
    ticks = dict(zip(figure.layout.xaxis.tickvals, figure.layout.xaxis.ticktext, strict=True))
    assert (ticks[0.25], ticks[64]) == ("0.25", "64")
    assert drawn("a").layout.yaxis.type is None


@pytest.mark.parametrize(("values", "expected"), [([1, 31], True), ([1, 30], False), ([0, 31], False), ([2, 2], False)])
def test_steep_values_want_a_logarithmic_axis(values: list[float], *, expected: bool) -> None:
    assert steep(np.array(values, dtype=np.float32)) is expected


def test_only_several_curves_have_a_legend_and_it_has_room() -> None:
    one, two, long = drawn("a"), drawn("a", "b"), drawn("a" * 60, "b" * 60)
    assert not one.layout.showlegend
    assert two.layout.showlegend
    assert one.layout.height < two.layout.height < long.layout.height, "long names stand one under the other"
    assert two.layout.margin.b - one.layout.margin.b == two.layout.height - one.layout.height


def test_a_course_shows_where_one_is_and_what_happened_when() -> None:
    lines = [Curve("loss", X, X)]
    figure = course_curves(lines, now=20, event=7, event_says="<s> appears", span=(-1, 30), **WORDS)
    now, event = figure.layout.shapes
    assert (now.x0, now.x1, event.x0, event.x1) == (20, 20, 7, 7)
    assert (now.line.dash, event.line.dash) == (None, "dot")
    (note,) = figure.layout.annotations
    assert (note.x, note.text) == (7, "&lt;s&gt; appears")
    assert list(figure.layout.xaxis.range) == [-1, 30]
    assert figure.layout.margin.t > curves(lines, **WORDS).layout.margin.t, "room for the words above"
