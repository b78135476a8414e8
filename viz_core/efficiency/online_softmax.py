"""Attention tile by tile, as FlashAttention does it: never more than one tile of scores exists.

For a tile S of some rows and some keys, with the rows' largest score so far m, the sum of their exponentials so far ℓ
and their output so far o (not yet divided):

    m' = max(m, rowmax S)      P = e^(S − m')
    ℓ' = e^(m − m') ℓ + rowsum P
    o' = e^(m − m') o + P V                 in the end: context = o / ℓ

What was summed under an old maximum is rescaled when a larger score comes; so the result is exact.

Sources: Milakov & Gimelshein 2018, "Online normalizer calculation for softmax"; Dao et al. 2022, "FlashAttention",
section 3.1 and algorithm 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from viz_core.attention import AttentionRecord


@dataclass(frozen=True, eq=False)
class Step:
    """What one tile did to its rows.

    rows, keys  the tile: first, and one past the last
    scores      [row, key] masked scores of the tile; −inf where not allowed
    skipped     nothing in it is allowed: it is not computed
    largest     [row] m': the largest score so far, −inf before any
    total       [row] ℓ': the sum of e^(score − m') so far
    rescaled    [row] e^(m − m'): what the sum and the output so far were multiplied by
    output      [row, d_value] o': not yet divided by ℓ'
    """

    rows: tuple[int, int]
    keys: tuple[int, int]
    scores: Tensor
    skipped: bool
    largest: Tensor
    total: Tensor
    rescaled: Tensor
    output: Tensor

    @property
    def context(self) -> Tensor:
        """[row, d_value]: what the rows' context would be if no key came after; 0 where none was allowed yet."""
        return torch.where(self.total[:, None] > 0, self.output / self.total[:, None], 0.0)


def steps(record: AttentionRecord, rows: int, keys: int) -> Iterator[Step]:
    """The tiles of a record of one head, `rows` × `keys` each, row block by row block.

    Raises ValueError when the record holds several heads, or a tile nothing.
    """
    if record.n_head != 1:
        raise ValueError(f"the record has {record.n_head} heads; expected one: record.head(index)")
    if rows < 1 or keys < 1:
        raise ValueError(f"a tile is {rows} × {keys}; expected at least 1 × 1")
    n_query, n_key = record.query.shape[-2], record.key.shape[-2]
    allowed = record.allowed.expand(1, n_query, n_key)[0]
    query, key, value = record.query[0], record.key[0], record.value[0]
    for top in range(0, n_query, rows):
        bottom = min(top + rows, n_query)
        largest = query.new_full((bottom - top,), -torch.inf)
        total = query.new_zeros(bottom - top)
        output = query.new_zeros(bottom - top, value.shape[-1])
        for left in range(0, n_key, keys):
            right = min(left + keys, n_key)
            seen = allowed[top:bottom, left:right]
            if not seen.any():
                nothing = query.new_full(seen.shape, -torch.inf)
                still = torch.ones_like(total)
                yield Step((top, bottom), (left, right), nothing, True, largest, total, still, output)
                continue
            scores = query[top:bottom] @ key[left:right].T * record.scale
            if record.bias is not None:
                scores = scores + record.bias[0, top:bottom, left:right]
            scores = torch.where(seen, scores, -torch.inf)
            before, largest = largest, torch.maximum(largest, scores.amax(-1))
            # −inf − (−inf) is no number: rows that have seen nothing yet have nothing to rescale
            rescaled = torch.where(before == -torch.inf, 0.0, torch.exp(before - largest))
            shares = torch.where(seen, torch.exp(scores - largest[:, None]), 0.0)
            total = rescaled * total + shares.sum(-1)
            output = rescaled[:, None] * output + shares @ value[left:right]
            yield Step((top, bottom), (left, right), scores, False, largest, total, rescaled, output)


def context_in_tiles(record: AttentionRecord, rows: int, keys: int) -> Tensor:
    """`record.context` of one head, [query, d_value], without ever forming [query, key]."""
    last: dict[tuple[int, int], Step] = {}
    for step in steps(record, rows, keys):
        last[step.rows] = step
    return torch.cat([step.context for step in last.values()])
