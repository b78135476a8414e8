"""What tells a model where a token stands, in numbers: waves, turns, distances, and what the order of words changes.

Sources: Vaswani et al. 2017, section 3.5 (waves); Su et al. 2021, sections 3.2 and 3.4 (turns); Press et al. 2022,
section 3 (a bias that falls with the distance).
"""

import copy
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from viz_core import positions
from viz_core.edits import Edits
from viz_core.recording import Recording
from viz_core.transformer import Transformer


@dataclass(frozen=True)
class Cell:
    """One number of the sinusoidal matrix, worked out.

    pair        i of 2i or 2i + 1
    divisor     10000^(2i/d)
    wavelength  positions from one crest to the next: 2π times the divisor
    angle       position / divisor, radians
    value       its sine for an even component, its cosine for an odd one
    """

    position: int
    component: int
    pair: int
    divisor: float
    wavelength: float
    angle: float
    value: float


def cell(position: int, component: int, d_model: int) -> Cell:
    pair = component // 2
    divisor = 10000.0 ** (2 * pair / d_model)
    angle = position / divisor
    value = math.cos(angle) if component % 2 else math.sin(angle)
    return Cell(position, component, pair, divisor, 2 * math.pi * divisor, angle, value)


def similarity(vectors: Tensor, *, cosine: bool) -> Tensor:
    """[n, n] from [n, d]: dot products of every two rows, or the cosines of the angles between them; a vector of
    length 0 has cosine 0 with all."""
    vectors = vectors.double()
    rows = F.normalize(vectors, dim=-1) if cosine else vectors
    return (rows @ rows.T).float()


class Distances(NamedTuple):
    """Of each distance 0, 1, …, n − 1, [n]: the mean, the least and the most."""

    mean: Tensor
    least: Tensor
    most: Tensor


def by_distance(values: Tensor) -> Distances:
    """values [..., query, key], square: cells whose key stands that far before the query, over all leading axes."""
    cells = [values.diagonal(-distance, -2, -1) for distance in range(values.shape[-1])]
    return Distances(*(torch.stack([of(each) for each in cells]) for of in (torch.mean, torch.amin, torch.amax)))


def tokens_back(weights: Tensor) -> float:
    """How far back a row looks, in tokens, mean over all rows; weights [..., query, key], square."""
    place = torch.arange(weights.shape[-1])
    return float((weights * (place[:, None] - place)).sum(-1).mean())


# -- rotary --------------------------------------------------------------------------------------------------


def turned(vector: Tensor, position: float, base: float) -> Tensor:
    """[d_head], turned as at that position; float64."""
    angles = position * positions.rotary_frequencies(vector.shape[-1], base)
    return positions.rotate(vector.double(), angles)


def scores_at(query: Tensor, key: Tensor, n: int, base: float) -> Tensor:
    """[n, n], float64: the score of this q [d_head] put at every position (row) with this k put at every position
    (column), both not yet turned."""
    places = torch.arange(n, dtype=torch.float64)[:, None]
    angles = places * positions.rotary_frequencies(query.shape[-1], base)
    return positions.rotate(query.double(), angles) @ positions.rotate(key.double(), angles).T


def spread(scores: Tensor) -> float:
    """How far scores [n, n] of one distance lie apart, at most."""
    found = by_distance(scores)
    return float((found.most - found.least).max())


# -- the order of words --------------------------------------------------------------------------------------


def places_in(first: Sequence[int], second: Sequence[int]) -> list[int] | None:
    """Where each token of `first` stands in `second`; None when they are not the same tokens.

    Equal tokens are matched in the order in which they come. Where nothing tells positions apart their vectors are
    equal, and any other match is as good.
    """
    if Counter(first) != Counter(second):
        return None
    left: dict[int, list[int]] = {}
    for place, token in enumerate(second):
        left.setdefault(token, []).append(place)
    return [left[token].pop(0) for token in first]


def reordered(cells: Tensor, places: Sequence[int]) -> Tensor:
    """cells [..., query, key] of the second text, rows and columns in the order of the first."""
    order = torch.tensor(places)
    return cells[..., order, :][..., order]


def in_double(transformer: Transformer) -> Transformer:
    """A copy that computes in float64: what is left of a difference is then no rounding of float32."""
    return copy.deepcopy(transformer).double()


@torch.inference_mode()
def order_difference(transformer: Transformer, first: Sequence[int], second: Sequence[int], edits: Edits) -> Tensor:
    """[layer, head]: max |Δ| between the weights of both orders of the same tokens, the second put into the order of
    the first.

    Raises ValueError when they are not the same tokens.
    """
    places = places_in(first, second)
    if places is None:
        raise ValueError("first and second are not the same tokens in another order")
    recordings = [transformer(torch.tensor(ids), last_only=True, edits=edits) for ids in (first, second)]
    return torch.stack(
        [
            (one.attention.weights - reordered(other.attention.weights, places)).abs().amax((-2, -1))
            for one, other in zip(*(recording.blocks for recording in recordings), strict=True)
        ]
    )


# -- five models ---------------------------------------------------------------------------------------------


def centred_scores(recording: Recording) -> Tensor:
    """[layer·head, query, key]: what enters the softmax (scaled, bias included), less the mean of its row over the
    keys that may be seen, for a softmax sees differences alone. −inf where not allowed."""
    masked = torch.cat([block.attention.masked_scores for block in recording.blocks])
    seen = masked.isfinite()
    means = torch.where(seen, masked, 0.0).sum(-1, keepdim=True) / seen.sum(-1, keepdim=True).clamp(min=1)
    return masked - means


def near_over_far(recording: Recording) -> float:
    """How much more a near key gets than a far one: the mean score (scaled, bias included) of the nearest quarter of a
    row's keys less that of the farthest quarter, mean over rows with at least four keys and all heads; NaN where no
    row has so many.

    Within a row scores differ as the logarithms of its weights do: e to that power is the ratio of weights (of their
    geometric means). Over rows of different lengths they could not be compared.
    """
    found = []
    for block in recording.blocks:
        masked = block.attention.masked_scores
        for row in range(3, masked.shape[-1]):
            quarter = (row + 1) // 4
            seen = masked[:, row, : row + 1]  # column 0 is the farthest
            found.append(seen[:, -quarter:].mean(-1) - seen[:, :quarter].mean(-1))
    return float(torch.stack(found).mean()) if found else float("nan")


def all_weights(recording: Recording) -> Tensor:
    """[layer·head, query, key]."""
    return torch.cat([block.attention.weights for block in recording.blocks])


def repeats(token_ids: Tensor, least: int = 3) -> tuple[int, int] | None:
    """The distance at which most tokens come again, and how many do; None where fewer than `least` do so at any."""
    if len(token_ids) < 2:
        return None
    same = token_ids[:, None] == token_ids
    counts = torch.stack([same.diagonal(-distance).sum() for distance in range(1, len(token_ids))])
    most = int(counts.argmax())
    return (most + 1, int(counts[most])) if counts[most] >= least else None


def surprise(recording: Recording) -> Tensor:
    """[n − 1]: −log p, in nats, that the model gave to each next token of the text; needs logits of every row."""
    logs = torch.log_softmax(recording.logits[:-1].double(), dim=-1)
    return -logs.gather(-1, recording.token_ids[1:, None])[:, 0]
