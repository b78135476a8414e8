"""Post-LN against Pre-LN before training: how activations and gradients go through a stack of random blocks.

    Post-LN (Vaswani et al. 2017)   x ← LN(x + f(x))
    Pre-LN  (GPT-2)                 x ← x + f(LN(x))

Source: Xiong et al. 2020, "On Layer Normalization in the Transformer Architecture", section 3: lemma 2 (how large the
stream grows) and theorem 1 (gradient of the last feed-forward matrix: independent of depth in Post-LN, ∝ 1/√L in
Pre-LN).
"""

from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from viz_core.config import NormPlace, TransformerConfig
from viz_core.transformer import Block, Transformer

Start = Literal["xavier", "gpt2"]
SHAPE = {"vocab_size": 256, "n_head": 4, "d_model": 64, "context": 64}
TEXTS, SEEDS = 2, 8  # random texts of 64 tokens in a batch, and stacks: one alone says little
STACKED = (2, 4, 8, 16, 32)  # depths that are compared


@dataclass(frozen=True, eq=False)
class Depth:
    """Of SEEDS stacks of L random blocks.

    norms  [L + 1]      ‖x‖ / √d_model of a token: before the first block, after each; mean over the stacks
    each   [SEEDS, L]   ‖∂loss/∂W‖ of each block's second feed-forward matrix; the loss is that of the next token
    """

    norms: Tensor
    each: Tensor

    @property
    def gradients(self) -> Tensor:
        """[L], means over the stacks."""
        return self.each.mean(0)

    @property
    def first_to_last(self) -> Tensor:
        """[SEEDS]: the first block's gradient as a share of the last's, in each stack."""
        return self.each[:, 0] / self.each[:, -1]


def depth_of(place: NormPlace, layers: int, start: Start) -> Depth:
    """Measured, not looked up: some 20 ms for each stack of 32 blocks."""
    with torch.inference_mode(False), torch.enable_grad():
        settings = {"n_layer": layers, "norm_place": place, "positions": "none", "activation": "relu", "tied": False}
        stack = Transformer(TransformerConfig.from_dict(SHAPE | settings))  # one, whose weights are drawn anew
        found = [_one(stack, start, seed) for seed in range(SEEDS)]
    norms, gradients = (torch.stack(values) for values in zip(*found, strict=True))
    return Depth(norms.mean(0), gradients)


def _one(stack: Transformer, start: Start, seed: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    _draw(stack, start, random)
    token_ids = torch.randint(SHAPE["vocab_size"], (TEXTS, SHAPE["context"]), generator=random)
    recording = stack(token_ids)
    F.cross_entropy(recording.logits[:, :-1].flatten(0, 1), token_ids[:, 1:].flatten()).backward()
    stream = [recording.blocks[0].residual_in, *(block.residual_out for block in recording.blocks)]
    norms = [x.detach().norm(dim=-1).mean() / SHAPE["d_model"] ** 0.5 for x in stream]
    gradients = [cast(Tensor, cast(Block, block).feed_forward.down.weight.grad).norm() for block in stack.blocks]
    return torch.stack(norms), torch.stack(gradients)


def _draw(stack: Transformer, start: Start, random: torch.Generator) -> None:
    """All weight matrices are drawn from `random`, and gradients forgotten.

    xavier  the paper's: every matrix uniform by fan-in and fan-out (Glorot & Bengio 2010), so that what a block adds is
            about as large as what it is given
    gpt2    normal, σ = 0.02, what enters the stream narrower by √(2 · layers): blocks add little
    Embeddings have components of variance 1 in both.
    """
    stack.zero_grad()
    for name, weight in stack.named_parameters():
        if name.startswith("embedding"):
            nn.init.normal_(weight, generator=random)
        elif weight.dim() == 2 and start == "xavier":
            nn.init.xavier_uniform_(weight, generator=random)
        elif weight.dim() == 2:
            into_stream = name.endswith(("attention.output.weight", "down.weight"))
            nn.init.normal_(
                weight, std=0.02 / (2 * stack.config.n_layer) ** 0.5 if into_stream else 0.02, generator=random
            )
