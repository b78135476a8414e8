"""Where a look at a model begins: the head and the cell that show something, where nobody chose others."""

from typing import NamedTuple

from viz_core.models.model import Model
from viz_core.recording import Recording


class Place(NamedTuple):
    layer: int
    head: int
    query: int
    key: int


def place_in(
    model: Model, recording: Recording, *, layer: int = -1, head: int = -1, query: int = -1, key: int = -1
) -> Place:
    """What was chosen where it exists, else a default that shows something: the model's own starting head, the first
    hidden word or else the last row that is a word and no full stop, and the column it looks at most."""
    n, layers = len(recording.token_ids), len(recording.blocks)
    start_layer, start_head = model.card.get("start", (layers // 2, 0))
    layer = layer if 0 <= layer < layers else min(start_layer, layers - 1)
    heads = recording.blocks[layer].attention.n_head
    head = head if 0 <= head < heads else min(start_head, heads - 1)
    words = [row for row, token in enumerate(recording.tokens) if any(map(str.isalnum, token))]
    hidden = [row for row, token in enumerate(recording.token_ids.tolist()) if token == model.mask_id]
    query = query if 0 <= query < n else min(hidden, default=max(words, default=n - 1))
    if not 0 <= key < n:
        key = int(recording.blocks[layer].attention.head(head).weights[0, query].argmax())
    return Place(layer, head, query, key)
