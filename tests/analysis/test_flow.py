"""Maximum flow through the layers: by hand, against networkx, and never less than rollout."""

import networkx as nx
import pytest
import torch
from networkx.algorithms.flow import preflow_push
from torch import Tensor
from torch.testing import assert_close

from viz_core.analysis.flow import flows
from viz_core.analysis.rollout import mean_weights, rollout, with_residual
from viz_core.recording import Recording


def by_networkx(capacities: Tensor, row: int) -> Tensor:
    """Each token's flow on its own, by another algorithm."""
    graph, (layers, n, _n) = nx.DiGraph(), capacities.shape
    graph.add_node((layers, row))
    for layer, start, end in capacities.nonzero().tolist():
        graph.add_edge((layer + 1, start), (layer, end), capacity=float(capacities[layer, start, end]))
    found = [
        nx.maximum_flow_value(graph, (layers, row), (0, token), flow_func=preflow_push)
        if graph.has_node((0, token))
        else 0.0
        for token in range(n)
    ]
    return torch.tensor(found, dtype=torch.float64)


def test_two_layers_of_two_tokens_by_hand():
    """From row 1 lead pipes of ⅛ to token 0 and ⅞ to itself, and below them 1, ¼ and ¾. To token 0: ⅛ straight, and of
    the ⅞ no more than ¼. To token 1: ¾ of the ⅞."""
    capacities = torch.tensor([[[1.0, 0.0], [0.25, 0.75]], [[1.0, 0.0], [0.125, 0.875]]])
    assert flows(capacities, 1).tolist() == [0.375, 0.75]
    assert flows(capacities, 0).tolist() == [1.0, 0.0]
    assert flows(capacities[:1], 1).tolist() == [0.25, 0.75], "one layer: the pipe itself"


def test_what_went_the_wrong_way_is_taken_back():
    """Both ways down from the row may use node 0 of the middle; only one of them has another way: the first to come
    must give way. Token 0 gets all."""
    capacities = torch.zeros(3, 3, 3)
    capacities[2, 0, 0], capacities[2, 0, 1] = 0.5, 0.5
    capacities[1, 0, 0], capacities[1, 0, 1], capacities[1, 1, 0] = 0.5, 0.5, 0.5
    capacities[0, 0, 0], capacities[0, 1, 0] = 0.5, 0.5
    assert float(flows(capacities, 0)[0]) == 1.0


@pytest.mark.parametrize(("layers", "n", "causal"), [(1, 3, True), (3, 6, True), (4, 5, False), (2, 7, False)])
@pytest.mark.parametrize("seed", range(4))
def test_flow_is_that_of_networkx(layers: int, n: int, causal: bool, seed: int):
    scores = 3 * torch.randn(layers, n, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    if causal:
        scores = scores.masked_fill(torch.ones(n, n).triu(1).bool(), -torch.inf)
    capacities = with_residual(scores.softmax(-1))
    for row in (0, n - 1):
        assert_close(flows(capacities, row), by_networkx(capacities, row), atol=1e-9, rtol=0)


def test_pipes_of_any_width_are_networkxs():
    """Where rows do not sum to 1, and many pipes are missing."""
    generator = torch.Generator().manual_seed(7)
    for _draw in range(20):
        capacities = torch.rand(4, 5, 5, generator=generator, dtype=torch.float64)
        capacities *= torch.rand(4, 5, 5, generator=generator) < 0.5
        assert_close(flows(capacities, 2), by_networkx(capacities, 2), atol=1e-9, rtol=0)


def test_flow_is_never_less_than_rollout(recording: Recording):
    """What rollout follows is one way to fill the pipes; so the flows of a row add up to 1 or more."""
    layers = [mean_weights(block.attention) for block in recording.blocks]
    row = len(recording.token_ids) - 1
    flow, rolled = flows(with_residual(torch.stack(layers)), row), rollout(layers)[row]
    assert (flow >= rolled - 1e-9).all()
    assert float(flow.sum()) > 1
    single = flows(with_residual(torch.stack(layers[:1])), row)
    assert_close(single, rollout(layers[:1])[row], atol=1e-9, rtol=0)


def test_later_tokens_change_nothing(recording: Recording):
    """As the page leaves them out of a decoder's graph."""
    layers = with_residual(torch.stack([mean_weights(block.attention) for block in recording.blocks]))
    assert_close(flows(layers, 4)[:5], flows(layers[:, :5, :5], 4), atol=1e-9, rtol=0)
    assert flows(layers, 4)[5:].tolist() == [0.0] * (len(recording.token_ids) - 5)


def test_progress_ends_with_all_tokens(recording: Recording):
    told: list[tuple[int, int]] = []
    layers = with_residual(torch.stack([mean_weights(block.attention) for block in recording.blocks]))
    flows(layers, 10, lambda done, total: told.append((done, total)))
    assert told[-1] == (11, 11)
    assert [done for done, _total in told] == sorted(done for done, _total in told)
