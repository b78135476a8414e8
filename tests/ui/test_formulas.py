"""Formulas say what the configuration computes."""

import pytest
import torch

from viz_core import masks
from viz_core.attention import AttentionRecord
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
    rule = formulas.rule_of(config, 2)
    assert rule.divisor == divisor
    assert rule.scaled == scaled
    assert rule.masked == scaled


def test_alibi_adds_a_bias() -> None:
    assert formulas.rule_of(TransformerConfig(**SHAPE, positions="alibi"), 0).masked.endswith("+ b_{ij}")


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


def seen(**causes: object) -> formulas.Rule:
    query, key = torch.randn(1, 3, 4), torch.randn(1, 3, 4)
    given = {"allowed": masks.causal(3), "scale": 0.5} | causes
    return formulas.rule_seen(AttentionRecord(query, key, key, **given))


def test_what_a_record_shows_of_a_model_that_runs_by_its_own_code() -> None:
    assert seen() == formulas.Rule(r"\sqrt{d_k}", None, bias=False, cells="causal")
    assert seen(scale=1.0).scaled == "S_{ij}"
    assert seen(scale=0.4).divisor == "2.5"
    assert seen(cap=50.0).masked == r"50\tanh(S_{ij} / \sqrt{d_k} / 50)"
    assert seen(bias=torch.zeros(1, 3, 3)).masked.endswith("+ b_{ij}")
    assert "cases" not in seen(allowed=masks.full(3, 3)).mask
    assert "allowed" in seen(allowed=torch.eye(3, dtype=torch.bool)).mask
