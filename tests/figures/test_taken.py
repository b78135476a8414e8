"""What is taken along: a table says every number, bit for bit; a page opens by itself and runs nobody's text."""

import csv
import re
from html import unescape
from io import StringIO

import numpy as np
import plotly.graph_objects as go
import pytest

from viz_core.figures import Curve, attention_heatmap, curves, next_token_bars, product_bars, vectors_heatmap
from viz_core.figures.contents import name_of, pooled
from viz_core.figures.taken import Cells, standalone, table

PAYLOAD = "</script><script>alert(1)</script>"
ABOUT = {"title": "L1·H2 · weights", "subtitle": "row looks at column", "theme": "light"}


def lines(written: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(written, newline="")))


def numbers(n: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, n)).astype(np.float32)


def heatmap(values: np.ndarray, tokens: list[str], **rule: object) -> go.Figure:
    return attention_heatmap(values, tokens, unit="score", **ABOUT, **rule)


def test_a_map_is_a_line_for_each_cell_bit_for_bit() -> None:
    values, tokens = numbers(7), [f"·word{i}" for i in range(7)]
    allowed = np.tril(np.ones((7, 7), dtype=bool))
    cells = Cells(values, tokens, tokens, allowed, {"double": 2 * values})
    found = lines(table(heatmap(values, tokens, allowed=allowed), cells))
    assert len(found) == 49
    assert list(found[0]) == ["row", "row token", "column", "column token", "value", "allowed", "double"]
    for line in found:
        i, j = int(line["row"]), int(line["column"])
        assert (line["row token"], line["column token"]) == (tokens[i], tokens[j])
        assert line["allowed"] == ("1" if j <= i else "0")
        if j <= i:
            assert np.float32(line["value"]) == values[i, j]
        else:
            assert line["value"] == ""
        assert np.float32(line["double"]) == 2 * values[i, j]


def test_what_is_drawn_whole_needs_no_more_than_the_figure() -> None:
    values = numbers(5)
    allowed = np.tril(np.ones((5, 5), dtype=bool))
    found = lines(table(heatmap(values, ["a", "·b", "c", "d", "e"], allowed=allowed)))
    assert [int(line["row"]) for line in found] == [i // 5 for i in range(25)]
    assert found[6]["row token"] == "b"
    kept = [np.float32(line["value"]) for line in found if line["allowed"] == "1"]
    assert kept == values[allowed].tolist()
    assert {line["value"] for line in found if line["allowed"] == "0"} == {""}


def test_a_pooled_map_gives_all_its_cells_or_says_what_it_gives() -> None:
    values, tokens = numbers(600), [str(i) for i in range(600)]
    figure = heatmap(values, tokens)
    assert pooled(figure) == (3, 3)
    assert len(lines(table(figure, Cells(values, tokens, tokens)))) == 360_000
    drawn = lines(table(figure))
    assert len(drawn) == 200 * 200
    one = drawn[201]  # the second row of blocks, the second block
    block = values[3:6, 3:6].ravel()
    assert (one["row"], one["column"]) == ("3", "3")
    assert np.float32(one["strongest of 3 x 3"]) == block[np.abs(block).argmax()]


def test_only_a_part_is_drawn_and_numbered_as_in_the_whole() -> None:
    values, tokens = numbers(600), [str(i) for i in range(600)]
    found = lines(table(heatmap(values, tokens, window=(10, 12, 500, 501))))
    assert [(line["row"], line["column"]) for line in found[:3]] == [("10", "500"), ("10", "501"), ("11", "500")]
    assert np.float32(found[2]["value"]) == values[11, 500]


def test_vectors_have_components_for_columns() -> None:
    values = np.random.default_rng(1).normal(size=(3, 700)).astype(np.float32)
    figure = vectors_heatmap(values, ["a", "b", "c"], **ABOUT)
    assert pooled(figure) == (1, 2)
    assert "strongest of 1 x 2" in lines(table(figure))[0]
    found = lines(table(figure, Cells(values, ["a", "b", "c"])))
    assert len(found) == 2100
    assert (found[701]["row token"], found[701]["column"], found[701]["column token"]) == ("b", "1", "")
    assert np.float32(found[701]["value"]) == values[1, 1]


def test_curves_and_bars_are_a_line_for_each_point() -> None:
    x = np.arange(3)
    figure = curves(
        [Curve("one", x, np.array([0.1, 0.2, np.nan])), Curve("a < b", x, np.array([1.0, 2.0, 3.0]), like="bars")],
        x_title="row",
        y_title="nats",
        names=["the 0", "<s> 1", "dog 2"],
        **ABOUT,
    )
    found = lines(table(figure))
    assert [line["name"] for line in found] == ["one"] * 3 + ["a < b"] * 3
    assert [line["x label"] for line in found[:3]] == ["the 0", "<s> 1", "dog 2"]
    assert [line["y"] for line in found] == ["0.1", "0.2", "", "1.0", "2.0", "3.0"]


def test_lying_bars_are_named() -> None:
    found = lines(table(next_token_bars(["·dog", "=cat"], [0.75, 0.25], theme="dark", height=120)))
    assert {(line["y label"], line["x"]) for line in found} == {("·dog", "0.75"), ("'=cat", "0.25")}


def test_products_tell_which_component_they_are_of() -> None:
    query, key = np.array([1, 2, 3], dtype=np.float32), np.array([1, -4, 2], dtype=np.float32)
    drawn = product_bars(query, key, -1.0, title="t", subtitle="s", theme="light", largest_first=True)
    found = [line for line in lines(table(drawn)) if line["component"]]
    assert [(line["component"], line["q"], line["k"], line["y"]) for line in found] == [
        ("1.0", "2.0", "-4.0", "-8.0"),
        ("2.0", "3.0", "2.0", "6.0"),
        ("0.0", "1.0", "1.0", "1.0"),
    ]


@pytest.mark.parametrize("token", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1"])
def test_a_spreadsheet_runs_no_token(token: str) -> None:
    values = np.full((1, 1), -0.5, dtype=np.float32)
    (line,) = lines(table(heatmap(values, [token]), Cells(values, [token], [token])))
    assert line["row token"] == line["column token"] == "'" + token
    assert line["value"] == "-0.5", "a number below 0 is no formula"


@pytest.mark.parametrize("token", ['say "no"', "a,b", "two\nlines", "·커피", "’", "'quoted'"])
def test_any_other_token_comes_back_as_it_was(token: str) -> None:
    values = np.ones((1, 1), dtype=np.float32)
    assert lines(table(heatmap(values, [token]), Cells(values, [token], [token])))[0]["row token"] == token


def test_a_page_holds_the_figure_its_words_and_nothing_from_elsewhere() -> None:
    values = numbers(4)
    figure = heatmap(values, ["a", "b", "c", PAYLOAD])
    page = standalone(figure, theme="dark", about=[f"tiny-gpt: “{PAYLOAD}”", "row looks at column"])
    assert name_of(figure) == "L1·H2 · weights"
    assert "<title>L1·H2 · weights</title>" in page
    assert f"tiny-gpt: “{PAYLOAD}”" in unescape(page)
    assert PAYLOAD not in page
    assert "default-src 'none'" in page
    assert not re.search(r"<(?:script|link|img)[^>]*\s(?:src|href)=", page)
    assert "Inside attention" in page
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)", "the figure of the app must stay as it is"
