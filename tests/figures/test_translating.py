"""Figures of a translation: the words where they belong, lines between the right ones, nothing taken for markup."""

import numpy as np
import pytest

from viz_core.figures.across import across_heatmap
from viz_core.figures.beam_tree import Leaf, beam_tree
from viz_core.figures.crossing import crossing_lines
from viz_core.figures.two_sides import two_sides
from viz_core.figures.written import names, written_bars

READ, WRITTEN = ["the", "<b>", "cat"], ["고양이", "그"]


def lines(**more):
    return crossing_lines(
        READ,
        WRITTEN,
        [2, 0],
        np.array([0.9, 0.2], dtype=np.float32),
        heads=("English", "Korean"),
        says="{written} {read} {weight}",
        title="",
        subtitle="",
        theme="light",
        **more,
    )


def test_a_line_joins_each_written_word_to_what_it_looks_at():
    figure = lines()
    faint, strong = figure.data  # the strongest on top
    assert strong.text == "고양이 cat 0.900"
    assert list(strong.y) == [0.0, 2.0]  # the first written word, the last one read
    assert list(faint.y) == [2.0, 0.0]
    assert strong.line.width > faint.line.width


def test_words_are_literal_and_the_chosen_one_is_bold():
    texts = [note.text for note in lines(chosen=1).layout.annotations]
    assert texts == ["English", "the", "&lt;b&gt;", "cat", "Korean", "고양이", "<b>그</b>"]


def test_long_texts_stay_of_one_height():
    words = [str(number) for number in range(60)]
    figure = crossing_lines(
        words,
        words,
        list(range(60)),
        np.ones(60, dtype=np.float32),
        heads=("", ""),
        says="",
        title="",
        subtitle="",
        theme="dark",
    )
    assert figure.layout.height < 900


def test_bars_mark_the_one_that_is_written():
    assert names(["·a", "<i>", "c"], 1) == ["a", "<b>▸ &lt;i&gt;</b>", "c"]
    figure = written_bars(["a", "b"], [0.7, 0.2], chosen=0, title="", subtitle="", theme="light", widest=["고양이를"])
    assert figure.layout.xaxis.range[1] == pytest.approx(1.02)  # the same at every step
    narrow = written_bars(["a", "b"], [0.7, 0.2], chosen=0, title="", subtitle="", theme="light")
    assert figure.layout.margin.l > narrow.layout.margin.l


def test_a_tree_draws_the_way_to_the_likeliest_strong():
    first = [Leaf("a", "a", -0.1, 0), Leaf("b", "b", -0.5, 0)]
    last = [Leaf("c", "bc", -0.6, 1), Leaf("d", "ad", -0.9, 0)]
    figure = beam_tree([first, last], heads=["1", "2"], title="", subtitle="", theme="light")
    faint, strong, points = figure.data
    np.testing.assert_array_equal(strong.x, [1, 0, np.nan])  # from b to bc, which is now the likeliest
    np.testing.assert_array_equal(faint.x, [0, 1, np.nan])
    bold = [note.text for note in figure.layout.annotations if "<b>" in note.text]
    assert bold == ["<b>b</b>", "<b>c</b>"]
    assert "log P −0.600" in points.text[2]


def test_a_map_of_two_texts_fills_its_place_and_says_where_it_begins():
    def drawn(rows: int, columns: int):
        values = np.zeros((rows, columns), dtype=np.float32)
        names = [[str(number) for number in range(n)] for n in (columns, rows)]
        return across_heatmap(values, *names, first=(5, 0), title="", subtitle="", theme="light", unit="")

    assert drawn(4, 5).layout.yaxis.scaleanchor == "x"
    assert drawn(4, 20).layout.yaxis.scaleanchor is None
    assert list(drawn(4, 5).layout.meta["first"]) == [5, 0]
    assert drawn(4, 5).layout.meta["linked"] == "cells"


def test_what_is_yet_to_come_is_left_out_of_its_place():
    rule = {"title": "", "subtitle": "", "theme": "light", "unit": "", "allowed": np.tri(3, dtype=bool)}
    values = np.ones((3, 3), dtype=np.float32)
    whole, part = (across_heatmap(values, "abc", "xyz", there=there, **rule) for there in (None, (2, 2)))
    for layer in part.data:
        assert np.isnan(layer.z[2]).all()
        assert np.isnan(layer.z[:, 2]).all()
    assert part.data[0].z[0, 1] == 1  # not allowed, but there
    assert (part.layout.images[0].sizex, part.layout.images[0].sizey) == (2, 2)
    assert part.layout.xaxis.ticktext == ("a", "b", "")
    assert part.layout.yaxis.ticktext == ("x", "y", "")
    assert part.layout.xaxis.range == whole.layout.xaxis.range
    assert not np.isnan(whole.data[0].z).any()
    (frame,) = across_heatmap(values, "abc", "xyz", framed=1, **rule).layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (-0.5, 2.5, 0.5, 1.5)


def test_several_maps_on_a_line_have_names_of_one_size_and_no_numbers():
    def drawn(size: int):
        values = np.zeros((3, 4), dtype=np.float32)
        return across_heatmap(values, "abcd", "xyz", labels=size, title="", subtitle="", theme="light", unit="")

    assert {axis.tickfont.size for axis in (drawn(9).layout.xaxis, drawn(9).layout.yaxis)} == {9}
    assert drawn(9).data[-1].texttemplate is None
    assert drawn(0).data[-1].texttemplate


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_drawing_names_and_numbers_all_three(theme):
    texts, attentions = ("English", "Korean", "next"), ("self", "masked", "cross")
    figure = two_sides(texts, attentions, "feed-forward", layers=2, title="", subtitle="", theme=theme)
    written = [note.text for note in figure.layout.annotations]
    assert {"<b>1</b> self", "<b>2</b> masked", "<b>3</b> cross", *texts} <= set(written)
    assert [written.count(f"<b>{letter}</b>") for letter in "QKV"] == [3, 3, 3]


def test_the_strong_way_leads_to_the_text_that_won():
    steps = [
        [Leaf("a", "a", -1.0, 0), Leaf("b", "b", -2.0, 0)],
        [Leaf("c", "bc", -2.5, 1), Leaf("d", "ad", -3.0, 0)],
    ]
    faint, strong, _points = beam_tree(steps, heads=["1st", "2nd"], title="", subtitle="", theme="light").data
    assert strong.x[:2].tolist() == [1.0, 0.0]  # from the second text of the first step
    assert faint.x[:2].tolist() == [0.0, 1.0]
