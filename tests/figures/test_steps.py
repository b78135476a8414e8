"""Maps of [token, step], the bars of sampling and the drawn wirings: what stands where."""

import numpy as np
import pytest

from viz_core.figures import palette
from viz_core.figures.sampling import sampling_bars
from viz_core.figures.steps import steps_heatmap
from viz_core.figures.wiring import BRANCH, STREAM, wiring

WORDS = {"title": "t", "subtitle": "s", "theme": "light", "unit": "u", "says": "value"}


def test_sizes_are_coloured_by_their_logarithm_and_told_as_they_are():
    values = np.array([[1.0, 100.0], [10.0, 1000.0]], dtype=np.float32)
    drawn = steps_heatmap(values, ["a", "b"], ["x", "y"], colours="size", first=5, **WORDS)
    heatmap = drawn.data[0]
    np.testing.assert_allclose(heatmap.z, [[0, 2], [1, 3]], atol=1e-6)
    np.testing.assert_array_equal(heatmap.customdata, values)
    assert (heatmap.zmin, heatmap.zmax, heatmap.y0) == pytest.approx((0, 3, 5))
    assert list(drawn.layout.yaxis.range) == [6.5, 4.5]
    assert drawn.layout.meta["linked"] == "cells"


def test_words_are_escaped_and_read_on_their_cells():
    values = np.array([[0.05, 0.95]], dtype=np.float32)
    drawn = steps_heatmap(values, ["<s>"], ["0", "1"], colours="share", texts=[["<s>", "·dog"]], **WORDS)
    heatmap, words = drawn.data
    assert list(words.text) == ["&lt;s&gt;", "dog"]
    assert list(words.textfont.color) == [palette.TEXT["light"], palette.BACKGROUND["light"]]
    assert words.hoverinfo == "skip", "a click is for the cell below"
    assert heatmap.hovertext[0][0] == "&lt;s&gt;"
    assert list(drawn.layout.yaxis.ticktext) == ["&lt;s&gt;"]


@pytest.mark.parametrize("n", [1, 40, 41, 300])
@pytest.mark.parametrize("colours", ["share", "size", "signed"])
def test_any_number_of_rows_is_drawn(n: int, colours: str):
    drawn = steps_heatmap(np.zeros((n, 3), dtype=np.float32), ["a"] * n, ["x"] * 3, colours=colours, **WORDS)
    assert drawn.data[0].z.shape == (n, 3)
    assert drawn.layout.yaxis.showticklabels == (n <= 40)


def test_cut_tokens_are_hatched_and_say_by_what():
    drawn = sampling_bars(
        ["a", "<b>"], [0.6, 0.4], [1.0, 0.0], ["", "cut: top-k"], theme="dark", title="t", subtitle="s", drawn=0
    )
    before, after = drawn.data
    assert list(before.marker.pattern.shape) == ["", "/"]
    assert list(before.text) == ["", "cut: top-k"]
    assert list(after.text) == ["100.0%", ""]
    assert list(drawn.layout.yaxis.ticktext) == ["<b>▸ a</b>", "&lt;b&gt;"]


@pytest.mark.parametrize(("place", "norms_stand"), [("post", STREAM), ("pre", BRANCH)])
def test_the_norms_stand_where_the_wiring_has_them(place: str, norms_stand: float):
    """Post-LN: on the stream, after the sum. Pre-LN: on the branch, before the layer."""
    drawn = wiring(place, title="t", subtitle="s", theme="light", norm="LN", layers=("att", "ff"))
    told = {
        text: [note for note in drawn.layout.annotations if text in (note.text or "")] for text in ("LN", "att", "ff")
    }
    assert [note.x for note in told["LN"]] == [norms_stand] * 2
    sums = list(drawn.data[0].y)
    for norm, layer, plus in zip(told["LN"], [*told["att"], *told["ff"]], sums, strict=True):
        if place == "post":
            assert layer.y < plus < norm.y
        else:
            assert norm.y < layer.y < plus
