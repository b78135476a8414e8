"""Locked colour scales: the same number has the same colour in every map."""

import numpy as np

from viz_core.figures import attention_heatmap, next_token_bars
from viz_core.figures.held import held, limit_of

VALUES = np.array([[1.0, 0.0], [-4.0, 2.0]], dtype=np.float32)
RULE = {"title": "Scores", "subtitle": "", "theme": "light", "unit": "score"}


def test_the_limit_is_where_the_colours_of_scores_end() -> None:
    assert limit_of(attention_heatmap(VALUES, ["a", "b"], **RULE)) == 4.0  # type: ignore[arg-type]
    allowed = np.tri(2, dtype=bool)
    assert limit_of(attention_heatmap(VALUES, ["a", "b"], allowed=allowed, **RULE)) == 4.0  # type: ignore[arg-type]


def test_shares_and_bars_have_no_limit_of_their_own() -> None:
    weights = attention_heatmap(abs(VALUES) / 4, ["a", "b"], weights=True, **RULE)  # type: ignore[arg-type]
    assert limit_of(weights) is None
    assert limit_of(next_token_bars(["a"], [1.0], theme="light", height=90)) is None


def test_held_colours_end_elsewhere_and_the_bar_says_so() -> None:
    drawn = attention_heatmap(VALUES, ["a", "b"], **RULE)  # type: ignore[arg-type]
    (trace,) = held(drawn, 3.0).data
    assert (trace.zmin, trace.zmax) == (-3.0, 3.0)
    assert trace.colorbar.title.text == "score · locked"
    assert list(trace.colorbar.ticktext) == ["≤ −3", "3"]  # −4 is beyond, 2 is not
    assert drawn.data[0].zmax == 4.0, "others are shown the same figure"


def test_values_above_zero_keep_their_end_at_zero() -> None:
    drawn = attention_heatmap(abs(VALUES), ["a", "b"], from_zero=True, **RULE)  # type: ignore[arg-type]
    (trace,) = held(drawn, 3.0).data
    assert (trace.zmin, trace.zmax) == (0.0, 3.0)
    assert list(trace.colorbar.ticktext) == ["0", "≥ 3"]


def test_what_reaches_the_limit_is_not_beyond_it() -> None:
    drawn = attention_heatmap(VALUES, ["a", "b"], **RULE)  # type: ignore[arg-type]
    (trace,) = held(drawn, 4.0).data
    assert list(trace.colorbar.ticktext) == ["−4", "4"]


def test_a_map_with_a_scale_of_its_own_keeps_it() -> None:
    """Its colours begin neither at 0 nor at −limit."""
    drawn = attention_heatmap(VALUES, ["a", "b"], **RULE)  # type: ignore[arg-type]
    drawn.data[0].update(zmin=-1.0, zmax=4.0)
    assert limit_of(drawn) is None
    (trace,) = held(drawn, 3.0).data
    assert (trace.zmin, trace.zmax) == (-1.0, 4.0)
