"""A model whose heads are made to share keys and values: the first step by which Ainslie et al. 2023 ("GQA",
section 2.1) turn multi-head into grouped-query attention. They then train it on; here nothing is trained."""

import torch
from torch import Tensor
from torch.func import functional_call

from viz_core.recording import Recording
from viz_core.transformer import Transformer


@torch.inference_mode()
def with_shared_keys(
    transformer: Transformer, token_ids: Tensor, n_kv_head: int, *, last_only: bool = True
) -> Recording:
    """What the model makes of the text when every group of key/value heads uses the mean of their projections.

    Raises ValueError unless n_kv_head divides the model's own number.
    """
    config = transformer.config
    if n_kv_head < 1 or config.n_kv_head % n_kv_head:
        raise ValueError(f"n_kv_head is {n_kv_head}; expected a divisor of the model's own {config.n_kv_head}")

    def shared(weight: Tensor) -> Tensor:
        groups = weight.unflatten(0, (n_kv_head, config.n_kv_head // n_kv_head, config.d_head))
        means: Tensor = groups.mean(1, keepdim=True)
        return means.expand_as(groups).reshape(weight.shape)

    ends = tuple(f"attention.{name}.{kind}" for name in ("key", "value") for kind in ("weight", "bias"))
    pooled = {name: shared(weight) for name, weight in transformer.named_parameters() if name.endswith(ends)}
    recording: Recording = functional_call(transformer, pooled, (token_ids,), {"last_only": last_only})
    return recording
