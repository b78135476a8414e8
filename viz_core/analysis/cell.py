"""The arithmetic of one cell: from d_head products to the weight, and to the value that the weight moves."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from viz_core.attention import AttentionRecord, Stages


@dataclass(frozen=True, eq=False)
class Cell:
    """Row `query` looks at column `key`, in one head. Numbers are the record's, none is recomputed another way.

    products  [d_head]  qᵢ·kᵢ, whose sum is `score`
    scaled    score × scale;  capped = that, or within ±cap;  masked = capped + bias, or −inf where not allowed
    exponential, row_sum     e^(masked − row_max) and its sum over the row; weight = exponential / row_sum
    value     [d_value] what the column offers;  moved = weight · value;  context = the row's sum of such parts
    """

    query_vector: Tensor
    key_vector: Tensor
    products: Tensor
    score: float
    scaled: float
    capped: float
    bias: float
    allowed: bool
    masked: float
    row_max: float
    exponential: float
    row_sum: float
    weight: float
    value: Tensor
    moved: Tensor
    context: Tensor


def cell_of(record: AttentionRecord, query: int, key: int, stages: Stages | None = None) -> Cell:
    """The cell (query, key) of a record of one head.

    Raises IndexError when the cell is outside the map, ValueError when the record holds several heads.
    """
    if record.n_head != 1:
        raise ValueError(f"the record has {record.n_head} heads; expected one: record.head(index)")
    n_query, n_key = record.query.shape[-2], record.key.shape[-2]
    if not (0 <= query < n_query and 0 <= key < n_key):
        raise IndexError(f"cell ({query}, {key}); the map has {n_query} rows and {n_key} columns, counted from 0")
    query_vector, key_vector, value = record.query[0, query], record.key[0, key], record.value[0, key]
    stages = stages or record.stages()
    row = stages.masked_scores[0, query]
    row_max = row.max()
    exponentials = torch.zeros_like(row) if row_max == -torch.inf else torch.exp(row - row_max)
    weight = stages.weights[0, query, key]
    scaled = float(stages.scaled_scores[0, query, key])
    return Cell(
        query_vector=query_vector,
        key_vector=key_vector,
        products=query_vector * key_vector,
        score=float(stages.scores[0, query, key]),
        scaled=scaled,
        capped=scaled if record.bound is None else record.bound * math.tanh(scaled / record.bound),
        bias=0.0 if record.bias is None else float(record.bias[0, query, key]),
        allowed=bool(record.allowed.expand(1, n_query, n_key)[0, query, key]),
        masked=float(row[key]),
        row_max=float(row_max),
        exponential=float(exponentials[key]),
        row_sum=float(exponentials.sum()),
        weight=float(weight),
        value=value,
        moved=weight * value,
        context=stages.context[0, query],
    )
