"""One head's whole path, X → Q, K, V → … → concat → W_O, as the tensors of each step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from viz_core.attention import AttentionRecord
from viz_core.recording import Recording
from viz_core.transformer import Transformer


@dataclass(frozen=True, eq=False)
class Projection:
    """W [d_model, d_head], b [d_head] or None, and X·W + b [seq, d_head] before any rotation."""

    weight: Tensor
    bias: Tensor | None
    product: Tensor


@dataclass(frozen=True, eq=False)
class HeadWalk:
    """Everything the page "Inside one head" draws, for one layer and head.

    residual       [seq, d_model]  what arrives: token and position vectors, plus what earlier blocks added
    x              [seq, d_model]  the same, normalised where the model normalises before attention
    query, key, value              this head's projections of x
    record         the head's AttentionRecord, head axes of length 1
    concatenated   [seq, n_head·d_head]  all heads' contexts side by side
    output_weight  [n_head·d_head, d_model]  W_O
    own_output     [seq, d_model]  this head's share: its context times its rows of W_O
    output         [seq, d_model]  concatenated · W_O + b_O: what the layer adds to the residual
    """

    residual: Tensor
    x: Tensor
    query: Projection
    key: Projection
    value: Projection
    record: AttentionRecord
    concatenated: Tensor
    output_weight: Tensor
    own_output: Tensor
    output: Tensor


@torch.inference_mode()
def head_walk(transformer: Transformer, recording: Recording, layer: int, head: int) -> HeadWalk:
    """Raises IndexError when there is no such layer or head."""
    if not 0 <= layer < len(recording.blocks):
        raise IndexError(f"layer {layer}; this model has layers 0 to {len(recording.blocks) - 1}")
    block, config = transformer.block(layer), transformer.config
    attention = block.attention
    residual, layer_record = recording.blocks[layer].residual_in, recording.blocks[layer].attention
    record = layer_record.head(head)
    x = block.attention_input(residual)
    kv_head = head * config.n_kv_head // config.n_head
    concatenated = attention.concatenate(layer_record.fused_context())  # as the forward pass did
    output_weight = attention.output.weight.T
    own_rows = slice(head * config.d_head, (head + 1) * config.d_head)
    return HeadWalk(
        residual=residual,
        x=x,
        query=_projection(attention.query, x, head, config.d_head),
        key=_projection(attention.key, x, kv_head, config.d_head),
        value=_projection(attention.value, x, kv_head, config.d_head),
        record=record,
        concatenated=concatenated,
        output_weight=output_weight,
        own_output=concatenated[:, own_rows] @ output_weight[own_rows],
        output=attention.output(concatenated),
    )


def _projection(linear: torch.nn.Linear, x: Tensor, head: int, d_head: int) -> Projection:
    columns = slice(head * d_head, (head + 1) * d_head)
    weight = linear.weight[columns].T
    bias = None if linear.bias is None else linear.bias[columns]
    return Projection(weight, bias, x @ weight if bias is None else x @ weight + bias)
