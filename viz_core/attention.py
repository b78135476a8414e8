"""Scaled dot-product attention that keeps its causes.

    scores ──× scale──▶ scaled_scores ──cap, + bias, forbid──▶ masked_scores ──softmax──▶ weights ──· value──▶ context

An `AttentionRecord` holds only what cannot be recomputed: query, key, value, which cells are allowed,
and the scale. Every stage is derived from those on demand, each by one line from the one before it, so
a picture of a stage cannot disagree with the computation, and a what-if is the same record with one
cause replaced: ``dataclasses.replace(record, scale=1.0)`` is attention without the division by √d_k.

Axes, everywhere in this program: rows are queries, columns are keys ("row looks at column").

Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.1, equation 1.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from viz_core import masks


class Stages(NamedTuple):
    """The stages of an `AttentionRecord`, in the order they follow from each other."""

    scores: Tensor
    scaled_scores: Tensor
    masked_scores: Tensor
    weights: Tensor
    context: Tensor


@dataclass(frozen=True, eq=False)
class AttentionRecord:
    """What one attention layer did to one text.

    Shapes are those of a recording; a training batch puts its batch axis in front of every tensor.

    query    [head, query, d_head]
    key      [kv_head, key, d_head]    kv_head divides head (grouped-query attention)
    value    [kv_head, key, d_value]
    allowed  bool, [query, key] or [head, query, key]; True = the row may look at the column
    scale    what scores are multiplied by: 1/√d_head unless the model says otherwise; a number, or one for each
             head, [head, 1, 1]
    bias     [head, query, key], added after scaling (ALiBi), or None
    cap      scaled scores are bent to lie within ±cap, cap · tanh(score / cap) (Gemma 2, section 2); a number, one for
             each head, [head, 1, 1], or None
    kept     what weights are multiplied by before they mix the values: [head, query, key] of 0 and 1/(1−p) where
             dropout struck (Srivastava et al. 2014), [head, 1, 1] with 0 for a head switched off, or None

    Raises ValueError naming the field, its shape and the shape expected.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    allowed: Tensor
    scale: float | Tensor
    bias: Tensor | None = None
    kept: Tensor | None = None
    cap: float | Tensor | None = None

    def __post_init__(self) -> None:
        if self.query.dim() < 3:
            raise ValueError(f"query is {list(self.query.shape)}; expected [head, query, d_head]")
        *batch, head, n_query, d_head = self.query.shape
        if self.key.dim() != self.query.dim():
            raise ValueError(f"key is {list(self.key.shape)}; expected [kv_head, key, {d_head}]")
        *_, kv_head, n_key, _ = self.key.shape
        cells = (head, n_query, n_key)
        if head % kv_head:
            raise ValueError(f"key has {kv_head} heads; expected a divisor of the query's {head} heads")
        if self.key.shape != (*batch, kv_head, n_key, d_head):
            raise ValueError(f"key is {list(self.key.shape)}; expected [kv_head, key, {d_head}] like the query")
        if self.value.shape[:-1] != self.key.shape[:-1]:
            raise ValueError(f"value is {list(self.value.shape)}; expected [{kv_head}, {n_key}, d_value]")
        if self.allowed.dtype != torch.bool:
            raise ValueError(f"allowed is {self.allowed.dtype}; expected torch.bool, True = may look")
        shapes = {cells[1:], cells, (1, *cells[1:]), (*batch, *cells), (*batch, 1, *cells[1:])}
        if tuple(self.allowed.shape) not in shapes:
            raise ValueError(f"allowed is {list(self.allowed.shape)}; expected {list(cells[1:])} or {list(cells)}")
        if self.bias is not None and self.bias.shape != cells:
            raise ValueError(f"bias is {list(self.bias.shape)}; expected {list(cells)}")
        self._check_factors(cells)

    def _check_factors(self, cells: tuple[int, int, int]) -> None:
        head = cells[0]
        for name, factor in (("scale", self.scale), ("cap", self.cap)):
            if isinstance(factor, Tensor) and factor.shape != (head, 1, 1):
                raise ValueError(f"{name} is {list(factor.shape)}; expected a number or {[head, 1, 1]}")
        if self.kept is not None and self.kept.shape not in {cells, (head, 1, 1)}:
            raise ValueError(f"kept is {list(self.kept.shape)}; expected {list(cells)} or {[head, 1, 1]}")

    # -- the mechanism: each stage in one line from the one before ------------------------------------

    @property
    def scores(self) -> Tensor:
        """QKᵀ, [head, query, key]: how well each query matches each key; unbounded, no unit."""
        return self.query @ self._per_query_head(self.key).mT

    @property
    def scaled_scores(self) -> Tensor:
        """QKᵀ/√d_k, [head, query, key]: of unit variance when the components of q and k are."""
        return self._scaled(self.scores)

    @property
    def masked_scores(self) -> Tensor:
        """Scaled scores (capped) plus bias, −inf where the row may not look, [head, query, key]."""
        return self._masked(self.scaled_scores)

    @property
    def weights(self) -> Tensor:
        """softmax over keys, [head, query, key]: rows sum to 1; a row that may look nowhere is all 0."""
        return self._shared_out(self.masked_scores)

    @property
    def context(self) -> Tensor:
        """weights · V, [head, query, d_value]: each row a mixture of the values it looked at (and that were kept)."""
        return self._mixed(self.weights)

    def stages(self) -> "Stages":
        """All five, each computed once."""
        scores = self.scores
        scaled = self._scaled(scores)
        masked = self._masked(scaled)
        weights = self._shared_out(masked)
        return Stages(scores, scaled, masked, weights, self._mixed(weights))

    def _scaled(self, scores: Tensor) -> Tensor:
        return scores * self.scale

    def _masked(self, scaled: Tensor) -> Tensor:
        capped = scaled if self.cap is None else self.cap * torch.tanh(scaled / self.cap)
        return torch.where(self.allowed, capped if self.bias is None else capped + self.bias, -torch.inf)

    def _shared_out(self, masked: Tensor) -> Tensor:
        return torch.where(self.allowed, torch.softmax(masked, dim=-1), 0.0)

    def _mixed(self, weights: Tensor) -> Tensor:
        mixing = weights if self.kept is None else weights * self.kept
        return mixing @ self._per_query_head(self.value)

    # -- the same result the fast way ------------------------------------------------------------------

    def fused_context(self) -> Tensor:
        """`context` by PyTorch's fused kernel, without forming [query, key]: what the forward pass uses.

        The difference between this and `context` is the badge of truth on every map.
        """
        if self.cap is not None or (self.kept is not None and self.kept.shape[-1] > 1):
            return self.context  # no kernel takes a given dropout, or a cap
        query, key, value = self.query, self._per_query_head(self.key), self._per_query_head(self.value)
        scale = self.scale
        if isinstance(scale, Tensor) or scale <= 0:  # the kernel takes one number above 0
            query, scale = query * scale, 1.0
        # The fused kernels want a batch axis; without one PyTorch falls back to the slow path.
        unbatched = query.dim() == 3
        if unbatched:
            query, key, value = query[None], key[None], value[None]
        mask: Tensor | None = self.allowed
        causal = self.bias is None and masks.is_causal(self.allowed)
        if causal:
            mask = None  # says the same as `allowed`, and lets the kernel skip the upper triangle
        elif self.bias is not None:
            mask = self.bias.masked_fill(~self.allowed, -torch.inf)
        context = F.scaled_dot_product_attention(query, key, value, mask, is_causal=causal, scale=scale)
        context = context[0] if unbatched else context
        return context if self.kept is None else context * self.kept

    # -- parts -----------------------------------------------------------------------------------------

    @property
    def divisor(self) -> float:
        """What the scores of a record of one head are divided by; ∞ where they are multiplied by 0."""
        return 1 / float(self.scale) if self.scale else math.inf

    @property
    def bound(self) -> float | None:
        """What no scaled score of a record of one head leaves, ±; None where they are not capped."""
        return None if self.cap is None else float(self.cap)

    @property
    def n_head(self) -> int:
        return self.query.shape[-3]

    def head(self, index: int) -> "AttentionRecord":
        """The record of one head, its head axes of length 1: derive only what is drawn.

        Raises IndexError when there is no such head.
        """
        if not 0 <= index < self.n_head:
            raise IndexError(f"head {index} asked for; this layer has heads 0 to {self.n_head - 1}")
        kv = index // self._group
        return replace(
            self,
            query=self.query[..., index : index + 1, :, :],
            key=self.key[..., kv : kv + 1, :, :],
            value=self.value[..., kv : kv + 1, :, :],
            allowed=self._cells_of(self.allowed, index),
            scale=float(self.scale[index]) if isinstance(self.scale, Tensor) else self.scale,
            bias=None if self.bias is None else self._cells_of(self.bias, index),
            kept=None if self.kept is None else self.kept[index : index + 1],
            cap=float(self.cap[index]) if isinstance(self.cap, Tensor) else self.cap,
        )

    def rows(self, start: int, stop: int) -> "AttentionRecord":
        """The record of some rows, without the last keys that none of them may look at: of a causal head's rows to
        1,000 the weights are as large as needed, and no larger.
        """
        allowed = self.allowed[..., start:stop, :]
        seen = allowed.flatten(0, -2).to(torch.uint8).amax(0).nonzero()  # `any` over rows is ten times slower
        keys = int(seen[-1]) + 1 if len(seen) else 1
        return replace(
            self,
            query=self.query[..., start:stop, :],
            key=self.key[..., :keys, :],
            value=self.value[..., :keys, :],
            allowed=allowed[..., :keys],
            bias=None if self.bias is None else self.bias[..., start:stop, :keys],
            kept=self.kept if self.kept is None or self.kept.shape[-1] == 1 else self.kept[..., start:stop, :keys],
        )

    def _cells_of(self, cells: Tensor, index: int) -> Tensor:
        per_head = cells.dim() > 2 and cells.shape[-3] == self.n_head
        return cells[..., index : index + 1, :, :] if per_head else cells

    @property
    def _group(self) -> int:
        return self.n_head // self.key.shape[-3]

    def _per_query_head(self, shared: Tensor) -> Tensor:
        """[kv_head, …] → [head, …]: query heads of one group read the same key and value head."""
        return shared if self._group == 1 else shared.repeat_interleave(self._group, dim=-3)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        values = (getattr(self, field.name) for field in fields(self))
        return tuple(value for value in values if isinstance(value, Tensor))
