"""All heads of a recording, small: what the picture of every head shows."""

import torch
from torch import Tensor
from torch.nn import functional as F

from viz_core.recording import Recording

MOST_CELLS = 200_000  # of all tiles together: what the browser is sent does not grow with the text


def tile_side(recording: Recording) -> int:
    """Cells along a tile: the text's length, or fewer when all heads' tiles would exceed MOST_CELLS."""
    heads = sum(block.attention.n_head for block in recording.blocks)
    return min(len(recording.token_ids), max(8, int((MOST_CELLS / heads) ** 0.5)), 64)


@torch.inference_mode()
def head_tiles(recording: Recording, side: int) -> tuple[Tensor, Tensor]:
    """uint8 [layer, head, side, side] and bool [side, side].

    A tile's cell is the largest weight of the cells it covers, as 255·√weight: the root makes faint weights
    visible in a small picture. The boolean says where at least one covered cell may be looked at.
    """
    tiles = [
        F.adaptive_max_pool2d(block.attention.weights, side).sqrt().mul(255).round().to(torch.uint8)
        for block in recording.blocks
    ]
    allowed = recording.blocks[0].attention.allowed.float()[None]
    return torch.stack(tiles), F.adaptive_max_pool2d(allowed, side)[0] > 0


@torch.inference_mode()
def strongest_keys(weights: Tensor, most: int = 50) -> tuple[Tensor, Tensor]:
    """Each row's strongest columns and their weights, strongest first: [query, k] from [query, key].

    At most 50 columns of a row can have a weight of 2 % or more, the faintest line that is drawn.
    """
    strongest = weights.topk(min(most, weights.shape[-1]), dim=-1)
    return strongest.indices, strongest.values
