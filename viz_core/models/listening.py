"""Any model of the transformers library, run by its own code, leaves its attention's causes behind.

transformers lets one register a function that computes attention, and hands it what each layer computes with: q, k, v
(rotated already, where the model rotates), the mask and the scale. Ours keeps these as an `AttentionRecord`, makes the
edits in it, and gives back the record's own context: what is drawn is what the model went on with.

    a layer of the model ─▶ q, k, v, mask, scale ─▶ AttentionRecord ─▶ context ─▶ the same layer goes on

Nothing is hooked and nothing remembered on the model: where records go is said by a context variable, which every
thread has its own of, so any number of visitors share one model.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from viz_core.attention import AttentionRecord

NAME = "viz_core"  # of our function, among "eager", "sdpa", …
NEVER = -1e4  # models write −∞ as some large number; e^−10,000 is 0 in float32


@dataclass(eq=False)
class Heard:
    """One forward pass: a record of every attention computed, in that order.

    change  makes the record of attention `number` (from 0) another one, before its context is worked out
    """

    change: Callable[[AttentionRecord, int], AttentionRecord] = lambda record, _number: record
    records: list[AttentionRecord] = field(default_factory=list)

    def take(self, record: AttentionRecord) -> AttentionRecord:
        record = self.change(record, len(self.records))
        self.records.append(record)
        return record


class NotReproducible(Exception):
    """The model computes attention in a way that an `AttentionRecord` cannot say. The message names it."""


_now: ContextVar[Heard | None] = ContextVar("heard", default=None)


@contextmanager
def listening(heard: Heard) -> Iterator[Heard]:
    """Attention computed inside, in this thread, by models prepared with `listen_to` goes to `heard`."""
    token = _now.set(heard)
    try:
        yield heard
    finally:
        _now.reset(token)


def now() -> Heard | None:
    """Who listens in this thread, if anybody."""
    return _now.get()


def listen_to(model: PreTrainedModel) -> None:
    """Let the model compute its attention by our function, from now on."""
    model.set_attn_implementation(NAME)


def attention(  # noqa: PLR0917  transformers' own order
    module: nn.Module,  # noqa: ARG001  of whose layer; the order says as much
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,  # noqa: ARG001  in evaluation there is none
    scaling: float | None = None,
    softcap: float | None = None,
    position_bias: Tensor | None = None,
    s_aux: Tensor | None = None,
    **_others: Any,
) -> tuple[Tensor, Tensor | None]:
    """What transformers calls: [batch, head, seq, d_head] each → [batch, seq, head, d_head], and no weights.

    Raises NotReproducible for a part that the record has no place for.
    """
    if s_aux is not None:
        raise NotReproducible("each head has a learned score that takes part in the softmax and belongs to no token")
    scale = query.shape[-1] ** -0.5 if scaling is None else float(scaling)
    records = []
    for at in range(len(query)):  # one, but for a model that somebody uses besides
        mask = None if attention_mask is None else attention_mask[min(at, len(attention_mask) - 1)]
        allowed, bias = cells_of(mask, query.shape[-2], key.shape[-2], query.device)
        if position_bias is not None:
            place = position_bias[min(at, len(position_bias) - 1)]
            bias = place if bias is None else bias + place
        bias = None if bias is None else bias.expand(query.shape[1], -1, -1)
        records.append(AttentionRecord(query[at], key[at], value[at], allowed, scale, bias, cap=softcap))
    heard = now()
    if heard is not None:
        records = [heard.take(record) for record in records]
    return torch.stack([record.fused_context() for record in records]).transpose(1, 2).contiguous(), None


def cells_of(mask: Tensor | None, n_query: int, n_key: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
    """mask [1 or head, 1 or query, keys] → allowed [query, key] or [head, query, key], and what the mask adds to scores
    besides, or None."""
    if mask is None:
        return torch.ones(n_query, n_key, dtype=torch.bool, device=device), None
    cells = mask[..., :n_key].expand(-1, n_query, -1)
    cells = cells[0] if cells.shape[0] == 1 else cells
    if cells.dtype == torch.bool:
        return cells, None
    allowed = cells > NEVER
    added = torch.where(allowed, cells, 0.0)
    return allowed, added if bool((added != 0).any()) else None


def allowed_cells(**asked: Any) -> Tensor | None:
    """The mask as bool cells, always written out: a missing one would have to be guessed."""
    return sdpa_mask(**(asked | {"allow_is_causal_skip": False, "allow_is_bidirectional_skip": False}))


AttentionInterface.register(NAME, attention)
AttentionMaskInterface.register(NAME, allowed_cells)
