"""How much memory and how much work a recording takes, told before it is made."""

import math
import weakref
from typing import Any

from viz_core.models.foreign import Foreign, Outline
from viz_core.transformer import Transformer

FLOAT = 4  # bytes
FEWEST = 16  # tokens: what takes long with fewer is to bring the weights from memory, however few they are
CELL = 128  # multiplications a cell of a head takes: its score, its softmax, its part of the mixture


def recording_bytes(network: Transformer | Foreign, n: int) -> int:
    """About what recording n tokens takes: what is kept, and what the largest step needs on the way."""
    per_token, per_cell = _rates(network)
    return n * per_token + n * n * per_cell


def gradient_bytes(network: Transformer | Foreign, n: int) -> int:
    """About what the gradients of all weights take: four numbers a cell of every head, until the last is known."""
    return recording_bytes(network, n) + 4 * FLOAT * _heads(network) * n * n


def multiplications(network: Transformer | Foreign, n: int) -> float:
    """About what recording n tokens takes: 10¹⁰ are some 0.2 s on two cores."""
    module = network.model if isinstance(network, Foreign) else network
    return float(_parameters(module)) * max(n, FEWEST) + cell_multiplications(network, n)


def cell_multiplications(network: Transformer | Foreign, n: int) -> float:
    """Of them, what deriving every head's weights takes once more."""
    return float(_heads(network)) * n * n * CELL


def most_tokens(network: Transformer | Foreign, free: int) -> int:
    """The longest text whose recording takes at most `free` bytes, at least 1."""
    per_token, per_cell = _rates(network)
    return max(1, int((math.sqrt(per_token**2 + 4 * per_cell * free) - per_token) / (2 * per_cell)))


def _parameters(module: Any) -> int:
    """Counted once a model: to go through all modules takes a while, and every run asks."""
    if module not in _counted:
        _counted[module] = sum(weight.numel() for weight in module.parameters())
    return _counted[module]


_counted: "weakref.WeakKeyDictionary[Any, int]" = weakref.WeakKeyDictionary()


def _heads(network: Transformer | Foreign) -> int:
    config = network.config
    return sum(config.n_head) if isinstance(config, Outline) else config.n_layer * config.n_head


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
