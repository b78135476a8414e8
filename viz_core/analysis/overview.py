"""All heads of a recording at once: each small, for the picture of every head, and what each does."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from viz_core.analysis.heads import role_scores
from viz_core.recording import Recording

MOST_CELLS = 200_000  # of all tiles together: what the browser is sent does not grow with the text


def tile_side(recording: Recording) -> int:
    """Cells along a tile: the text's length, or fewer when all heads' tiles would exceed MOST_CELLS."""
    heads = sum(block.attention.n_head for block in recording.blocks)
    return min(len(recording.token_ids), max(8, int((MOST_CELLS / heads) ** 0.5)), 64)


class Overview(NamedTuple):
    """tiles    uint8 [layer, head, side, side]: the largest weight a cell covers, as 255·√weight; the root makes
             faint weights visible in a small picture
    allowed  bool [side, side]: where at least one covered cell may be looked at
    roles    role → [layer, head], each head's scores on this text (`viz_core.analysis.heads`)
    """

    tiles: Tensor
    allowed: Tensor
    roles: dict[str, Tensor]


@torch.inference_mode()
def overview(recording: Recording, side: int, *, both_sides: bool = False) -> Overview:
    """All heads in one walk over the layers: never more than one layer's weights are in memory."""
    tiles, scores = [], []
    for block in recording.blocks:
        weights = block.attention.weights
        tiles.append(F.adaptive_max_pool2d(weights, side).sqrt().mul(255).round().to(torch.uint8))
        scores.append(role_scores(weights, recording.token_ids, both_sides=both_sides))
    allowed = recording.blocks[0].attention.allowed.float()[None]
    roles = {role: torch.stack([layer[role] for layer in scores]) for role in scores[0]}
    return Overview(torch.stack(tiles), F.adaptive_max_pool2d(allowed, side)[0] > 0, roles)


@torch.inference_mode()
def strongest_keys(weights: Tensor, most: int = 50) -> tuple[Tensor, Tensor]:
    """Each row's strongest columns and their weights, strongest first: [query, k] from [query, key].

    At most 50 columns of a row can have a weight of 2 % or more, the faintest line that is drawn.
    """
    strongest = weights.topk(min(most, weights.shape[-1]), dim=-1)
    return strongest.indices, strongest.values
