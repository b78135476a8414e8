"""Which heads look alike on one text, and all heads as points of a plane.

The distance of two heads is the mean over rows of the Jensen–Shannon distance of their weights, √JS with logarithms to
base 2: 0 where both rows are the same, 1 where they share no key (Lin 1991; that the root is a metric: Endres &
Schindelin 2003). Clark et al. 2019 ("What Does BERT Look At?", section 6) compare heads so, with JS itself, summed.
Their likeness is 1 − distance.

Two heads that look at the same tokens may still do different things: each takes its own values from there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viz_core.attention import AttentionRecord
from viz_core.recording import Recording

MOST_CELLS = 500_000_000  # pairs of heads × rows × keys, about a second; of more, some rows stand for all
FEWEST_ROWS = 16
AT_A_TIME = 150_000  # cells: they stay near the processor
LEAST = 1e-30  # below every weight that counts: 0·ln 0 is 0


@dataclass(frozen=True, eq=False)
class Likeness:
    """distances  [heads, heads], float64, in the order of `viz_core.analysis.finder.places`
    rows          those that were compared
    choosing      how many rows of the text may look at more than one key in some layer: the rows compared, or more
    """

    distances: NDArray[np.float64]
    rows: NDArray[np.int64]
    choosing: int

    def order(self, head: int) -> NDArray[np.int64]:
        """The other heads, the most alike first."""
        nearest = np.argsort(self.distances[head], kind="stable")
        return np.asarray(nearest[nearest != head])

    def pairs(self) -> NDArray[np.float64]:
        """The distance of every pair, each once."""
        return self.distances[np.triu_indices(len(self.distances), 1)]


class Flat(NamedTuple):
    """points  [heads, 2]
    kept       the share of all eigenvalues, by size, that the two axes have: 1 = the plane keeps every distance
    stress     √(Σ(d − d̂)² / Σd²) over pairs, d the true distances and d̂ those of the plane: 0 = it keeps every one
    """

    points: NDArray[np.float64]
    kept: float
    stress: float


def cells_compared(recording: Recording) -> int:
    """How many cells `likeness` works on, about."""
    heads, n = sum(block.attention.n_head for block in recording.blocks), len(recording.token_ids)
    return heads * (heads - 1) // 2 * n * len(rows_compared(recording))


def rows_compared(recording: Recording) -> NDArray[np.int64]:
    """All rows that may look at more than one key, or, where that is too much work, some of them evenly apart."""
    rows = _choosing(recording)
    heads, n = sum(block.attention.n_head for block in recording.blocks), len(recording.token_ids)
    most = max(FEWEST_ROWS, MOST_CELLS // max(1, heads * (heads - 1) // 2 * n))
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]


def _choosing(recording: Recording) -> NDArray[np.int64]:
    layers = [block.attention.allowed.sum(-1) > 1 for block in recording.blocks]
    choose = torch.stack([layer if layer.dim() == 1 else layer.any(0) for layer in layers]).any(0)
    return np.asarray(choose.nonzero()[:, 0].numpy())


@torch.inference_mode()
def likeness(recording: Recording, progress: Callable[[int, int], None] | None = None) -> Likeness:
    """Of every pair of heads. `progress` is called with (rows done, rows) before some rows."""
    rows = rows_compared(recording)
    heads, n = sum(block.attention.n_head for block in recording.blocks), len(recording.token_ids)
    sums = torch.zeros(heads, heads, dtype=torch.float64)
    step = max(1, AT_A_TIME // (4 * n))
    for first in range(0, len(rows), step):
        if progress is not None:
            progress(first, len(rows))
        some = torch.from_numpy(rows[first : first + step])
        weights = torch.cat([_weights_at(block.attention, some) for block in recording.blocks])
        seen = weights.amax((0, 1)).nonzero()
        _add_distances(sums, weights[..., : int(seen[-1]) + 1 if len(seen) else 1])
    return Likeness(((sums + sums.T) / max(1, len(rows))).numpy(), rows, len(_choosing(recording)))


def _weights_at(record: AttentionRecord, rows: Tensor) -> Tensor:
    """[head, some rows, key]"""
    return replace(
        record,
        query=record.query[..., rows, :],
        allowed=record.allowed[..., rows, :],
        bias=None if record.bias is None else record.bias[..., rows, :],
        kept=None,
    ).weights


def _add_distances(sums: Tensor, weights: Tensor) -> None:
    """To sums [heads, heads], above the diagonal, those of all pairs, over the rows of weights [heads, row, key]."""
    heads, rows, keys = weights.shape
    entropy = _entropy(weights)
    step = max(1, AT_A_TIME // (rows * keys))
    for one in range(heads - 1):
        for first in range(one + 1, heads, step):
            others = slice(first, first + step)
            between = _entropy((weights[one] + weights[others]) / 2)
            divergence = (between - (entropy[one] + entropy[others]) / 2) / log(2)
            sums[one, others] += divergence.clamp(0, 1).sqrt().sum(-1).double()


def _entropy(shares: Tensor) -> Tensor:
    """In nats, over the last axis; `torch.special.entr` takes three times as long."""
    return -(shares * shares.clamp(min=LEAST).log()).sum(-1)


def flat(distances: NDArray[np.float64]) -> Flat:
    """Points of a plane whose distances are as near to these as classical scaling gets (Torgerson 1952): the two
    largest axes of −½ J D² J, J = I − 1/n. How much they keep is counted as in Mardia, Kent & Bibby 1979, section 14.4.
    Which way an axis points is arbitrary: here the point furthest out along it has a positive coordinate.
    """
    n = len(distances)
    centred = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-0.5 * centred @ distances**2 @ centred)
    values, vectors = values[::-1], vectors[:, ::-1]
    lengths = np.sqrt(np.clip(values[:2], 0, None))
    points = np.zeros((n, 2))
    points[:, : len(lengths)] = vectors[:, :2] * lengths
    furthest = points[np.abs(points).argmax(0), [0, 1]]
    points *= np.where(furthest < 0, -1.0, 1.0)
    whole = np.abs(values).sum()
    squares = (distances**2).sum()
    stress = np.sqrt(((distances - between(points)) ** 2).sum() / squares) if squares else 0.0
    return Flat(points, float(np.clip(values[:2], 0, None).sum() / whole) if whole else 1.0, float(stress))


def between(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """[n, n]: how far points are from each other."""
    return np.asarray(np.linalg.norm(points[:, None] - points[None], axis=-1))
