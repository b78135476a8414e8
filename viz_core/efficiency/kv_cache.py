"""Generation with the keys and values of earlier tokens kept: the same logits, without computing all of it again.

Without: to say token n+1, all n rows go through the model. With: only the newest row does; it looks at the keys and
values kept of all rows before it, which a causal model never changes. What is saved is work; what is kept grows by
2 · layers · kv_heads · d_head numbers a token.

Source: Shazeer 2019, "Fast Transformer Decoding", section 2.4 (incremental inference).
"""

from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor

from viz_core import masks, positions
from viz_core.attention import AttentionRecord
from viz_core.config import TransformerConfig
from viz_core.transformer import Block, Surroundings, Transformer


@dataclass(eq=False)
class Cache:
    """keys, values  a tensor a layer, [kv_head, seq, d_head]: of all tokens so far"""

    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    @property
    def length(self) -> int:
        return self.keys[0].shape[-2] if self.keys else 0

    @property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in (*self.keys, *self.values))

    def grown(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values of a layer, the new ones last."""
        if layer == len(self.keys):
            self.keys.append(key)
            self.values.append(value)
        else:
            self.keys[layer] = torch.cat([self.keys[layer], key], dim=-2)
            self.values[layer] = torch.cat([self.values[layer], value], dim=-2)
        return self.keys[layer], self.values[layer]


@torch.inference_mode()
def with_cache(transformer: Transformer, token_ids: Tensor, cache: Cache) -> Tensor:
    """The logits after new tokens [new], [vocab]; the cache holds all before them, and afterwards them too.

    Raises ValueError for a model that is no decoder, no tokens, or more than its context holds.
    """
    config = transformer.config
    if config.architecture != "decoder":
        raise ValueError(f"architecture is {config.architecture!r}; only a decoder's rows never change")
    start, stop = cache.length, cache.length + len(token_ids)
    if not start < stop <= config.context:
        raise ValueError(f"tokens {start} to {stop}; expected at least one, and at most {config.context} in all")
    around = _of_the_newest(config, start, stop)
    added = transformer.added_positions(stop)
    x = transformer.embedding(token_ids)
    if config.scale_embedding:
        x = x * config.d_model**0.5
    if added is not None:
        x = x + added[start:]
    for layer, module in enumerate(transformer.blocks):
        block = cast(Block, module)
        query, key, value = block.attention.projections(block.attention_input(x))
        if around.angles is not None:
            query, key = positions.rotate(query, around.angles), positions.rotate(key, around.angles)
        key, value = cache.grown(layer, key, value)
        record = AttentionRecord(query, key, value, around.allowed, block.attention.scale, around.bias)
        attended = block.attention.output(block.attention.concatenate(record.fused_context()))
        x = block.with_feed_forward(block.with_attention(x, attended))
    return cast(Tensor, transformer.unembedding(transformer.final_norm(x[-1:])))[0]


def _of_the_newest(config: TransformerConfig, start: int, stop: int) -> Surroundings:
    """As `Transformer.surroundings`, for the rows from `start` on alone: a map of all rows would cost n² again."""
    rows, keys = torch.arange(start, stop), torch.arange(stop)
    allowed = torch.ones(stop - start, stop, dtype=torch.bool).tril(start) if start else masks.causal(stop)
    angles, bias = None, None
    if config.positions == "rotary":
        angles = positions.rotary_angles(config.context, config.d_head, config.rotary_base)[start:stop]
    if config.positions == "alibi":
        distance = (rows[:, None] - keys).abs()  # as positions.alibi_bias: keys that come later are not allowed
        bias = -positions.alibi_slopes(config.n_head)[:, None, None] * distance
    return Surroundings(allowed, angles, bias)
