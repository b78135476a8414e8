"""The feed-forward of one layer on one text: what its hidden neurons do, and what each one writes.

Sources: Vaswani et al. 2017, section 3.3; Shazeer 2020, "GLU Variants Improve Transformer" (SwiGLU); Geva et al. 2022,
"Transformer Feed-Forward Layers Build Predictions by Promoting Concepts in the Vocabulary Space", section 3.1.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from viz_core.recording import Recording
from viz_core.transformer import ACTIVATIONS, Transformer


@dataclass(frozen=True, eq=False)
class Neurons:
    """Of some rows of the text.

    before  [row, d_feed_forward]: what enters the activation (of a gated layer, the gate's)
    hidden  [row, d_feed_forward]: what leaves it (of a gated layer, times the other linear map)
    writes  [d_feed_forward]: ‖the column of W_down‖: how much 1 of a neuron adds to the stream
    """

    before: Tensor
    hidden: Tensor
    writes: Tensor

    @property
    def positive(self) -> Tensor:
        """[row]: share of neurons whose input is above 0."""
        return (self.before > 0).float().mean(-1)

    @property
    def shut(self) -> Tensor:
        """[row]: share of neurons that are 0 to three decimals: they write next to nothing."""
        return (self.hidden.abs() < 0.0005).float().mean(-1)

    def strongest(self, row: int, count: int) -> list[int]:
        """The neurons that write most for that row's token, by |hidden| · ‖W_down column‖, largest first."""
        return (self.hidden[row].abs() * self.writes).topk(min(count, len(self.writes))).indices.tolist()

    def strongest_of_all(self, count: int) -> list[int]:
        """Those that write most for any token, largest first."""
        return (self.hidden.abs().amax(0) * self.writes).topk(min(count, len(self.writes))).indices.tolist()


@torch.inference_mode()
def neurons_of(transformer: Transformer, recording: Recording, layer: int, rows: slice = slice(None)) -> Neurons:
    module = transformer.block(layer)
    feed_forward, x = module.feed_forward, recording.blocks[layer].residual_mid[rows]
    x = module.feed_forward_norm(x) if module.pre else x
    before = feed_forward.up(x) if feed_forward.gate is None else feed_forward.gate(x)
    return Neurons(before, feed_forward.hidden(x), feed_forward.down.weight.norm(dim=0))


@torch.inference_mode()
def promoted(transformer: Transformer, layer: int, neuron: int, count: int) -> tuple[list[int], list[int]]:
    """The tokens whose logits rise, and those that fall, most when the neuron is above 0, by the direct path alone: its
    column of W_down, through the final norm's gain and the unembedding. What later layers make of it is left out.

    Raises ValueError for a post-norm model, in which every later block normalises the stream: no such path is linear.
    """
    if transformer.config.norm_place == "post":
        raise ValueError("norm_place is 'post'; expected 'pre': only there does the stream reach the logits directly")
    module = transformer.block(layer)
    direction = module.feed_forward.down.weight[:, neuron]
    if transformer.config.norm == "layernorm":
        direction = direction - direction.mean()
    logits = transformer.unembedding(direction * cast(Tensor, transformer.final_norm.weight))
    return logits.topk(count).indices.tolist(), logits.topk(count, largest=False).indices.tolist()


def curve(activation: str, x: Tensor) -> Tensor:
    """An activation by its name in a configuration; "swiglu" is its gate's."""
    return ACTIVATIONS[activation](x)
