"""How large a tile may be, and the bytes that attention keeps and moves with tiles and without, in float32, one head.

Without: scores and weights, n² numbers each, are formed one after the other and lie in memory. With: a tile at a time.

Source: Dao et al. 2022, "FlashAttention", section 3.1 (the sizes of a tile) and theorem 2 (Θ(nd + n²) accesses of slow
memory without tiles, Θ(n²d²/M) with them, for a fast memory of M numbers). The loops are in FlashAttention-2's order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from viz_core.efficiency.meter import Measured, measured, most_kept
from viz_core.efficiency.online_softmax import attention_in_tiles
from viz_core.efficiency.timing import in_rounds

WIDTH = 4  # bytes of a number: float32


class Tile(NamedTuple):
    rows: int
    keys: int


def tile_of(fast: int, d: int) -> Tile:
    """The largest tile for a fast memory of so many bytes: M/4d rows, so that queries, outputs, scores, and keys with
    values have about a quarter each; as many keys, but at most d. Rows and keys change places against the paper, whose
    outer loop is that of the keys."""
    most = max(1, fast // WIDTH // (4 * d))
    return Tile(most, min(most, d))


def standard(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """softmax(QKᵀ)V as the formula says it: all scores, all weights, then the context. [n, d] each."""
    return torch.softmax(query @ key.T, dim=-1) @ value


def given(n: int, d: int) -> int:
    """Bytes of queries, keys and values, which are kept either way."""
    return WIDTH * 3 * n * d


def kept_by_standard(n: int) -> int:
    """Bytes: all scores and all weights at once; the context comes when the scores have gone."""
    return WIDTH * 2 * n * n


def kept_by_tiles(n: int, d: int, tile: Tile) -> int:
    """Bytes: the result, and of one tile the queries, outputs so far, keys, values and scores."""
    rows, keys = min(tile.rows, n), min(tile.keys, n)
    return WIDTH * (n * d + 2 * rows * d + 2 * keys * d + rows * keys)


def moved_by_standard(n: int, d: int) -> int:
    """Bytes: scores and weights are written and read again, n² numbers each; queries, keys and values read, the context
    written."""
    return WIDTH * (4 * n * n + 4 * n * d)


def moved_by_tiles(n: int, d: int, tile: Tile) -> int:
    """Bytes: queries read and the context written once, all keys and values read once for each block of rows."""
    return WIDTH * (2 * n * d + 2 * n * d * -(-n // tile.rows))


@dataclass(frozen=True)
class Growth:
    """Of attention over each of `lengths`, counted as it ran.

    standard, tiles  as operations of PyTorch
    fused_kept       bytes that PyTorch's fused kernel was given at one time
    seconds          of the longest: of `standard`, and of the fused kernel
    """

    lengths: tuple[int, ...]
    standard: tuple[Measured, ...]
    tiles: tuple[Measured, ...]
    fused_kept: tuple[int, ...]
    seconds: tuple[float, float]

    @property
    def multiply_adds(self) -> int:
        """Of the longest, in matrix products: the same with tiles and without. An operation is either half of one."""
        return self.standard[-1].flops // 2


@torch.inference_mode()
def growth(lengths: Sequence[int], d: int, fast: int, note: Callable[[int, int], None] | None = None) -> Growth:
    """Count on random vectors of d components; no mask, so that nothing is left out in either."""
    tile, random = tile_of(fast, d), torch.Generator().manual_seed(0)
    found: list[tuple[Measured, Measured, int]] = []
    for done, n in enumerate(lengths):
        if note is not None:
            note(done, len(lengths))
        found.append(_at(torch.randn(3, n, d, generator=random), tile, fast))
    query, key, value = torch.randn(3, lengths[-1], d, generator=random)
    taken = [min(runs) for runs in in_rounds([partial(standard, query, key, value), partial(fused, query, key, value)])]
    standards, tiles, kept = zip(*found, strict=True)
    return Growth(tuple(lengths), standards, tiles, kept, (taken[0], taken[1]))


def _at(vectors: Tensor, tile: Tile, fast: int) -> tuple[Measured, Measured, int]:
    query, key, value = vectors
    return (
        measured(lambda: standard(query, key, value)),
        measured(lambda: attention_in_tiles(query, key, value, *tile), fast),
        most_kept(lambda: fused(query, key, value)),
    )


def fused(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """The same by PyTorch's kernel, which works in tiles of its own. [n, d] each."""
    return F.scaled_dot_product_attention(query[None, None], key[None, None], value[None, None], scale=1.0)[0, 0]
