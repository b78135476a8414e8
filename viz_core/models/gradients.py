"""Gradient × attention: what a logit owes to each weight, for all layers and heads by one backward pass.

A weight α_ij mixes a value into the row's context. Put a factor of 1 beside it: the derivative of the logit by that
factor is α_ij · ∂logit/∂α_ij, the first-order estimate of what the logit loses when that one look is taken away.
Gradient × input, Shrikumar et al. 2017 ("Learning Important Features Through Propagating Activation Differences",
section 2), with the weight as the input, the softmax before it held as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from viz_core.attention import AttentionRecord
from viz_core.edits import Edits
from viz_core.recording import Recording


@dataclass(frozen=True, kw_only=True)
class _Factors(Edits):
    """Edits that change nothing, and put a factor of 1 beside every weight."""

    of_layers: list[Tensor] = field(default_factory=list, compare=False)

    def of_record(self, record: AttentionRecord, layer: int) -> AttentionRecord:  # noqa: ARG002
        cells = (record.n_head, record.query.shape[-2], record.key.shape[-2])
        self.of_layers.append(torch.ones(cells, requires_grad=True))
        return replace(record, kept=self.of_layers[-1])


def gradients(run: Callable[[Edits], Recording], row: int, token_id: int) -> list[Tensor]:
    """One [head, query, key] a layer: ∂logit/∂α ⊙ α for the logit of `token_id` at `row`; 0 where a row may not look.

    `run` makes the forward pass with the edits given, and logits for every row.
    """
    factors = _Factors()
    with torch.inference_mode(mode=False), torch.enable_grad():
        logit = run(factors).logits[row, token_id]
        return list(torch.autograd.grad(logit, factors.of_layers))
