"""Rollout: two layers of two tokens to every digit, all paths added up one by one, what cannot have come."""

from itertools import product

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from viz_core.analysis.rollout import first_if_even, mean_weights, reach, rollout, somewhere, with_residual
from viz_core.attention import AttentionRecord
from viz_core.recording import Recording

FIRST = torch.tensor([[1.0, 0.0], [0.5, 0.5]], dtype=torch.float64)
SECOND = torch.tensor([[1.0, 0.0], [0.25, 0.75]], dtype=torch.float64)


def test_two_layers_of_two_tokens_by_hand():
    """Â₀ = [[1, 0], [¼, ¾]] and Â₁ = [[1, 0], [⅛, ⅞]]: row 1 has ⅛ + ⅞·¼ = 11/32 of token 0, ⅞·¾ = 21/32 of itself."""
    assert with_residual(FIRST).tolist() == [[1.0, 0.0], [0.25, 0.75]]
    assert with_residual(SECOND).tolist() == [[1.0, 0.0], [0.125, 0.875]]
    assert rollout([FIRST]).tolist() == [[1.0, 0.0], [0.25, 0.75]]
    assert rollout([FIRST, SECOND]).tolist() == [[1.0, 0.0], [11 / 32, 21 / 32]]
    assert rollout([SECOND, FIRST]).tolist() == [[1.0, 0.0], [0.25 + 0.75 / 8, 0.75 * 7 / 8]], "the order matters"


def test_rollout_adds_up_all_paths(recording: Recording):
    layers = [mean_weights(block.attention) for block in recording.blocks]
    n, row, token = len(recording.token_ids), 5, 2
    total = 0.0
    for first, second in product(range(n), repeat=2):  # where the path is after layers 0 and 1
        steps = [(2, row, second), (1, second, first), (0, first, token)]
        share = 1.0
        for layer, start, end in steps:
            share *= 0.5 * float(layers[layer][start, end]) + 0.5 * (start == end)
        total += share
    rolled = rollout(layers)
    assert float(rolled[row, token]) == pytest.approx(total, abs=1e-6)
    assert_close(rolled.sum(-1), torch.ones(n, dtype=torch.float64), atol=1e-6, rtol=0)


def test_a_layers_weights_are_the_mean_of_its_heads(recording: Recording):
    record = recording.blocks[1].attention
    assert_close(mean_weights(record), record.weights.double().mean(0), atol=1e-7, rtol=0)


def test_the_first_token_of_even_heads_is_that_of_rollout():
    """Causal, then a window of 2; row 2: ½ of itself and of even looks at 3, then at 2 tokens."""
    causal = torch.ones(3, 3, dtype=torch.bool).tril()
    layers = [causal, causal & torch.ones(3, 3, dtype=torch.bool).triu(-1)]
    even = [allowed.double() / allowed.sum(-1, keepdim=True) for allowed in layers]
    assert_close(first_if_even(layers), rollout(even)[:, 0])
    assert first_if_even(layers[:1]).tolist() == pytest.approx([1, 1 / 4, 1 / 6])
    nowhere = torch.zeros(2, 2, dtype=torch.bool)
    assert first_if_even([nowhere]).tolist() == [1.0, 0.0]


def test_a_row_that_may_look_nowhere_keeps_itself():
    weights = torch.tensor([[0.0, 0.0], [0.5, 0.5]])
    assert with_residual(weights).tolist() == [[1.0, 0.0], [0.25, 0.75]]


@pytest.mark.parametrize("width", [1, 2, 4])
def test_reach_is_where_rollout_is_above_0(width: int):
    """A window reaches further with every layer."""
    n = 6
    place = torch.arange(n)
    distance = place[:, None] - place[None, :]
    window = (distance >= 0) & (distance < width)
    record = AttentionRecord(*(torch.randn(2, n, 3) for _each in range(3)), window, 1.0)
    layers = [mean_weights(record)] * 3
    assert torch.equal(reach([window] * 3), rollout(layers) > 0)
    assert torch.equal(reach([window] * 3), (distance >= 0) & (distance <= 3 * (width - 1)))


def test_a_layer_looks_where_any_of_its_heads_may():
    cells: Tensor = torch.zeros(2, 3, 3, dtype=torch.bool)
    cells[0, 1, 0] = cells[1, 2, 2] = True
    assert somewhere(cells).nonzero().tolist() == [[1, 0], [2, 2]]
    assert somewhere(cells[0]).nonzero().tolist() == [[1, 0]]
