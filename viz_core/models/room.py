"""How much memory a recording takes, told before it is made."""

import math

from viz_core.models.foreign import Foreign, Outline
from viz_core.transformer import Transformer

FLOAT = 4  # bytes


def recording_bytes(network: Transformer | Foreign, n: int) -> int:
    """About what recording n tokens takes: what is kept, and what the largest step needs on the way."""
    per_token, per_cell = _rates(network)
    return n * per_token + n * n * per_cell


def gradient_bytes(network: Transformer | Foreign, n: int) -> int:
    """About what the gradients of all weights take: four numbers a cell of every head, until the last is known."""
    config = network.config
    heads = sum(config.n_head) if isinstance(config, Outline) else config.n_layer * config.n_head
    return recording_bytes(network, n) + 4 * FLOAT * heads * n * n


def most_tokens(network: Transformer | Foreign, free: int) -> int:
    """The longest text whose recording takes at most `free` bytes, at least 1."""
    per_token, per_cell = _rates(network)
    return max(1, int((math.sqrt(per_token**2 + 4 * per_cell * free) - per_token) / (2 * per_cell)))


def _rates(network: Transformer | Foreign) -> tuple[int, int]:
    """Bytes a token, and bytes a cell of n × n."""
    if isinstance(network, Foreign):
        logits = network.config.vocab_size * FLOAT  # transformers makes them for every row
        return network.config.record_bytes + logits, network.config.square_bytes
    config = network.config
    causes = (config.n_head + 2 * config.n_kv_head) * config.d_head
    stream = 3 * config.d_model
    bias = config.n_head * FLOAT if config.positions == "alibi" else 0
    return (config.n_layer * (causes + stream) + config.d_feed_forward) * FLOAT, 1 + bias
