"""What two ways to score a query and a key cost beside each other, counted and timed.

score_ij = v · tanh(q_i + k_j)      additive: Bahdanau, Cho & Bengio 2015, appendix A.1.2 (q = W s, k = U h)
score_ij = q_i · k_j / √d           scaled dot product: Vaswani et al. 2017, section 3.2.1
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.efficiency.timing import in_rounds

AT_ONCE = 2**20  # numbers of [query, key, d] worked out at a time


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
    """Seconds for the scores of n queries and n keys at each of `lengths`: the fastest of all runs in `rounds` rounds.
    Of a disturbed machine that says most of the work itself."""

    lengths: tuple[int, ...]
    width: int
    rounds: int
    threads: int
    dot: tuple[float, ...]
    additive: tuple[float, ...]


@torch.inference_mode()
def timed(lengths: Sequence[int], width: int, rounds: int, note: Callable[[int, int], None]) -> Timed:
    """Both on the same random queries and keys; `note` is told (runs done, runs)."""
    draw = torch.Generator().manual_seed(0)
    v = torch.randn(width, generator=draw)
    given = [torch.randn(2, n, width, generator=draw).unbind() for n in lengths]
    works = [partial(score, *pair) for pair in given for score in (dot_scores, partial(additive_scores, v=v))]
    taken = in_rounds(works, rounds=rounds, note=note)
    fastest = [min(runs) for runs in taken]
    threads = torch.get_num_threads()
    return Timed(tuple(lengths), width, len(taken[0]), threads, tuple(fastest[::2]), tuple(fastest[1::2]))
