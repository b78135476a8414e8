"""Additive attention worked out for one cell, and what its scores cost beside dot products.

    score_ij = v · tanh(W s_{i−1} + b + U h_j)          additive: Bahdanau, Cho & Bengio 2015, appendix A.1.2
    score_ij = q_i · k_j / √d                           scaled dot product: Vaswani et al. 2017, section 3.2.1

W s + U h is one matrix times both vectors on top of each other: [W U] [s; h].
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.recurrent import AdditiveRecord, AdditiveStages

AT_ONCE = 2**20  # numbers of [query, key, d] worked out at a time
MOST_RUNS = 50


@dataclass(frozen=True, eq=False)
class AdditiveCell:
    """The way from a state and an annotation to a score and its weight; vectors [d_attention] unless said.

    query     W s_{i−1} + b
    key       U h_j
    total     their sum
    squashed  tanh of it
    v
    products  v · squashed, component by component; they sum to `score`
    scores    [source] the row's
    weights   [source] the row's softmax
    context   [d_annotation] the annotations, mixed by the weights
    """

    row: int
    column: int
    query: Tensor
    key: Tensor
    total: Tensor
    squashed: Tensor
    v: Tensor
    products: Tensor
    scores: Tensor
    weights: Tensor
    context: Tensor

    @property
    def score(self) -> float:
        return float(self.scores[self.column])

    @property
    def weight(self) -> float:
        return float(self.weights[self.column])

    @property
    def largest(self) -> float:
        """The row's largest score."""
        return float(self.scores.max())

    @property
    def exponentials(self) -> Tensor:
        """[source] e^(score − the row's largest)."""
        return torch.exp(self.scores - self.scores.max())

    @property
    def most(self) -> int:
        """The component whose product is largest in magnitude."""
        return int(self.products.abs().argmax())


def cell_of(record: AdditiveRecord, row: int, column: int, stages: AdditiveStages | None = None) -> AdditiveCell:
    """One cell of a record without a batch axis, all of whose cells are allowed; `stages` are the record's."""
    scores, weights, context = stages or record.stages()
    query, key = record.query[row], record.key[column]
    total = query + key
    squashed = torch.tanh(total)
    return AdditiveCell(
        row,
        column,
        query,
        key,
        total,
        squashed,
        record.v,
        record.v * squashed,
        scores[row],
        weights[row],
        context[row],
    )


def shares_of(record: AdditiveRecord, cell: AdditiveCell, most: int) -> tuple[list[int], Tensor]:
    """The `most` columns with the largest weights, and what each adds to the row's context; then, where there are
    more columns, what those add together. [share, d_annotation]; the shares sum to the context.
    """
    order = cell.weights.argsort(descending=True)
    added = cell.weights[order, None] * record.value[order]
    first, others = added[:most], added[most:]
    return order[:most].tolist(), torch.cat([first, others.sum(0, keepdim=True)]) if len(others) else first


def bound(record: AdditiveRecord) -> float:
    """Σ|v|: no score can be larger, for tanh lies between −1 and 1."""
    return float(record.v.abs().sum())


class Counted(NamedTuple):
    """What the scores of n queries and n keys of width d take.

    multiply_adds  one multiplication and one addition each
    additions      alone
    tanhs
    between        numbers that are made on the way to the n² scores: each sum, and its tanh
    """

    multiply_adds: int
    additions: int
    tanhs: int
    between: int


def counted(n: int, d: int) -> tuple[Counted, Counted]:
    """Of dot products, and of additive scores; both from queries and keys that are there already (W s and U h, W_Q s
    and W_K h: n projections each, which n² outgrows)."""
    cells = n * n * d
    return Counted(cells, 0, 0, 0), Counted(cells, cells, cells, 2 * cells)


def dot_scores(query: Tensor, key: Tensor) -> Tensor:
    """[query, d], [key, d] → [query, key], divided by √d."""
    scores: Tensor = query @ key.T * query.shape[-1] ** -0.5
    return scores


def additive_scores(query: Tensor, key: Tensor, v: Tensor) -> Tensor:
    """Likewise v · tanh(query + key), some rows at a time: [query, key, d] is never held whole."""
    rows = max(1, AT_ONCE // key.numel())
    parts = [torch.tanh(part[:, None] + key) @ v for part in query.split(rows)]
    return torch.cat(parts)


@dataclass(frozen=True)
class Timed:
    """Seconds for the scores of n queries and n keys at each of `lengths`: the median of `runs` at the longest, of
    more, up to `MOST_RUNS`, at shorter ones."""

    lengths: tuple[int, ...]
    width: int
    runs: int
    threads: int
    dot: tuple[float, ...]
    additive: tuple[float, ...]


@torch.inference_mode()
def timed(lengths: Sequence[int], width: int, runs: int, note: Callable[[int, int], None]) -> Timed:
    """Both on the same random queries and keys, turn by turn; `note` is told (lengths done, lengths)."""
    longest = max(lengths)
    draw = torch.Generator().manual_seed(0)
    v = torch.randn(width, generator=draw)
    dots, additives = [], []
    for done, n in enumerate(lengths):
        note(done, len(lengths))
        query, key = (torch.randn(n, width, generator=draw) for _side in range(2))
        dot_scores(query, key), additive_scores(query, key, v)  # the first run makes room
        turns = [
            (_seconds(dot_scores, query, key), _seconds(additive_scores, query, key, v))
            for _run in range(max(runs, min(runs * longest // n, MOST_RUNS)))
        ]
        dots.append(median(dot for dot, _additive in turns))
        additives.append(median(additive for _dot, additive in turns))
    return Timed(tuple(lengths), width, runs, torch.get_num_threads(), tuple(dots), tuple(additives))


def _seconds(work: Callable[..., Tensor], *given: Tensor) -> float:
    start = time.perf_counter()
    work(*given)
    return time.perf_counter() - start
