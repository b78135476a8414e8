"""A text written on token by token, with a KV cache and without: the same tokens, counted and timed.

Without: every step sends all rows so far through the model. With: the first step does, for nothing is kept yet, and
every later one sends the newest row alone.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from viz_core.config import TransformerConfig
from viz_core.efficiency.kv_cache import Cache, with_cache
from viz_core.transformer import Transformer


def multiply_adds(config: TransformerConfig, rows: int, keys: int) -> int:
    """Of one step: `rows` rows go through a decoder, where each has `keys` cells a head; logits of the last row alone.

    All cells are counted, those too that the mask forbids: a kernel that skips them does up to half of that part.
    """
    heads = config.n_head * config.d_head
    projections = config.d_model * (2 * heads + 2 * config.n_kv_head * config.d_head)
    cells = 2 * keys * heads
    matrices = 3 if config.activation == "swiglu" else 2
    feed_forward = matrices * config.d_model * config.d_feed_forward
    return rows * config.n_layer * (projections + cells + feed_forward) + config.d_model * config.vocab_size


@dataclass(frozen=True)
class Way:
    """One number a step.

    token_ids      that it wrote
    rows           that went through the model
    multiply_adds  that this took
    kept           bytes of keys and values kept after it
    seconds        that it took, medians
    """

    token_ids: tuple[int, ...]
    rows: tuple[int, ...]
    multiply_adds: tuple[int, ...]
    kept: tuple[int, ...]
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class BothWays:
    """differences  max |Δ| of the two ways' logits at each step, as far as both had read the same
    repetitions     that the medians are of
    threads         that PyTorch computed with
    """

    without: Way
    cached: Way
    differences: tuple[float, ...]
    repetitions: int
    threads: int

    @property
    def same(self) -> bool:
        """Whether both wrote the same tokens."""
        return self.without.token_ids == self.cached.token_ids


@torch.inference_mode()
def both_ways(
    transformer: Transformer,
    token_ids: Tensor,
    count: int,
    *,
    repetitions: int = 3,
    note: Callable[[int, int], None] = lambda _done, _total: None,
) -> BothWays:
    """`count` tokens written after `token_ids` [n], the likeliest each time; `note` is told (done, all) before each
    step.

    Raises ValueError for a model that is no decoder, no tokens, or more than its context holds: n + count − 1.
    """
    ways = (_all_again, _newest_only)
    seconds: dict[Callable[..., Iterator[Tensor]], list[list[float]]] = {way: [] for way in ways}
    logits: dict[Callable[..., Iterator[Tensor]], list[Tensor]] = {}
    done, total = 0, 2 * repetitions * count
    for _repetition in range(repetitions):
        for way in ways:
            steps, taken, said = way(transformer, token_ids, count), [], []
            for _step in range(count):
                note(done, total)
                begun = time.perf_counter()
                said.append(next(steps))
                taken.append(time.perf_counter() - begun)
                done += 1
            seconds[way].append(taken)
            logits[way] = said
    n, config = len(token_ids), transformer.config
    each = 2 * config.n_layer * config.n_kv_head * config.d_head * transformer.embedding.weight.element_size()
    every = [n + step for step in range(count)]
    newest = [n] + [1] * (count - 1)
    medians = {way: tuple(map(statistics.median, zip(*seconds[way], strict=True))) for way in ways}
    written = {way: tuple(int(step.argmax()) for step in logits[way]) for way in ways}

    def told(way: Callable[..., Iterator[Tensor]], rows: list[int], kept: list[int]) -> Way:
        work = tuple(multiply_adds(config, row, keys) for row, keys in zip(rows, every, strict=True))
        return Way(written[way], tuple(rows), work, tuple(kept), medians[way])

    without, cached = told(_all_again, every, [0] * count), told(_newest_only, newest, [each * keys for keys in every])
    alike = next((step for step in range(count) if without.token_ids[step] != cached.token_ids[step]), count - 1)
    pairs = zip(logits[_all_again][: alike + 1], logits[_newest_only][: alike + 1], strict=True)
    differences = tuple(float((one - other).abs().max()) for one, other in pairs)
    return BothWays(without, cached, differences, repetitions, torch.get_num_threads())


def _all_again(transformer: Transformer, token_ids: Tensor, count: int) -> Iterator[Tensor]:
    """Logits [vocab] of each step."""
    for _step in range(count):
        logits = transformer(token_ids, last_only=True).logits[-1]
        yield logits
        token_ids = torch.cat([token_ids, logits.argmax()[None]])


def _newest_only(transformer: Transformer, token_ids: Tensor, count: int) -> Iterator[Tensor]:
    cache = Cache()
    for _step in range(count):
        logits = with_cache(transformer, token_ids, cache)
        yield logits
        token_ids = logits.argmax()[None]


def planned(config: TransformerConfig, n: int, count: int) -> tuple[int, int]:
    """Multiply–adds of writing `count` tokens after `n`: without a cache, and with one."""
    without = sum(multiply_adds(config, keys, keys) for keys in range(n, n + count))
    cached = multiply_adds(config, n, n) + sum(multiply_adds(config, 1, keys) for keys in range(n + 1, n + count))
    return without, cached
