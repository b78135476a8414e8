"""A walk over the tiles of one head, kept to be looked at: each step, what is skipped, and how exact the end is."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.attention import AttentionRecord
from viz_core.efficiency.online_softmax import Step, steps

MOST = 400  # tiles that are walked; of a map of more, the block of rows with the chosen one
Box = tuple[int, int, int, int]  # first row, one past the last, first key, one past the last


class Differences(NamedTuple):
    """max |Δ| of the walked rows' context to that from the whole matrix, and to that of PyTorch's fused kernel."""

    whole: float
    fused: float


@dataclass(frozen=True, eq=False)
class Walk:
    """steps        those that compute something, in order
    skipped      tiles, among those walked, of which nothing is allowed
    rows         the first row that is walked, and one past the last
    tiles        of the whole map
    differences  in float32
    """

    steps: tuple[Step, ...]
    skipped: tuple[Box, ...]
    rows: tuple[int, int]
    tiles: int
    differences: Differences

    def step_of(self, row: int, key: int) -> int:
        """That of the tile with this cell; where it is skipped, the last one of the row."""
        of_row = [index for index, step in enumerate(self.steps) if step.rows[0] <= row < step.rows[1]]
        with_key = [index for index in of_row if self.steps[index].keys[0] <= key < self.steps[index].keys[1]]
        return (with_key or of_row or [0])[-1]


def tile_walk(record: AttentionRecord, rows: int, keys: int, row: int) -> Walk:
    """The walk over a record of one head, in tiles of rows × keys; over the block of `row` alone where the map has more
    than MOST tiles. Raises ValueError as `steps` does."""
    n_query, n_key = record.query.shape[-2], record.key.shape[-2]
    tiles = -(-n_query // rows) * -(-n_key // keys)
    start = 0 if tiles <= MOST else row // rows * rows
    stop = n_query if tiles <= MOST else min(start + rows, n_query)
    walked = list(steps(record, rows, keys, start, stop))
    context = torch.cat([step.after.context for step in walked if step.keys[1] == n_key])
    return Walk(
        tuple(step for step in walked if not step.skipped),
        tuple((*step.rows, *step.keys) for step in walked if step.skipped),
        (start, stop),
        tiles,
        Differences(*(_most(context, one[0, start:stop]) for one in (record.context, record.fused_context()))),
    )


def _most(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())


def watched(step: Step, row: int) -> int:
    """The row of the step's block that is told of: `row` if it is one of them, else that whose old sum shrinks most."""
    top, bottom = step.rows
    if top <= row < bottom:
        return row - top
    had = step.before.largest > -torch.inf
    return int(torch.where(had, step.rescaled, 1.0).argmin())
