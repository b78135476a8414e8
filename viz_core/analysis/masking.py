"""What a mask does: how much of the map is left, how far a row hears through layers, the three ways to "zero" cells of
which two are wrong, and dropout of weights."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.attention import AttentionRecord
from viz_core.edits import Edits

FINITE = -1e9  # what many programs write in place of −∞
MOST_DRAWS = 20_000_000  # random numbers for a mean over seeds


class Coverage(NamedTuple):
    """What a mask leaves of a map.

    cells     that may be looked at
    of        cells in all
    triangle  cells of the causal triangle, those on and below the diagonal
    ahead     allowed cells above it: a row that looks at a later token
    empty     rows that may look nowhere
    single    rows that may look at one token alone, so that it gets all of their weight
    """

    cells: int
    of: int
    triangle: int
    ahead: int
    empty: tuple[int, ...]
    single: tuple[int, ...]


def coverage(allowed: Tensor) -> Coverage:
    """allowed  bool [n, n]"""
    n = len(allowed)
    keys = allowed.sum(-1)
    rows = [tuple((keys == count).nonzero().flatten().tolist()) for count in (0, 1)]
    cells, ahead = int(keys.sum()), int(allowed.triu(1).sum())
    return Coverage(cells, n * n, n * (n + 1) // 2, ahead, rows[0], rows[1])


def reach(layers: Sequence[Tensor]) -> Tensor:
    """bool [n, n]: the tokens (columns) that a row's vector can depend on after all layers, each with its `allowed`
    [n, n] or [head, n, n]. A row always keeps its own vector, which the residual stream carries on.

    Source: Jiang et al. 2023, "Mistral 7B", section 2: k layers of windows of w reach k·(w−1) tokens back.
    """
    n = layers[0].shape[-1]
    own = torch.eye(n, dtype=torch.bool)
    heard = own
    for allowed in layers:
        seen = own | (allowed.any(0) if allowed.dim() == 3 else allowed)
        heard = (seen.float() @ heard.float()) > 0
    return heard


class ThreeWays(NamedTuple):
    """Weights [query, key] of one head when cells are taken out in three ways; two are mistakes.

    infinite   −∞ in place of the score, before the softmax: the right one
    after      0 in place of the weight, after the softmax: rows no longer sum to 1
    zeroed     0 in place of the score, before the softmax: e⁰ = 1 is left, and gets weight
    """

    infinite: Tensor
    after: Tensor
    zeroed: Tensor


def three_ways(record: AttentionRecord, allowed: Tensor) -> ThreeWays:
    """record  of one head; allowed  bool [query, key].

    Raises ValueError on a record of several heads.
    """
    if record.n_head != 1:
        raise ValueError(f"the record has {record.n_head} heads; expected one")
    whole = replace(record, allowed=torch.ones_like(allowed))
    return ThreeWays(
        replace(record, allowed=allowed).weights[0],
        torch.where(allowed, whole.weights[0], 0.0),
        torch.softmax(torch.where(allowed, whole.masked_scores[0], 0.0), dim=-1),
    )


def finite_mask(record: AttentionRecord, allowed: Tensor) -> Tensor:
    """Weights [query, key] of one head with FINITE in place of −∞: the same, except that a row without any allowed key
    gives every one 1/n, where −∞ gives 0/0."""
    whole = replace(record, allowed=torch.ones_like(allowed))
    return torch.softmax(torch.where(allowed, whole.masked_scores[0], FINITE), dim=-1)


def on_allowed(weights: Tensor, allowed: Tensor) -> Tensor:
    """[query]: how much of each row of weights [query, key] lies on cells that may be looked at."""
    return torch.where(allowed, weights, 0.0).sum(-1)


class Dropped(NamedTuple):
    """Dropout on one head's weights.

    kept  [query, key] of 0 and 1/(1−rate)
    sums  [query], of one seed: what each row of weights sums to then
    mean  [query], of the same over `seeds` seeds
    """

    kept: Tensor
    sums: Tensor
    mean: Tensor
    seeds: int


def dropped(record: AttentionRecord, layer: int, head: int, edits: Edits, seeds: int = 400) -> Dropped:
    """record  of the whole layer, without dropout; `edits` says rate and seed, and its `at` names the head.

    Fewer seeds are averaged where the text is long (MOST_DRAWS). Source: Srivastava et al. 2014; where it strikes:
    Vaswani et al. 2017, section 5.4, and every GPT since.
    """
    weights = record.head(head).weights[0]
    seeds = max(10, min(seeds, MOST_DRAWS // (record.n_head * weights.numel())))

    def kept_by(seed: int) -> Tensor:
        kept = replace(edits, seed=seed).of_record(record, layer).kept
        return torch.ones_like(weights) if kept is None else kept[head].clone()  # not a view of the whole layer's

    kept = kept_by(edits.seed)
    mean = torch.stack([(weights * kept_by(seed)).sum(-1) for seed in range(seeds)]).mean(0)
    return Dropped(kept, (weights * kept).sum(-1), mean, seeds)
