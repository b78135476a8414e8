"""What each head adds: its own vector in the residual stream, and how far that vector alone moves a prediction.

A head's context goes through its own rows of W_O; what all heads make of theirs adds up to the attention's output
(Vaswani et al. 2017, section 3.2.2; Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"). In a
pre-norm model the stream at the end is a plain sum, so each part's share of a logit can be read off: "direct logit
attribution" (Elhage et al. 2021; the idea of reading the stream early: nostalgebraist 2020, "the logit lens").
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from viz_core.recording import Recording
from viz_core.transformer import Attention, Transformer


@dataclass(frozen=True, eq=False)
class Mixing:
    """How one layer's heads become its output.

    contexts      [head, seq, d_head]         each head's result
    concatenated  [seq, head·d_head]          the same, side by side
    weight, bias  [head·d_head, d_model], [d_model] or None: W_O and b_O
    output        [seq, d_model]              concatenated · W_O + b_O
    parts         [head, seq, d_model]        each head's context times its own rows of W_O
    """

    contexts: Tensor
    concatenated: Tensor
    weight: Tensor
    bias: Tensor | None
    output: Tensor
    parts: Tensor

    @property
    def difference(self) -> float:
        """max |Δ| between concatenating and mixing, and adding up the heads' own parts."""
        added = self.parts.sum(0)
        return float((added if self.bias is None else added + self.bias).sub(self.output).abs().max())


@torch.inference_mode()
def mixing_of(transformer: Transformer, recording: Recording, layer: int, row: int | None = None) -> Mixing:
    """Of all rows, or of one (seq is 1 then). Raises IndexError when there is no such layer."""
    attention, record = _attention(transformer, layer), recording.blocks[layer].attention
    if row is not None:
        row %= len(recording.token_ids)
        record = record.rows(row, row + 1)
    contexts = record.fused_context()
    concatenated = attention.concatenate(contexts)
    return Mixing(
        contexts=contexts,
        concatenated=concatenated,
        weight=attention.output.weight.T,
        bias=attention.output.bias,
        output=attention.output(concatenated),
        parts=_own_parts(attention, contexts),
    )


@torch.inference_mode()
def head_outputs(transformer: Transformer, recording: Recording, row: int) -> Tensor:
    """[layer, head, d_model]: what each head adds at one row (in a post-norm model, before the norm)."""
    row %= len(recording.token_ids)
    contexts = (block.attention.rows(row, row + 1).context for block in recording.blocks)
    layers = enumerate(contexts)
    return torch.stack([_own_parts(_attention(transformer, layer), context)[:, 0] for layer, context in layers])


def _attention(transformer: Transformer, layer: int) -> Attention:
    return transformer.block(layer).attention


def _own_parts(attention: Attention, contexts: Tensor) -> Tensor:
    """[head, seq, d_head] → [head, seq, d_model], each by its own rows of W_O."""
    own_rows: Tensor = attention.output.weight.T.unflatten(0, (-1, contexts.shape[-1]))
    return contexts @ own_rows


@dataclass(frozen=True, eq=False)
class DirectEffects:
    """What the stream at one row is the sum of, as shares of one logit (or of the difference of two).

    embedding, position  numbers
    heads                [layer, head]
    attention_bias       [layer], b_O
    feed_forward         [layer]
    norm_bias            of the final norm: the same for every text
    """

    embedding: float
    position: float
    heads: Tensor
    attention_bias: Tensor
    feed_forward: Tensor
    norm_bias: float

    @property
    def total(self) -> float:
        """The logit itself (or the difference)."""
        several = self.heads.sum() + self.attention_bias.sum() + self.feed_forward.sum()
        return self.embedding + self.position + float(several) + self.norm_bias


@torch.inference_mode()
def direct_effects(
    transformer: Transformer, recording: Recording, row: int, token_id: int, against: int | None = None
) -> DirectEffects:
    """Shares of the logit of `token_id` at `row`, or of its lead over that of `against`.

    The final norm's divisor is held at what it is in the real pass; then the norm is linear and the shares sum to the
    logit. Raises ValueError for a post-norm model: there the stream is normalised anew after every sublayer, and is
    no sum of what the parts added.
    """
    config = transformer.config
    if config.norm_place != "pre":
        raise ValueError(f"norm_place is {config.norm_place!r}; direct effects are defined for 'pre'")
    weight, norm = transformer.unembedding.weight, transformer.final_norm
    direction = weight[token_id] if against is None else weight[token_id] - weight[against]
    stream = recording.blocks[-1].residual_out[row]
    centred = config.norm == "layernorm"
    spread = (stream - stream.mean() if centred else stream).square().mean().add(config.norm_epsilon).sqrt()
    gain = cast(Tensor, norm.weight) * direction / spread

    def effect(parts: Tensor) -> Tensor:
        return (parts - parts.mean(-1, keepdim=True) if centred else parts) @ gain

    heads = head_outputs(transformer, recording, row)
    biases = [_attention(transformer, layer).output.bias for layer in range(config.n_layer)]
    fed = torch.stack([block.residual_out[row] - block.residual_mid[row] for block in recording.blocks])
    norm_bias = cast(Tensor | None, norm.bias) if centred else None
    return DirectEffects(
        embedding=float(effect(recording.embeddings[row])),
        position=0.0 if recording.positions is None else float(effect(recording.positions[row])),
        heads=effect(heads),
        attention_bias=torch.stack([effect(torch.zeros_like(stream) if b is None else b) for b in biases]),
        feed_forward=effect(fed),
        norm_bias=0.0 if norm_bias is None else float(norm_bias @ direction),
    )
