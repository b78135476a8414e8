"""Answers about what attention costs, and how it is made cheaper."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from viz_core.analysis.masking import reach
from viz_core.analysis.parameters import MISTRAL_7B
from viz_core.efficiency import costs, sparse, tiling
from viz_core.efficiency.costs import Kind
from viz_core.efficiency.generation import multiply_adds
from viz_core.efficiency.kv_cache import Cache, with_cache
from viz_core.efficiency.online_softmax import context_in_tiles
from viz_core.lessons.answers.fitting import largest, only
from viz_core.lessons.asked import Asked

FAST = 192 << 10  # bytes of fast memory, as the page has it
EXACT = 1e-4
FAR = 32_768  # tokens


def when_doubled(_asked: Asked, kind: Kind, between: Sequence[float], n: int = 1024, d: int = 256) -> int:
    """By how much the work of a kind of layer is multiplied when the text is twice as long."""
    times = costs.cost(kind, 2 * n, d).work / costs.cost(kind, n, d).work
    return only(times == said for said in between)


@torch.inference_mode()
def what_a_cache_does(asked: Asked, between: Sequence[Mapping[str, str]]) -> int:
    """Which option says what the KV cache does to the work of a step and to what is kept in memory from step to step:
    "less", "same" or "more" than without one, by writing the last token of the text both ways."""
    network, ids = asked.model.transformer, asked.recording.token_ids
    cache = Cache()
    with_cache(network, ids[:-1], cache)
    logits = with_cache(network, ids[-1:], cache)
    if (logits - asked.recording.logits[-1]).abs().max() > EXACT:
        raise ValueError("the cache gives another prediction; expected the same")
    n = len(ids)
    found = {
        "work": _compared(multiply_adds(network.config, 1, n), multiply_adds(network.config, n, n)),
        "memory": _compared(cache.nbytes, 0),  # without one nothing is kept
    }
    return only(dict(said) == found for said in between)


def _compared(one: float, other: float) -> str:
    return "same" if one == other else "less" if one < other else "more"


def tokens_in_reach(asked: Asked, window: int, between: Sequence[int]) -> int:
    """How many tokens can reach the text's last row through all layers, each with a window."""
    return only(in_reach(asked, window) == said for said in between)


def in_reach(asked: Asked, window: int) -> int:
    n, layers = len(asked.recording.token_ids), len(asked.recording.blocks)
    return int(reach([sparse.Pattern(window).allowed(n)] * layers)[-1].sum())


def of_mistral(_asked: Asked, between: Sequence[Mapping[str, int]]) -> int:
    """Which option says what Mistral 7B v0.1 is: how many tokens a layer looks back over ("window"), and how many its
    cache keeps of a text of 32k ("kept")."""
    each = MISTRAL_7B.cache_bytes(1)
    found = {"window": MISTRAL_7B.window, "kept": MISTRAL_7B.cache_bytes(FAR) // each}
    return only(dict(said) == found for said in between)


def what_tiles_do(asked: Asked, between: Sequence[Mapping[str, Any]], n: int = 2048) -> int:
    """Which option says what computing by tiles does: `saves`, the share of attention's memory that it saves at n
    tokens, from … to; `exact`, whether the result is the same, tried on the preset's head."""
    record = asked.recording.blocks[asked.layer].attention.head(asked.head)
    exact = bool((context_in_tiles(record, 4, 4) - record.context).abs().max() < EXACT)
    saved = 1 - 1 / times_less_memory(asked, n)
    return only(said["exact"] == exact and said["saves"][0] <= saved <= said["saves"][1] for said in between)


def times_less_memory(asked: Asked, n: int = 2048) -> float:
    """Kept by the standard way over kept by tiles, one head, besides Q, K and V."""
    d = asked.recording.blocks[0].attention.query.shape[-1]
    return tiling.kept_by_standard(n) / tiling.kept_by_tiles(n, d, tiling.tile_of(FAST, d))


def most_in_window(asked: Asked, window: int, between: Sequence[Sequence[int]]) -> int:
    """The head (layer, head) that has most of its weight within a window."""
    return largest([in_window(asked, window, layer, head) for layer, head in between])


def in_window(asked: Asked, window: int, layer: int, head: int) -> float:
    """The share of a head's weight, mean over rows."""
    weights = asked.recording.blocks[layer].attention.head(head).weights[0]
    return sparse.kept(weights, sparse.Pattern(window).allowed(len(weights))).mean


ANSWERS: dict[str, Callable[..., Any]] = {
    "when_doubled": when_doubled,
    "what_a_cache_does": what_a_cache_does,
    "tokens_in_reach": tokens_in_reach,
    "of_mistral": of_mistral,
    "what_tiles_do": what_tiles_do,
    "most_in_window": most_in_window,
}
