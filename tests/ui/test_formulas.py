"""Formulas say what the configuration computes."""

import pytest

from viz_core.config import TransformerConfig
from viz_core.ui import formulas

SHAPE = {"vocab_size": 7, "context": 5, "n_layer": 3, "n_head": 2, "d_model": 8}


@pytest.mark.parametrize(
    ("settings", "divisor", "scaled"),
    [
        ({}, r"\sqrt{d_k}", r"S_{ij} / \sqrt{d_k}"),
        ({"divide_by_layer": True}, r"\sqrt{d_k} \cdot 3", r"S_{ij} / (\sqrt{d_k} \cdot 3)"),
        ({"divide_by_sqrt_d_head": False}, "", "S_{ij}"),
        ({"divide_by_sqrt_d_head": False, "divide_by_layer": True}, "3", "S_{ij} / 3"),
    ],
)
def test_what_scores_are_divided_by(settings: dict, divisor: str, scaled: str) -> None:
    config = TransformerConfig(**SHAPE, **settings)
    assert formulas.divisor(config, 2) == divisor
    assert formulas.scaled_score(config, 2) == scaled
    assert formulas.masked_score(config, 2) == scaled


def test_alibi_adds_a_bias() -> None:
    assert formulas.masked_score(TransformerConfig(**SHAPE, positions="alibi"), 0).endswith("+ b_{ij}")


@pytest.mark.parametrize(
    ("settings", "layer", "expected"),
    [
        ({"positions": "learned"}, 0, r"\mathrm{Norm}(\text{token} + \text{position})"),
        ({"positions": "rotary"}, 0, r"\mathrm{Norm}(\text{token})"),
        ({"positions": "learned"}, 1, r"\mathrm{Norm}(\text{residual})"),
        ({"positions": "sinusoidal", "norm_place": "post"}, 0, r"\text{token} + \text{position}"),
    ],
)
def test_what_a_head_reads(settings: dict, layer: int, expected: str) -> None:
    assert formulas.attention_input(TransformerConfig(**SHAPE, **settings), layer) == expected


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0.0000"),
        (-7.49824, "-7.4982"),
        (0.0123456, "0.0123"),
        (0.00123456, "0.001235"),
        (6.677e-05, r"6.677\cdot 10^{-5}"),
    ],
)
def test_small_numbers_keep_their_digits(value: float, written: str) -> None:
    assert formulas.tex(value) == written
