"""Temperature, top-k and top-p: against transformers, and by hand at their limits."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

import viz_core
from viz_core.analysis.sampling import sampling_of

HALVES = torch.tensor([0.5, 0.25, 0.125, 0.0625, 0.0625]).log()


def warped(logits: Tensor, temperature: float, top_k: int, top_p: float) -> Tensor:
    """What transformers draws from."""
    scores = TemperatureLogitsWarper(temperature)(None, logits[None])
    scores = TopKLogitsWarper(top_k)(None, scores) if top_k else scores
    scores = TopPLogitsWarper(top_p)(None, scores) if top_p < 1 else scores
    return torch.softmax(scores, dim=-1)[0]


@pytest.mark.parametrize("temperature", [0.1, 0.7, 1.0, 1.5, 10.0])
@pytest.mark.parametrize("top_k", [0, 1, 3, 40, 1000])
@pytest.mark.parametrize("top_p", [0.0, 0.1, 0.5, 0.9, 0.99, 1.0])
def test_as_transformers_does(temperature: float, top_k: int, top_p: float):
    logits = torch.randn(211, dtype=torch.float64) * 3
    found = sampling_of(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    assert_close(found.probabilities, warped(logits, temperature, top_k, top_p))


def test_nothing_set_is_the_softmax():
    logits = torch.randn(50)
    found = sampling_of(logits)
    assert_close(found.probabilities, torch.softmax(logits.double(), -1))
    assert found.in_top_k.all()
    assert found.in_top_p.all()


def test_temperature_0_is_the_limit_of_small_ones():
    logits = torch.tensor([1.0, 3.0, 2.999, -4.0])
    expected = torch.tensor([0.0, 1, 0, 0], dtype=torch.float64)
    assert torch.equal(sampling_of(logits, temperature=0.0).probabilities, expected)
    assert_close(sampling_of(logits, temperature=1e-6).probabilities, expected)
    tied = sampling_of(torch.tensor([2.0, 5.0, 5.0]), temperature=0.0).probabilities
    assert torch.equal(tied, torch.tensor([0.0, 0.5, 0.5], dtype=torch.float64))


def test_a_high_temperature_makes_all_alike():
    found = sampling_of(torch.tensor([9.0, 0.0, -9.0]), temperature=1e9)
    assert_close(found.probabilities, torch.full((3,), 1 / 3, dtype=torch.float64))


def test_temperature_by_hand():
    """At T = 2 the halves 1/2, 1/4, 1/8, 1/16 and 1/16 become their square roots, shared out."""
    roots = torch.tensor([0.5, 0.25, 0.125, 0.0625, 0.0625], dtype=torch.float64).sqrt()
    assert_close(sampling_of(HALVES, temperature=2.0).probabilities, roots / roots.sum(), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("top_p", "kept"), [(0.0, 1), (0.3, 1), (0.49, 1), (0.51, 2), (0.74, 2), (0.76, 3), (0.9, 4), (0.95, 5), (1.0, 5)]
)
def test_top_p_keeps_the_fewest_that_hold_it(top_p: float, kept: int):
    found = sampling_of(HALVES, top_p=top_p)
    assert found.in_top_p.tolist() == [index < kept for index in range(5)]
    left = HALVES.double().exp()[:kept]
    assert_close(found.probabilities[:kept], left / left.sum(), atol=1e-6, rtol=0)


def test_top_k_keeps_k_and_those_that_tie_with_the_last():
    assert sampling_of(HALVES, top_k=1).probabilities.tolist() == [1, 0, 0, 0, 0]
    assert sampling_of(HALVES, top_k=3).in_top_k.tolist() == [True, True, True, False, False]
    assert sampling_of(HALVES, top_k=4).in_top_k.all(), "the fourth and the fifth are alike"
    assert sampling_of(HALVES, top_k=99).in_top_k.all()


def test_top_p_counts_what_top_k_left():
    """Of 1/2 and 1/4 alone the first holds 2/3: enough for 0.6, though it held 1/2 of all."""
    assert sampling_of(HALVES, top_k=2, top_p=0.6).in_top_p.tolist() == [True, False, False, False, False]


@pytest.mark.parametrize(
    "setting",
    [
        {"temperature": -0.1},
        {"temperature": math.inf},
        {"temperature": math.nan},
        {"top_k": -1},
        {"top_p": 1.1},
        {"top_p": -0.1},
        {"top_p": math.nan},
    ],
    ids=str,
)
def test_what_is_out_of_range_is_named(setting: dict):
    with pytest.raises(ValueError, match=f"{next(iter(setting))} is "):
        sampling_of(HALVES, **setting)


def test_draws_follow_the_probabilities_and_the_seed():
    found = sampling_of(HALVES, top_k=3)
    drawn = torch.tensor([found.draw(seed) for seed in range(4_000)])
    assert found.draw(7) == found.draw(7)
    assert_close(drawn.bincount(minlength=5) / 4_000, found.probabilities.float(), atol=0.03, rtol=0)
    assert not (drawn > 2).any()


def test_older_rows_stay_as_they_are():
    model = viz_core.load("tiny-gpt")
    ids = model.token_ids("The little dog chased the red ball")
    before, after = model.record(ids[:-1]), model.record(ids)
    for shorter, longer in zip(before.blocks, after.blocks, strict=True):
        assert_close(longer.attention.weights[:, :-1, :-1], shorter.attention.weights, atol=1e-6, rtol=0)


def test_an_encoders_older_rows_do_not():
    model = viz_core.load("tiny-bert")
    ids = model.token_ids("The little dog chased the red ball")
    before, after = (model.record(part).blocks[1].attention.weights for part in (ids[:-1], ids))
    assert (after[:, :-1, :-1] - before).abs().max() > 0.01


def test_after_another_text_a_number_brings_other_luck() -> None:
    """Else the token that a number favours would come again and again while a text grows."""
    found = sampling_of(torch.zeros(1000))
    drawn = [found.draw(2, "a" * length) for length in range(20)]
    assert len(set(drawn)) > 15
    assert found.draw(2, "aa") == found.draw(2, "aa") != found.draw(3, "aa")
