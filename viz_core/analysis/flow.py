"""Attention flow: how much the layers can carry from an input token to a row, were each weight the width of a pipe.

The graph has a node for every token before the first layer and after each one. A row after a layer is joined to the
columns before it, with the capacity Â_row,column of `viz_core.analysis.rollout`. A token's flow is the maximum flow
between the row and that token; each token's is found by itself, so that flows of one row do not sum to 1. Abnar &
Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3.

Found exactly, for all tokens at once, by pushing from the row towards the token along shortest ways (Goldberg & Tarjan
1988, "A New Approach to the Maximum-Flow Problem"): what has left the row and can reach the token no more stays where
it is, since only what arrives is asked for.
"""

from collections.abc import Callable

import torch
from torch import Tensor

NOTHING = 1e-12  # what is left of a capacity by rounding


def flows(capacities: Tensor, row: int, progress: Callable[[int, int], None] | None = None) -> Tensor:
    """[key]: the maximum flow from `row` after the last layer to each token before the first; 0 to 1.

    capacities  [layer, query, key], e.g. `with_residual` of each layer from the first on
    progress    called with (tokens done, tokens) as it goes
    """
    n = capacities.shape[-1]
    targets = torch.arange(n)
    free = capacities.double().expand(n, *capacities.shape).clone()  # [target, layer, query, key]: room downwards
    back = torch.zeros_like(free)  # and upwards: what has flowed down can be taken back
    waiting = torch.zeros(n, len(capacities) + 1, n, dtype=torch.float64)  # at each node, [target, level, token]
    waiting[:, -2] = capacities[-1, row].double()  # the row's own pipes are filled: nothing enters by another way
    while True:
        distance = _distances(free, back, targets)
        stuck = (waiting <= NOTHING) | distance.isinf()
        stuck[targets, 0, targets] = True
        if progress is not None:
            progress(int(stuck.all(-1).all(-1).sum()), n)
        if stuck.all():
            return waiting[targets, 0, targets]
        for layer in range(len(capacities) - 1, -1, -1):
            _push(free[:, layer], back[:, layer], waiting, distance, (layer + 1, layer))
        for layer in range(len(capacities)):
            _push(back[:, layer].mT, free[:, layer].mT, waiting, distance, (layer, layer + 1))


def _distances(free: Tensor, back: Tensor, targets: Tensor) -> Tensor:
    """[target, level, token]: steps to the target through pipes with room, or ∞."""
    n, layers = free.shape[0], free.shape[1]
    distance = torch.full((n, layers + 1, n), torch.inf, dtype=torch.float64)
    distance[targets, 0, targets] = 0
    down = torch.where(free > NOTHING, 1.0, torch.inf)
    up = torch.where(back > NOTHING, 1.0, torch.inf)
    while True:
        before = distance.clone()
        for layer in range(layers):
            above = (down[:, layer] + distance[:, layer, None, :]).amin(-1)
            distance[:, layer + 1] = torch.minimum(distance[:, layer + 1], above)
        for layer in range(layers - 1, -1, -1):
            below = (up[:, layer] + distance[:, layer + 1, :, None]).amin(-2)
            distance[:, layer] = torch.minimum(distance[:, layer], below)
        if torch.equal(before, distance):
            return distance


def _push(room: Tensor, back: Tensor, waiting: Tensor, distance: Tensor, levels: tuple[int, int]) -> None:
    """Every node of one level passes on what waits there to those of another that are a step nearer.

    room, back  [target, from, to]: of the pipes in this direction, and in the other
    """
    start, end = levels
    from_here = distance[:, start, :, None]
    nearer = (from_here == distance[:, end, None, :] + 1) & from_here.isfinite()
    fits = torch.where(nearer & (room > NOTHING), room, 0.0)
    filled_before = fits.cumsum(-1) - fits
    pushed = (waiting[:, start, :, None] - filled_before).clamp(min=0).minimum(fits)
    room -= pushed
    back += pushed
    waiting[:, start] -= pushed.sum(-1)
    waiting[:, end] += pushed.sum(-2)
