"""Attention tile by tile, as FlashAttention does it: never more than one tile of scores exists.

For a tile S of some rows and some keys, with the rows' largest score so far m, the sum of their exponentials so far ℓ
and their output so far o (not yet divided):

    m' = max(m, rowmax S)      P = e^(S − m')
    ℓ' = e^(m − m') ℓ + rowsum P
    o' = e^(m − m') o + P V                 in the end: context = o / ℓ

What was summed under an old maximum is rescaled when a larger score comes; so the result is exact.

Sources: Milakov & Gimelshein 2018, "Online normalizer calculation for softmax"; Dao et al. 2022, "FlashAttention",
section 3.1 and algorithm 1; the order, rows outside and keys inside, is that of Dao 2023, "FlashAttention-2".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.attention import AttentionRecord


class Running(NamedTuple):
    """What is kept of some rows while their keys go by.

    largest  [row] m: the largest score so far, −inf before any
    total    [row] ℓ: the sum of e^(score − m) so far
    output   [row, d_value] o: not yet divided by ℓ
    """

    largest: Tensor
    total: Tensor
    output: Tensor

    @property
    def context(self) -> Tensor:
        """[row, d_value]: what the rows' context would be if no key came after; 0 where none was allowed yet."""
        return torch.where(self.total[:, None] > 0, self.output / self.total[:, None], 0.0)


@dataclass(frozen=True, eq=False)
class Step:
    """What one tile did to its rows.

    rows, keys     the tile: first, and one past the last
    scores         [row, key] masked scores of the tile; −inf where not allowed
    skipped        nothing in it is allowed: it is not computed
    rescaled       [row] e^(m − m'): what the sum and the output so far were multiplied by
    added          [row] rowsum P: what was then added to the sum
    before, after  (m, ℓ, o) and (m', ℓ', o')
    """

    rows: tuple[int, int]
    keys: tuple[int, int]
    scores: Tensor
    skipped: bool
    rescaled: Tensor
    added: Tensor
    before: Running
    after: Running


def steps(record: AttentionRecord, rows: int, keys: int, start: int = 0, stop: int | None = None) -> Iterator[Step]:
    """The tiles of a record of one head, `rows` × `keys` each, row block by row block; of the block that begins at row
    `start`, and further ones up to row `stop`.

    Raises ValueError when the record holds several heads, or a tile nothing.
    """
    if record.n_head != 1:
        raise ValueError(f"the record has {record.n_head} heads; expected one: record.head(index)")
    if rows < 1 or keys < 1:
        raise ValueError(f"a tile is {rows} × {keys}; expected at least 1 × 1")
    n_query, n_key = record.query.shape[-2], record.key.shape[-2]
    allowed = record.allowed.expand(1, n_query, n_key)[0]
    for top in range(start, n_query if stop is None else stop, rows):
        bottom = min(top + rows, n_query)
        running = _nothing(record, bottom - top)
        for left in range(0, n_key, keys):
            right = min(left + keys, n_key)
            seen = allowed[top:bottom, left:right]
            if seen.any():
                step = _computed(record, (top, bottom), (left, right), seen, running)
            else:
                step = _skipped((top, bottom), (left, right), seen, running)
            yield step
            running = step.after


def _nothing(record: AttentionRecord, rows: int) -> Running:
    query, value = record.query[0], record.value[0]
    return Running(query.new_full((rows,), -torch.inf), query.new_zeros(rows), query.new_zeros(rows, value.shape[-1]))


def _computed(
    record: AttentionRecord, rows: tuple[int, int], keys: tuple[int, int], seen: Tensor, before: Running
) -> Step:
    (top, bottom), (left, right) = rows, keys
    scores = record.query[0, top:bottom] @ record.key[0, left:right].T * record.scale
    if record.bias is not None:
        scores = scores + record.bias[0, top:bottom, left:right]
    scores = torch.where(seen, scores, -torch.inf)
    largest = torch.maximum(before.largest, scores.amax(-1))
    # −inf − (−inf) is no number: rows that have seen nothing yet have nothing to rescale
    rescaled = torch.where(before.largest == -torch.inf, 0.0, torch.exp(before.largest - largest))
    shares = torch.where(seen, torch.exp(scores - largest[:, None]), 0.0)
    added = shares.sum(-1)
    output = rescaled[:, None] * before.output + shares @ record.value[0, left:right]
    after = Running(largest, rescaled * before.total + added, output)
    return Step(rows, keys, scores, False, rescaled, added, before, after)


def _skipped(rows: tuple[int, int], keys: tuple[int, int], seen: Tensor, running: Running) -> Step:
    nothing = running.total.new_full(seen.shape, -torch.inf)
    still, none = torch.ones_like(running.total), torch.zeros_like(running.total)
    return Step(rows, keys, nothing, True, still, none, running, running)


def context_in_tiles(record: AttentionRecord, rows: int, keys: int) -> Tensor:
    """`record.context` of one head, [query, d_value], without ever forming [query, key]."""
    n_key = record.key.shape[-2]
    context = record.value.new_empty(record.query.shape[-2], record.value.shape[-1])
    for step in steps(record, rows, keys):
        if step.keys[1] == n_key:
            context[slice(*step.rows)] = step.after.context
    return context


def attention_in_tiles(query: Tensor, key: Tensor, value: Tensor, rows: int, keys: int) -> Tensor:
    """softmax(QKᵀ)V without a mask, [query, d_value], of [query, d], [key, d] and [key, d_value]: the same arithmetic
    as it is done to be measured. What belongs to a tile is loaded once (`clone`) and worked on in place.
    """
    context = value.new_empty(len(query), value.shape[-1])
    for top in range(0, len(query), rows):
        block = query[top : top + rows].clone()
        largest, total = block.new_full((len(block), 1), -torch.inf), block.new_zeros(len(block), 1)
        output = block.new_zeros(len(block), value.shape[-1])
        for left in range(0, len(key), keys):
            tile = slice(left, left + keys)
            _go_on(Running(largest, total, output), block, key[tile].clone(), value[tile].clone())
        context[top : top + rows] = output.div_(total)
    return context


def _go_on(running: Running, query: Tensor, key: Tensor, value: Tensor) -> None:
    """In place, of largest and total [row, 1]. Its own function: a tile is gone when the next comes."""
    largest, total, output = running
    tile = query @ key.T
    before = largest.clone()
    torch.maximum(before, tile.amax(-1, keepdim=True), out=largest)
    rescaled = before.sub_(largest).exp_()
    tile.sub_(largest).exp_()
    total.mul_(rescaled).add_(tile.sum(-1, keepdim=True))
    torch.addmm(output.mul_(rescaled), tile, value, out=output)
