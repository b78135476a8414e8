"""Every measure of every head of one recording: what the table of heads is made of."""

from collections.abc import Iterator

import torch
from torch import Tensor

from viz_core.analysis import finder
from viz_core.analysis.heads import ROLES, RoleScores
from viz_core.analysis.overview import MOST_ROWS
from viz_core.attention import AttentionRecord
from viz_core.recording import Recording

MEASURES = (*ROLES, *finder.Spread._fields)


@torch.inference_mode()
def head_scores(recording: Recording, *, both_sides: bool = False) -> dict[str, list[float]]:
    """Column → a number for each head, layer by layer: "layer", "head", the roles of `viz_core.analysis.heads` ("next"
    only with `both_sides`) and the spread of `viz_core.analysis.finder`. NaN where no row of the text can tell."""
    roles = RoleScores(recording.token_ids, both_sides=both_sides)
    layers = [roles.of(_parts(block.attention), block.attention.allowed) for block in recording.blocks]
    places = finder.places(recording)
    spread = finder.spread(recording)._asdict()
    return {
        "layer": [layer for layer, _head in places],
        "head": [head for _layer, head in places],
        **{role: torch.cat([layer[role] for layer in layers]).tolist() for role in layers[0]},
        **{name: numbers.tolist() for name, numbers in spread.items()},
    }


def _parts(record: AttentionRecord) -> Iterator[tuple[int, Tensor]]:
    n = record.query.shape[-2]
    for first in range(0, n, MOST_ROWS):
        yield first, record.rows(first, min(first + MOST_ROWS, n)).weights
