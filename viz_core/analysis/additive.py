"""Additive attention worked out for one cell.

    score_ij = v · tanh(W s_{i−1} + b + U h_j)          Bahdanau, Cho & Bengio 2015, appendix A.1.2

W s + U h is one matrix times both vectors on top of each other: [W U] [s; h].
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from viz_core.recurrent import AdditiveRecord, AdditiveStages


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
