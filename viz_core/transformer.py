"""The instrumented Transformer: computes through records, keeps no state.

    token ids ─▶ embedding (+ position) ─▶ Block × n_layer ─▶ norm ─▶ unembedding ─▶ logits

    Pre-LN block (GPT-2)                     Post-LN block (the 2017 paper)
    x ──┬─▶ norm ─▶ attention ──(+)─▶ mid    x ──┬─▶ attention ──(+)─▶ norm ─▶ mid
        └───────────────────────▶┘               └───────────────▶┘
    mid ┬─▶ norm ─▶ feed-forward ─(+)─▶ out  mid ┬─▶ feed-forward ─(+)─▶ norm ─▶ out
        └───────────────────────▶┘               └───────────────▶┘

One class for every variant of `TransformerConfig`. The same `forward` trains (with a batch axis in front)
and records (without): what is drawn is what was computed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from viz_core import masks, positions
from viz_core.attention import AttentionRecord
from viz_core.config import TransformerConfig
from viz_core.recording import BlockRecord, Recording

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,  # exact: x · Φ(x)
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),  # GPT-2's "gelu_new"
    "relu": F.relu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "swiglu": F.silu,  # of the gate; see FeedForward
}


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What every attention layer of one forward pass is told besides its input."""

    allowed: Tensor  # bool [query, key]
    angles: Tensor | None  # [seq, d_head/2], rotary only
    bias: Tensor | None  # [head, query, key], ALiBi only


class Attention(nn.Module):
    """Multi-head attention: each head looks with its own d_head-wide query, key and value.

    The heads' contexts are concatenated (not added) and mixed by W_O. Vaswani et al. 2017, section 3.2.2.
    """

    def __init__(self, config: TransformerConfig, layer: int) -> None:
        super().__init__()
        self.config, self.scale = config, config.scale(layer)
        wide, narrow = config.n_head * config.d_head, config.n_kv_head * config.d_head
        self.query = nn.Linear(config.d_model, wide, bias=config.bias)
        self.key = nn.Linear(config.d_model, narrow, bias=config.bias)
        self.value = nn.Linear(config.d_model, narrow, bias=config.bias)
        self.output = nn.Linear(wide, config.d_model, bias=config.bias)

    def forward(self, x: Tensor, around: Surroundings) -> tuple[Tensor, AttentionRecord]:
        """x [seq, d_model] → what is added to the residual [seq, d_model], and the record."""
        query, key, value = self.projections(x)
        if around.angles is not None:
            query, key = positions.rotate(query, around.angles), positions.rotate(key, around.angles)
        record = AttentionRecord(query, key, value, around.allowed, self.scale, around.bias)
        return self.output(self.concatenate(record.fused_context())), record

    def projections(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Q = XW_Q + b_Q and so on, before any rotation: [head, seq, d_head], kv_head for K and V."""
        query, key, value = (
            linear(x).unflatten(-1, (-1, self.config.d_head)).transpose(-3, -2)
            for linear in (self.query, self.key, self.value)
        )
        return query, key, value

    @staticmethod
    def concatenate(context: Tensor) -> Tensor:
        """[head, seq, d_head] → [seq, head·d_head]: the heads side by side."""
        return context.transpose(-3, -2).flatten(-2)


class FeedForward(nn.Module):
    """d_model → d_feed_forward → d_model, each position on its own.

    SwiGLU (Shazeer 2020, section 2) multiplies the activated gate into the hidden layer.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[config.activation]
        self.up = nn.Linear(config.d_model, config.d_feed_forward, bias=config.bias)
        self.gate: nn.Linear | None = None
        if config.activation == "swiglu":
            self.gate = nn.Linear(config.d_model, config.d_feed_forward, bias=config.bias)
        self.down = nn.Linear(config.d_feed_forward, config.d_model, bias=config.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.hidden(x))

    def hidden(self, x: Tensor) -> Tensor:
        """[seq, d_feed_forward], after the activation."""
        if self.gate is None:
            return self.activation(self.up(x))
        return self.activation(self.gate(x)) * self.up(x)


class Block(nn.Module):
    """Attention lets positions exchange, feed-forward works on each; both add to the residual stream."""

    def __init__(self, config: TransformerConfig, layer: int) -> None:
        super().__init__()
        self.pre = config.norm_place == "pre"
        self.attention_norm = norm_of(config)
        self.attention = Attention(config, layer)
        self.feed_forward_norm = norm_of(config)
        self.feed_forward = FeedForward(config)

    def forward(self, x: Tensor, around: Surroundings) -> BlockRecord:
        """x [seq, d_model] → the record, whose residual_out is the next block's x."""
        attended, record = self.attention(self.attention_input(x), around)
        if self.pre:
            mid = x + attended
            out = mid + self.feed_forward(self.feed_forward_norm(mid))
        else:
            mid = self.attention_norm(x + attended)
            out = self.feed_forward_norm(mid + self.feed_forward(mid))
        return BlockRecord(x, record, mid, out)

    def attention_input(self, x: Tensor) -> Tensor:
        """The X of Q = XW_Q, [seq, d_model]: the residual, normalised first in a pre-norm block."""
        return self.attention_norm(x) if self.pre else x


class Transformer(nn.Module):
    """Decoder-only: causal self-attention in every block."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        if config.positions == "learned":
            self.position_embedding = nn.Embedding(config.context, config.d_model)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.n_layer))
        # a post-norm block ends in a norm already
        self.final_norm = norm_of(config) if config.norm_place == "pre" else nn.Identity()
        self.unembedding = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.unembedding.weight = self.embedding.weight
        self.apply(self._initialize)

    def forward(self, token_ids: Tensor, last_only: bool = False) -> Recording:
        """token_ids [seq] (or [batch, seq] in training) → its recording; labels are added by the model's face.

        Raises ValueError on no tokens, or more than the context holds.
        """
        n, limit = token_ids.shape[-1], self.config.context
        if not 0 < n <= limit:
            raise ValueError(f"{n} tokens; expected 1 to {limit}, the model's context")
        embeddings = self.embedding(token_ids)
        added = self.added_positions(n)
        x = embeddings if added is None else embeddings + added
        around = self.surroundings(n)
        records: list[BlockRecord] = []
        for block in self.blocks:
            records.append(block(x, around))
            x = records[-1].residual_out
        if last_only:
            x = x[..., -1:, :]
        logits = self.unembedding(self.final_norm(x))
        return Recording(token_ids, embeddings, added, tuple(records), logits)

    def added_positions(self, n: int) -> Tensor | None:
        """The vectors added to the first n embeddings, [n, d_model], or None where none are."""
        if self.config.positions == "learned":
            return self.position_embedding.weight[:n]
        if self.config.positions == "sinusoidal":
            return positions.sinusoidal(n, self.config.d_model).to(self.embedding.weight.device)
        return None

    def surroundings(self, n: int) -> Surroundings:
        device = str(self.embedding.weight.device)
        rotary, alibi = self.config.positions == "rotary", self.config.positions == "alibi"
        return Surroundings(
            allowed=masks.causal(n, device),
            angles=positions.rotary_angles(n, self.config.d_head, self.config.rotary_base, device) if rotary else None,
            bias=positions.alibi_bias(self.config.n_head, n).to(device) if alibi else None,
        )

    def _initialize(self, module: nn.Module) -> None:
        """GPT-2's: normal with σ = 0.02, what enters the residual narrower by √(2 · layers)."""
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
        narrower = 0.02 / (2 * self.config.n_layer) ** 0.5
        if isinstance(module, Attention):
            nn.init.normal_(module.output.weight, std=narrower)
        if isinstance(module, FeedForward):
            nn.init.normal_(module.down.weight, std=narrower)


def norm_of(config: TransformerConfig) -> nn.Module:
    kind = nn.LayerNorm if config.norm == "layernorm" else nn.RMSNorm
    return kind(config.d_model, eps=config.norm_epsilon)
