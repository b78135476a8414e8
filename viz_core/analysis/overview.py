"""All heads of a recording at once: each small, for the picture of every head, and what each does."""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from viz_core.analysis.heads import RoleScores
from viz_core.attention import AttentionRecord
from viz_core.recording import Recording

MOST_CELLS = 600_000  # of all tiles together: what the browser is sent does not grow with the text
MOST_ROWS = 128  # worked on at a time: their weights stay near the processor, and later keys are not computed
RESTING = 0.8  # of a head's weight on the first token: where it finds nothing, it does nothing

Pool = Literal["max", "mean"]


def tile_side(recording: Recording) -> int:
    """The most cells along a tile: the text's length, or fewer when all heads' tiles would exceed MOST_CELLS."""
    heads = sum(block.attention.n_head for block in recording.blocks)
    return min(len(recording.token_ids), max(8, int((MOST_CELLS / heads) ** 0.5)), 64)


class Overview(NamedTuple):
    """tiles    uint8 [layer, head, side, side]: the largest weight a cell covers (or their mean), as 255·√weight; the
             root makes faint weights visible in a small picture
    allowed  bool [layer, side, side]: where at least one covered cell may be looked at, by some head of the layer;
             [1, side, side] where all layers are alike
    roles    role → [layer, head], each head's scores on this text (`viz_core.analysis.heads`)
    size     a cell of a tile covers size × size cells of the map
    """

    tiles: Tensor
    allowed: Tensor
    roles: dict[str, Tensor]
    size: int


@torch.inference_mode()
def overview(
    recording: Recording,
    side: int,
    *,
    both_sides: bool = False,
    pool: Pool = "max",
    progress: Callable[[int, int], None] | None = None,
) -> Overview:
    """All heads in one walk over the layers, some rows at a time: never more than those rows' weights are in memory.

    Tiles have at most `side` cells along an edge; the last ones may cover less than the others. `progress` is called
    with (layers done, layers) before each layer.
    """
    n = len(recording.token_ids)
    size = -(-n // side)
    cells = -(-n // size)
    step = size * max(1, MOST_ROWS // size)
    pooled = F.max_pool2d if pool == "max" else F.avg_pool2d
    roles = RoleScores(recording.token_ids, both_sides=both_sides)
    tiles, scores = [], []
    for layer, block in enumerate(recording.blocks):
        if progress is not None:
            progress(layer, len(recording.blocks))
        rows: list[Tensor] = []

        def parts(record: AttentionRecord = block.attention, rows: list[Tensor] = rows) -> Iterator[tuple[int, Tensor]]:
            for first in range(0, n, step):
                weights = record.rows(first, min(first + step, n)).weights
                small = pooled(weights, size, ceil_mode=True).sqrt()
                rows.append(F.pad(small, (0, cells - small.shape[-1])))
                yield first, weights

        scores.append(roles.of(parts(), block.attention.allowed))
        tiles.append(torch.cat(rows, dim=-2).mul(255).round().to(torch.uint8))
    together = {role: torch.stack([layer[role] for layer in scores]) for role in scores[0]}
    allowed = torch.stack([_pooled(block.attention.allowed, size) for block in recording.blocks])
    alike = bool((allowed == allowed[:1]).all())
    return Overview(torch.stack(tiles), allowed[:1] if alike else allowed, together, size)


def _pooled(allowed: Tensor, size: int) -> Tensor:
    """bool [side, side] of bool [query, key] or [head, query, key]"""
    some = allowed if allowed.dim() < 3 else allowed.any(0)
    return F.max_pool2d(some.float()[None], size, ceil_mode=True)[0] > 0


def resting(roles: dict[str, Tensor]) -> Tensor:
    """bool [layer, head]: heads that give nearly all their weight to the first token (Xiao et al. 2023)."""
    return torch.nan_to_num(roles["first"]) >= RESTING
