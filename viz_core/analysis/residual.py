"""The residual stream: the vector of each token after every step, what the steps add to it, and the norms on its way.

Sources: Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits" (the stream that all layers add to);
Ba et al. 2016 (LayerNorm, equations 3 and 4); Zhang & Sennrich 2019 (RMSNorm, equation 4).
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn

from viz_core.recording import BlockRecord, Recording
from viz_core.transformer import Block, Transformer

Place = Literal["embedding", "attention", "feed_forward", "final"]


class Step(NamedTuple):
    """Where in the stream: what was just added, and by which layer (−1 for the embedding)."""

    place: Place
    layer: int


@dataclass(frozen=True, eq=False)
class Stream:
    """The stream after the embedding, after each attention and after each feed-forward.

    steps   2 · layers + 1 of them
    norms   [step, token]: ‖x‖ after the step
    added   [step − 1, token]: ‖f(x)‖, what attention or feed-forward wrote, from the step "attention, layer 0" on
    cosine  [step − 1, token]: of f(x) with the x it is added to: below 0 it takes away from what was there
    """

    steps: tuple[Step, ...]
    norms: Tensor
    added: Tensor
    cosine: Tensor


@torch.inference_mode()
def stream_of(transformer: Transformer, recording: Recording) -> Stream:
    """Of a recording without a batch axis."""
    steps, norms = [Step("embedding", -1)], [recording.blocks[0].residual_in.norm(dim=-1)]
    added, cosine = [], []
    for layer, (module, block) in enumerate(zip(transformer.blocks, recording.blocks, strict=True)):
        wrote = written(cast(Block, module), block)
        came = (block.residual_in, block.residual_mid)
        left = (block.residual_mid, block.residual_out)
        for place, change, before, after in zip(("attention", "feed_forward"), wrote, came, left, strict=True):
            steps.append(Step(cast(Place, place), layer))
            norms.append(after.norm(dim=-1))
            added.append(change.norm(dim=-1))
            cosine.append(torch.cosine_similarity(before, change, dim=-1))
    return Stream(tuple(steps), torch.stack(norms), torch.stack(added), torch.stack(cosine))


@torch.inference_mode()
def written(module: Block, block: BlockRecord) -> tuple[Tensor, Tensor]:
    """f(x) of a block's attention and of its feed-forward, each [seq, d_model]: what they add to the stream, before a
    post-norm block normalises the sum."""
    if module.pre:
        return block.residual_mid - block.residual_in, block.residual_out - block.residual_mid
    attended = module.attention.output(module.attention.concatenate(block.attention.fused_context()))
    return attended, module.feed_forward(block.residual_mid)


@dataclass(frozen=True, eq=False)
class Normed:
    """One norm of the model on every token.

    before      [seq, d_model]  what enters it
    mean        [seq]           of the components that enter
    variance    [seq]           of them, divided by d_model (not by d_model − 1)
    layernorm   [seq, d_model]  (x − mean) / √(variance + ε)
    rmsnorm     [seq, d_model]  x / √(mean of x² + ε)
    after       [seq, d_model]  what leaves it: the model's own of the two, times its gain, plus its bias
    gain        [d_model]
    bias        [d_model], or None where it has none
    epsilon
    """

    before: Tensor
    mean: Tensor
    variance: Tensor
    layernorm: Tensor
    rmsnorm: Tensor
    after: Tensor
    gain: Tensor
    bias: Tensor | None
    epsilon: float


@torch.inference_mode()
def normed(transformer: Transformer, recording: Recording, place: Place, layer: int) -> Normed:
    """The norm before a layer's attention or feed-forward (after it and its sum, in a post-norm model), or the final
    one, for which `layer` plays no part.

    Raises ValueError where the model has no such norm: the final one of a post-norm model.
    """
    norm, before = _norm(transformer, recording, place, layer)
    epsilon = norm.eps if norm.eps is not None else torch.finfo(before.dtype).eps
    mean, variance = before.mean(-1), before.var(-1, correction=0)
    return Normed(
        before=before,
        mean=mean,
        variance=variance,
        layernorm=(before - mean[:, None]) / (variance[:, None] + epsilon).sqrt(),
        rmsnorm=before / (before.square().mean(-1, keepdim=True) + epsilon).sqrt(),
        after=norm(before),
        gain=cast(Tensor, norm.weight),
        bias=getattr(norm, "bias", None),
        epsilon=epsilon,
    )


def _norm(
    transformer: Transformer, recording: Recording, place: Place, layer: int
) -> tuple[nn.LayerNorm | nn.RMSNorm, Tensor]:
    """The module, and what enters it."""
    kinds = nn.LayerNorm | nn.RMSNorm
    if place == "final":
        if not isinstance(transformer.final_norm, kinds):
            raise ValueError("place is 'final'; a post-norm model has no final norm, its last block ends in one")
        return transformer.final_norm, recording.blocks[-1].residual_out
    module, block = transformer.block(layer), recording.blocks[layer]
    if place not in {"attention", "feed_forward"}:
        raise ValueError(f"place is {place!r}; expected attention, feed_forward or final")
    index = 0 if place == "attention" else 1
    before = (block.residual_in, block.residual_mid)[index]
    norm = (module.attention_norm, module.feed_forward_norm)[index]
    if not module.pre:
        before = before + written(module, block)[index]
    return cast(nn.LayerNorm | nn.RMSNorm, norm), before
