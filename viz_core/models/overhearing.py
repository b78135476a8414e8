"""A model of one's own: any nn.Module that computes attention by PyTorch's own function is heard through that function.

    logits = module(token_ids)      [1, seq] → [1, seq, vocab], or a tuple or an object that begins with it, has it

Nothing in the module need know: what it gives to `torch.nn.functional.scaled_dot_product_attention` becomes an
`AttentionRecord`, and what comes back is the record's own context.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from viz_core import masks
from viz_core.attention import AttentionRecord
from viz_core.language import _
from viz_core.models.errors import WeightsUnavailable
from viz_core.models.listening import cells_of, now


class _Overhearing(TorchFunctionMode):
    """In this thread, and while it lasts."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        heard = now()
        if heard is None or func is not F.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        return heard.take(_record(*args, **(kwargs or {}))).fused_context()[None]


def _record(  # noqa: PLR0917  PyTorch's own order
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,  # noqa: ARG001  in evaluation there is none
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,  # noqa: ARG001  the shapes say so
) -> AttentionRecord:
    """[1, head, seq, d_head] each, as PyTorch's function takes them."""
    if query.dim() != 4 or query.shape[0] != 1:
        message = _("This model's attention is given queries of shape {shape}; expected [1, head, seq, d_head].")
        raise WeightsUnavailable(message.format(shape=list(query.shape)))
    n_query, n_key = query.shape[-2], key.shape[-2]
    if is_causal and n_query == n_key:
        allowed, bias = masks.causal(n_query), None
    else:
        given = torch.ones(n_query, n_key, dtype=torch.bool).tril() if is_causal else attn_mask
        given = given if given is None else given.reshape((1,) * (4 - given.dim()) + given.shape)[0]
        allowed, bias = cells_of(given, n_query, n_key, query.device)
    bias = None if bias is None else bias.expand(query.shape[1], -1, -1)
    return AttentionRecord(
        query[0], key[0], value[0], allowed, query.shape[-1] ** -0.5 if scale is None else float(scale), bias
    )


@dataclass(frozen=True, eq=False)
class _Answer:
    logits: Tensor


@dataclass(frozen=True, eq=False)
class Overheard:
    """The module with what `Foreign` asks of a model."""

    module: nn.Module
    embedding: nn.Embedding

    def __call__(self, input_ids: Tensor) -> _Answer:
        with _Overhearing():
            return _Answer(logits_of(self.module(input_ids)))

    def get_input_embeddings(self) -> nn.Embedding:
        return self.embedding

    def parameters(self) -> Iterator[nn.Parameter]:
        return self.module.parameters()


def logits_of(answer: Any) -> Tensor:
    """Raises WeightsUnavailable where there are none."""
    found = getattr(answer, "logits", answer)
    found = found[0] if isinstance(found, tuple | list) and found else found
    if not isinstance(found, Tensor) or found.dim() != 3:
        message = _("Called with token ids this model gives {found}; expected logits, [1, seq, vocab].")
        shape = f"{type(found).__name__} {list(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise WeightsUnavailable(message.format(found=shape))
    return found
