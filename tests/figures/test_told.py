"""What a figure says to those who do not see it: its own largest numbers, where they are."""

import numpy as np
import plotly.graph_objects as go
import pytest

from viz_core.figures import Curve, attention_heatmap, curves, next_token_bars, paired_bars, vectors_heatmap
from viz_core.figures.side_by_side import side_by_side
from viz_core.figures.told import largest, number

ABOUT = {"title": "L1·H2 · weights", "subtitle": "row looks at column", "theme": "light"}


def heatmap(values: np.ndarray, tokens: list[str], **rule: object) -> go.Figure:
    return attention_heatmap(values.astype(np.float32), tokens, **ABOUT | {"unit": "weight"} | rule)


def test_a_map_tells_its_three_largest_cells_that_may_be_looked_at() -> None:
    values = np.array([[0.2, 0.99, 0.98], [0.41, 0.3, 0.97], [0.05, 0.35, 0.6]])
    figure = heatmap(values, ["the", "·bit", "dog"], allowed=np.tri(3, dtype=bool))
    assert largest(figure) == "Largest: “dog” → “dog” 0.6; “bit” → “the” 0.41; “dog” → “bit” 0.35."


def test_scores_are_told_by_size_with_their_sign() -> None:
    values = np.array([[1, -7], [2, -np.inf]])
    assert largest(heatmap(values, ["a", "b"])) == "Largest: “a” → “b” −7; “b” → “a” 2; “a” → “a” 1."


def test_tokens_that_are_there_twice_have_their_numbers_and_markup_is_text() -> None:
    values = np.array([[0.9, 0, 0.1], [0, 0.8, 0], [0, 0, 0]])
    assert largest(heatmap(values, ["a", "<s>", "a"])) == (
        "Largest: “a” (0) → “a” (0) 0.9; “<s>” → “<s>” 0.8; “a” (0) → “a” (2) 0.1."
    )


@pytest.mark.parametrize("n", [40, 700])
def test_a_large_map_tells_what_it_draws(n: int) -> None:
    values = np.zeros((n, n))
    values[n - 1, 7] = 0.5
    said = largest(heatmap(values, [f"w{i}" for i in range(n)]))
    size = -(-n // 256)
    row, column = ((at // size * size) for at in (n - 1, 7))
    assert said.startswith(f"Largest: “w{row}")
    assert f"→ “w{column}" in said
    assert said.endswith("0.5.")


def test_a_vectors_components_are_numbered() -> None:
    values = np.zeros((2, 5))
    values[1, 3] = -2
    assert largest(vectors_heatmap(values, ["x", "y"], **ABOUT)) == "Largest: “y” → column 3 −2."


def test_bars_tell_the_longest_by_name() -> None:
    labels, shares = ["·dog", "cat", "ox", "<s>"], [0.4, 0.3, 0.2, 0.1]
    assert largest(next_token_bars(labels, shares, theme="dark", height=90)) == (
        "Largest: “·dog” 0.4; “cat” 0.3; “ox” 0.2."
    )
    both = paired_bars(["dog", "cat"], [0.5, 0.2], [0.1, 0.6], names=("as it is", "changed"), theme="light")
    assert largest(both) == "Largest: “cat” (changed) 0.6; “dog” (as it is) 0.5; “cat” (as it is) 0.2."


def test_curves_tell_the_highest_point_of_at_most_three() -> None:
    drawn = [
        Curve(name, np.arange(3), np.array(y, float)) for name, y in (("one", [1, 5, np.nan]), ("two", [-3, -4, -9]))
    ]
    rule = {"x_title": "row", "y_title": "nats"}
    assert largest(curves(drawn, **rule, **ABOUT)) == "Highest: one 5 at 1; two −3 at 0."
    named = curves(drawn, **rule, **ABOUT, names=["the 0", "dog 1", "bit 2"])
    assert largest(named) == "Highest: one 5 at “dog 1”; two −3 at “the 0”."
    assert largest(curves(drawn * 4, **rule, **ABOUT)).count(" at ") == 3


def test_of_several_maps_each_is_named() -> None:
    maps = [heatmap(np.eye(2) * size, ["a", "b"], small=True, title=f"L{size}") for size in (1, 2)]
    said = largest(side_by_side(maps, title="t", subtitle="s", theme="light"))
    assert said.count("Largest in L") == 2


def test_what_has_no_numbers_says_nothing() -> None:
    drawing = go.Figure(go.Scatter(x=[0, 1], y=[0, 1]), {"hovermode": False})
    assert largest(drawing) == largest(go.Figure()) == ""
    assert largest(heatmap(np.zeros((2, 2)), ["a", "b"])) == "", "nothing is larger than another"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.41321, "0.413"),
        (-3.5, "−3.5"),
        (0, "0"),
        (1_183_232, "1,183,232"),
        (4949.6, "4,950"),
        (0.0000213, "2.13·10⁻⁵"),
    ],
)
def test_numbers_are_written_as_people_write_them(value: float, said: str) -> None:
    assert number(value) == said


def test_the_place_of_a_curve_is_told_in_full() -> None:
    drawn = [Curve("loss", np.array([0, 1_048_576]), np.array([0.5, 0.75]))]
    assert largest(curves(drawn, x_title="step", y_title="nats", **ABOUT)) == "Highest: loss 0.75 at 1,048,576."


def test_of_equal_cells_the_first_are_told() -> None:
    assert largest(heatmap(np.full((2, 3), 0.25), ["a", "b", "c"], rows=["x", "y"])).count("“x”") == 3
