"""The matrix lab: worked examples to every digit, masks of unequal sides, the wrong axis, shapes, and its programs."""

import contextlib
import io
import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from viz_core.analysis import lab, snippets
from viz_core.analysis.lab import Experiment, Sizes, at_random, examples, mismatches, shares

D64 = [[16.1353, 15.5896, 15.6609], [14.6310, 13.3090, 13.0502], [17.6245, 15.7619, 17.3316]]
D64_SCALED = [[2.0169, 1.9487, 1.9576], [1.8289, 1.6636, 1.6313], [2.2031, 1.9702, 2.1664]]
D64_WHOLE = [[0.4542, 0.2632, 0.2826], [0.6791, 0.1811, 0.1398], [0.5259, 0.0817, 0.3924]]
D64_WEIGHTS = [[0.3476, 0.3247, 0.3276], [0.3748, 0.3177, 0.3076], [0.3628, 0.2874, 0.3498]]
WORDS = [[1.18, 1.86, 0.96], [1.35, 2.88, 1.39], [0.93, 2.06, 2.36]]
WORDS_WEIGHTS = [[0.2648, 0.5227, 0.2125], [0.1502, 0.6935, 0.1563], [0.1209, 0.3741, 0.5050]]
SIZES = Sizes(queries=3, keys=5, d_k=2, d_v=7, width=4)


def of(way: str, name: str, **changed) -> Experiment:
    example = examples(way)[name]
    return Experiment(example.matrices, **({"divisor": example.divisor, "causal": example.causal} | changed))


def tensor(rows) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def every() -> list[tuple[str, Experiment]]:
    """All examples and some random ones, each in every way it may be used."""
    found = []
    for way in lab.GIVEN:
        drawn = {"random": at_random(way, SIZES, 3), "tall": at_random(way, Sizes(5, 2, 3, 1, 2), 0)}
        for name, example in {**examples(way), **drawn}.items():
            found += [
                (
                    f"{way} {name} {divisor} causal={causal} wrong={wrong}",
                    Experiment(example.matrices, divisor, causal, wrong),
                )
                for divisor, causal, wrong in [
                    (example.divisor, example.causal, False),
                    (2.5, True, False),
                    (3.7, False, True),
                    (1.0, True, True),
                ]
            ]
    return found


EVERY = every()


# -- the worked examples ---------------------------------------------------------------------------------------


def test_three_words():
    stages = of("qkv", "words").stages
    assert stages.scores[0].round(decimals=2).tolist() == WORDS
    assert torch.allclose(stages.scores[0], tensor(WORDS), atol=1e-12)
    assert stages.weights[0].round(decimals=4).tolist() == WORDS_WEIGHTS


def test_sixty_four_components():
    stages = of("qkv", "d64").stages
    assert stages.scores[0].round(decimals=4).tolist() == D64
    assert stages.scaled_scores[0].round(decimals=4).tolist() == D64_SCALED
    assert stages.weights[0].round(decimals=4).tolist() == D64_WEIGHTS
    assert of("qkv", "d64", divisor=1.0).stages.weights[0].round(decimals=4).tolist() == D64_WHOLE


def test_taste():
    assert of("qkv", "taste").stages.scores[0, 0].tolist() == [47, 26]


def test_one_query_three_keys():
    experiment = of("qkv", "one")
    scores = experiment.stages.scores[0]
    assert (scores.shape, float(scores.max()), float(scores.min())) == ((1, 3), 10, -1)
    assert round(experiment.divided_by, 7) == 1.7320508
    assert torch.allclose(experiment.stages.scaled_scores[0], scores / math.sqrt(3))


def test_equal_scores_share_evenly_among_what_a_row_sees():
    experiment = of("qkv", "causal")
    assert not experiment.stages.scores.any()
    for i, row in enumerate(experiment.stages.weights[0].tolist()):
        assert row == pytest.approx([1 / (i + 1)] * (i + 1) + [0] * (4 - i))


# -- the experiment --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "name"), [(way, name) for way in lab.GIVEN for name in examples(way)])
def test_an_experiment_is_the_example_until_something_is_changed(way: str, name: str):
    example, same = examples(way)[name], of(way, name)
    assert lab.is_of(same, example)
    assert not lab.is_of(of(way, name, divisor=3.3), example)
    assert not lab.is_of(of(way, name, causal=not example.causal), example)
    assert not lab.is_of(of(way, name, wrong_axis=True), example)
    first = lab.GIVEN[way][0]
    assert not lab.is_of(Experiment({**same.matrices, first: same.matrices[first] + 1}, example.divisor), example)


def test_queries_keys_and_values_come_from_x():
    experiment = of("xw", "whole")
    x, w = experiment.matrices["X"], experiment.matrices["W_K"]
    assert experiment.record.key[0].tolist() == [
        [sum(float(x[i, r] * w[r, c]) for r in range(4)) for c in range(2)] for i in range(3)
    ]
    assert experiment.stages.context.shape == (1, 3, 3)
    assert experiment.divided_by == math.sqrt(2)


def test_identity_matrices_leave_x_as_it_is():
    experiment = of("xw", "unit")
    for vectors in (experiment.record.query, experiment.record.key, experiment.record.value):
        assert torch.equal(vectors[0], experiment.matrices["X"])


@pytest.mark.parametrize(("n", "m"), [(2, 5), (5, 2), (3, 3)])
def test_the_causal_mask_counts_from_the_first_key_as_pytorch_does(n: int, m: int):
    experiment = Experiment(at_random("qkv", Sizes(n, m, 3, 2, 0), 1).matrices, causal=True)
    expected = [[j <= i for j in range(m)] for i in range(n)]
    assert experiment.record.allowed.tolist() == expected
    query, key, value = (experiment.matrices[name][None] for name in "QKV")
    own = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    assert torch.allclose(own, experiment.stages.context, atol=1e-12)


def test_over_the_wrong_axis_columns_sum_to_1_and_rows_do_not():
    experiment = of("qkv", "words", wrong_axis=True)
    weights = experiment.stages.weights[0]
    assert torch.allclose(weights, torch.softmax(tensor(WORDS), dim=0), atol=1e-9)
    assert torch.allclose(weights.sum(0), torch.ones(3, dtype=torch.float64))
    assert float((weights.sum(1) - 1).abs().max()) > 0.1
    assert torch.allclose(experiment.stages.context[0], weights @ experiment.matrices["V"])


def test_a_column_that_nobody_may_look_at_is_0_over_the_wrong_axis():
    experiment = Experiment(at_random("qkv", Sizes(2, 4, 3, 2, 0), 1).matrices, causal=True, wrong_axis=True)
    assert experiment.unseen == [2, 3]
    assert not experiment.stages.weights[0, :, 2:].any()
    assert experiment.stages.context.isfinite().all()


@pytest.mark.parametrize(("name", "experiment"), EVERY, ids=[name for name, _experiment in EVERY])
def test_a_weight_is_its_exponentials_share(name: str, experiment: Experiment):
    weights = experiment.stages.weights[0]
    for i, j in ((0, 0), (weights.shape[0] - 1, weights.shape[1] - 1)):
        found = shares(experiment, i, j)
        own = found.exponentials[i if experiment.wrong_axis else j]
        assert float(own) / (found.total or 1) == pytest.approx(float(weights[i, j]), abs=1e-12)


def test_large_scores_lose_their_largest_first():
    assert shares(of("qkv", "words"), 0, 0).largest == 0
    far = Experiment({"Q": tensor([[1e6]]), "K": tensor([[1e6], [-1e6]]), "V": tensor([[1.0], [2]])})
    assert shares(far, 0, 0).largest == 1e12
    assert far.stages.weights[0].tolist() == [[1, 0]]


def test_what_is_drawn_depends_on_its_seed_alone():
    once, again, other = (at_random("xw", SIZES, seed).matrices for seed in (3, 3, 4))
    assert [tuple(matrix.shape) for matrix in once.values()] == [(3, 4), (4, 2), (4, 2), (4, 7)]
    assert all(torch.equal(once[name], again[name]) for name in once)
    assert not any(torch.equal(once[name], other[name]) for name in once)
    assert torch.equal(once["X"], once["X"].round(decimals=2))


def test_components_of_what_is_drawn_have_a_variance_of_about_1():
    sizes = Sizes(16, 16, 16, 16, 16)
    drawn = [Experiment(at_random("xw", sizes, seed).matrices).record.query for seed in range(20)]
    assert float(torch.stack(drawn).var()) == pytest.approx(1, abs=0.1)


# -- shapes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "name"), [(way, name) for way in lab.GIVEN for name in examples(way)])
def test_the_examples_fit(way: str, name: str):
    assert set(examples(way)[name].matrices) == set(lab.GIVEN[way])
    assert not mismatches(examples(way)[name].matrices)


def ones(**shapes: tuple[int, int]) -> dict[str, torch.Tensor]:
    return {name: torch.ones(shape, dtype=torch.float64) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("shapes", "pair", "says"),
    [
        (
            {"Q": (3, 4), "K": (3, 5), "V": (3, 2)},
            ("Q", "K"),
            ["Q is 3 × 4 and K is 3 × 5", "Give K 4 columns, or Q 5"],
        ),
        ({"Q": (3, 4), "K": (2, 4), "V": (3, 2)}, ("K", "V"), ["K is 2 × 4 and V is 3 × 2", "Give V 2 rows, or K 3"]),
        (
            {"X": (3, 4), "W_Q": (3, 2), "W_K": (4, 2), "W_V": (4, 2)},
            ("X", "W_Q"),
            ["X is 3 × 4 and W_Q is 3 × 2", "Give W_Q 4 rows, or X 3 columns"],
        ),
        (
            {"X": (3, 4), "W_Q": (4, 2), "W_K": (4, 3), "W_V": (4, 2)},
            ("W_Q", "W_K"),
            ["W_Q is 4 × 2 and W_K is 4 × 3", "Give W_K 2 columns, or W_Q 3"],
        ),
    ],
)
def test_what_does_not_multiply_is_named_with_a_way_out(shapes, pair, says):
    (found,) = mismatches(ones(**shapes))
    assert (found.first, found.second) == pair
    for words in says:
        assert words in found.says


def test_all_that_does_not_multiply_is_named():
    found = mismatches(ones(X=(3, 4), W_Q=(3, 2), W_K=(5, 3), W_V=(1, 1)))
    assert [(one.first, one.second) for one in found] == [("X", "W_Q"), ("X", "W_K"), ("X", "W_V"), ("W_Q", "W_K")]


# -- programs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", [snippets.pytorch, snippets.numpy])
@pytest.mark.parametrize(("name", "experiment"), EVERY, ids=[name for name, _experiment in EVERY])
def test_a_program_gives_the_pages_numbers(name: str, experiment: Experiment, library):
    program, made, printed = library(experiment), {}, io.StringIO()
    with contextlib.redirect_stdout(printed), np.printoptions():
        exec(compile(program, name, "exec"), made)  # noqa: S102  our own program
    torch.set_printoptions(profile="default")
    for stage, expected in zip(snippets.STAGES, experiment.stages, strict=True):
        actual = torch.as_tensor(made[stage])
        assert actual.dtype == torch.float64
        assert torch.allclose(actual, expected[0], rtol=1e-12, atol=1e-12), stage
        assert stage in printed.getvalue()


def test_a_program_runs_by_itself_and_prints_the_examples_digits():
    program = snippets.pytorch(of("qkv", "words"))
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    for row in WORDS_WEIGHTS:
        assert ", ".join(f"{weight:.4f}" for weight in row) in ran.stdout
    assert "differs by at most" in ran.stdout
    assert float(ran.stdout.split()[-1]) < 1e-12
