"""What to change in a forward pass: each what-if is the real model, run again with some of its causes replaced."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from viz_core.attention import AttentionRecord

Heads = frozenset[tuple[int, int]]  # (layer, head), both from 0
Positions = Literal["kept", "zeroed", "shuffled"]
Instead = Literal["zero", "mean"]


@dataclass(frozen=True)
class Cells:
    """A mask as a value that can be compared and hashed: bool [query, key], True = the row may look at the column."""

    size: tuple[int, int]
    bits: bytes  # eight cells a byte

    @classmethod
    def of(cls, allowed: Tensor) -> "Cells":
        """Raises ValueError unless `allowed` is bool [query, key]."""
        if allowed.dtype != torch.bool or allowed.dim() != 2:
            raise ValueError(f"allowed is {allowed.dtype} {list(allowed.shape)}; expected torch.bool [query, key]")
        return cls((allowed.shape[0], allowed.shape[1]), np.packbits(allowed.numpy()).tobytes())

    @property
    def tensor(self) -> Tensor:
        cells = np.unpackbits(np.frombuffer(self.bits, dtype=np.uint8), count=self.size[0] * self.size[1])
        return torch.from_numpy(cells.astype(bool)).reshape(self.size)


@dataclass(frozen=True, kw_only=True)
class Edits:
    """Nothing set changes nothing. Equal edits of equal texts give equal recordings.

    scale        what scores are multiplied by in place of the model's own, e.g. 1.0 for no division by √d_k
    temperature  scaled scores (and their bias) are divided by it: below 1 sharper, above 1 flatter
    allowed      which cells may be looked at in place of the model's own mask
    dropout      share of the weights that is set to 0, the others divided by 1 − share; `seed` decides which
    at           the heads that the four above change; None = all
    ablated      heads that are switched off: their context is replaced
    instead      by what: 0, so that they add nothing to the residual stream, or its mean over the text, the same for
                 every token; a row that may look nowhere keeps 0
    positions    what tells the model where a token stands (added vectors, rotation or bias), set to 0, or given to
                 the tokens in another order, which `seed` decides

    Raises ValueError naming the field, its value and what is allowed.
    """

    scale: float | None = None
    temperature: float = 1.0
    allowed: Cells | None = None
    dropout: float = 0.0
    at: Heads | None = None
    ablated: Heads = frozenset()
    instead: Instead = "zero"
    positions: Positions = "kept"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.scale is not None and not math.isfinite(self.scale):
            raise ValueError(f"scale is {self.scale}; expected a finite number")
        if not 0 < self.temperature < math.inf:
            raise ValueError(f"temperature is {self.temperature}; expected a number above 0")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}; expected a share from 0 to below 1")
        if self.instead not in {"zero", "mean"}:
            raise ValueError(f"instead is {self.instead!r}; expected zero or mean")
        if self.positions not in {"kept", "zeroed", "shuffled"}:
            raise ValueError(f"positions is {self.positions!r}; expected kept, zeroed or shuffled")

    def check(self, heads: Sequence[int], n: int) -> None:
        """Raises ValueError when these edits are not for a model whose layers have so many heads, each, and a text of n
        tokens."""
        for layer, head in sorted((self.at or frozenset()) | self.ablated):
            if not (0 <= layer < len(heads) and 0 <= head < heads[layer]):
                of = " or ".join(map(str, sorted(set(heads))))
                raise ValueError(f"edits name head L{layer}·H{head}; the model has {len(heads)} layers of {of} heads")
        if self.allowed is not None and self.allowed.size != (n, n):
            raise ValueError(f"allowed is {list(self.allowed.size)}; the text has {n} tokens, so expected {[n, n]}")

    def of_record(self, record: AttentionRecord, layer: int) -> AttentionRecord:
        """The record of layer `layer` with its causes replaced."""
        if self.at is None:
            heads = torch.ones(record.n_head, 1, 1, dtype=torch.bool)
        else:
            heads = torch.tensor([(layer, head) in self.at for head in range(record.n_head)])[:, None, None]
        if heads.any():
            record = self._changed(record, heads, layer)
        off = [head for place, head in self.ablated if place == layer]
        if off and self.instead == "mean":
            return _with_means(record, off)
        if off:
            still = torch.ones(record.n_head, 1, 1)
            still[off] = 0.0
            record = replace(record, kept=still if record.kept is None else record.kept * still)
        return record

    def _changed(self, record: AttentionRecord, heads: Tensor, layer: int) -> AttentionRecord:
        """heads  bool [head, 1, 1]"""
        every = bool(heads.all())
        if self.scale is not None or self.temperature != 1:
            scale = (record.scale if self.scale is None else self.scale) / self.temperature
            record = replace(record, scale=scale if every else torch.where(heads, scale, record.scale).to(record.query))
        if self.temperature != 1 and record.cap is not None:  # so that what is divided is the capped score
            cap = record.cap / self.temperature
            record = replace(record, cap=cap if every else torch.where(heads, cap, record.cap).to(record.query))
        if self.temperature != 1 and record.bias is not None:
            record = replace(record, bias=torch.where(heads, record.bias / self.temperature, record.bias))
        if self.allowed is not None:
            allowed = self.allowed.tensor
            record = replace(record, allowed=allowed if every else torch.where(heads, allowed, record.allowed))
        if self.dropout:
            seed = torch.Generator().manual_seed(self.seed * 1_000 + layer)
            n_query, n_key = record.query.shape[-2], record.key.shape[-2]
            survives = torch.rand(record.n_head, n_query, n_key, generator=seed) >= self.dropout
            kept = torch.where(heads, survives / (1 - self.dropout), 1.0)
            record = replace(record, kept=kept)
        return record

    def order(self, n: int) -> Tensor:
        """Which position's place each of n tokens is told it has when positions are shuffled, [n]."""
        return torch.randperm(n, generator=torch.Generator().manual_seed(self.seed))

    def of_places(self, places: Tensor) -> Tensor:
        """Rows [n, …] that tell where tokens stand: as they are, all 0, or in another order."""
        if self.positions == "kept":
            return places
        return torch.zeros_like(places) if self.positions == "zeroed" else places[self.order(len(places))]

    def of_distances(self, bias: Tensor) -> Tensor:
        """A bias [head, query, key] that tells how far apart tokens stand, likewise."""
        if self.positions == "kept":
            return bias
        order = self.order(bias.shape[-1])
        return torch.zeros_like(bias) if self.positions == "zeroed" else bias[:, order][:, :, order]


def _with_means(record: AttentionRecord, heads: list[int]) -> AttentionRecord:
    """Weights sum to 1, so a head all of whose values are the mean of its contexts puts out that mean at every row."""
    group = record.n_head // record.key.shape[-3]
    key, value = (shared.repeat_interleave(group, dim=-3) for shared in (record.key, record.value))
    value[heads] = record.fused_context()[heads].mean(-2, keepdim=True)
    kept = record.kept
    if kept is not None:
        kept = kept.clone()
        kept[heads] = 1.0
    return replace(record, key=key, value=value, kept=kept)


AS_IT_IS = Edits()
