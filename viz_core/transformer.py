"""The instrumented Transformer: computes through records, keeps no state.

    token ids ─▶ embedding (+ position) ─▶ Block × n_layer ─▶ norm ─▶ unembedding ─▶ logits

    Pre-LN block (GPT-2)                     Post-LN block (the 2017 paper)
    x ──┬─▶ norm ─▶ attention ──(+)─▶ mid    x ──┬─▶ attention ──(+)─▶ norm ─▶ mid
        └───────────────────────▶┘               └───────────────▶┘
    mid ┬─▶ norm ─▶ feed-forward ─(+)─▶ out  mid ┬─▶ feed-forward ─(+)─▶ norm ─▶ out
        └───────────────────────▶┘               └───────────────▶┘

    Decoder-only: a row sees itself and what came before. Encoder-only: it sees everything. Encoder–decoder:

    source ids ─▶ encoder ─▶ memory [source, d_model] ────────────┐ keys, values
    target ids ─▶ embedding ─▶ (self-attention ─▶ cross-attention ─▶ feed-forward) × n_layer ─▶ logits

One class for every variant of `TransformerConfig`. The same `forward` trains (with a batch axis in front)
and records (without): what is drawn is what was computed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from viz_core import masks, positions
from viz_core.attention import AttentionRecord
from viz_core.config import TransformerConfig
from viz_core.edits import AS_IT_IS, Edits
from viz_core.recording import BlockRecord, Recording, Stream

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
    edits: Edits = AS_IT_IS


class Attention(nn.Module):
    """Multi-head attention: each head looks with its own d_head-wide query, key and value.

    The heads' contexts are concatenated (not added) and mixed by W_O. Vaswani et al. 2017, section 3.2.2.
    """

    def __init__(self, config: TransformerConfig, layer: int) -> None:
        super().__init__()
        self.config, self.layer, self.scale = config, layer, config.scale(layer)
        wide, narrow = config.n_head * config.d_head, config.n_kv_head * config.d_head
        self.query = nn.Linear(config.d_model, wide, bias=config.bias)
        self.key = nn.Linear(config.d_model, narrow, bias=config.bias)
        self.value = nn.Linear(config.d_model, narrow, bias=config.bias)
        self.output = nn.Linear(wide, config.d_model, bias=config.bias)

    def forward(self, x: Tensor, around: Surroundings, memory: Tensor | None = None) -> tuple[Tensor, AttentionRecord]:
        """x [seq, d_model] → what is added to the residual [seq, d_model], and the record.

        With a memory [source, d_model], keys and values come from there: cross-attention.
        """
        query, key, value = self.projections(x, memory)
        if around.angles is not None:
            query, key = positions.rotate(query, around.angles), positions.rotate(key, around.angles)
        record = AttentionRecord(query, key, value, around.allowed, self.scale, around.bias)
        record = around.edits.of_record(record, self.layer)
        return self.output(self.concatenate(record.fused_context())), record

    def projections(self, x: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Q = XW_Q + b_Q and so on, before any rotation: [head, seq, d_head], kv_head for K and V."""
        source = x if memory is None else memory
        query, key, value = (
            linear(rows).unflatten(-1, (-1, self.config.d_head)).transpose(-3, -2)
            for linear, rows in ((self.query, x), (self.key, source), (self.value, source))
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
        self.crosses = config.architecture == "encoder_decoder"
        if self.crosses:
            self.cross_attention_norm = norm_of(config)
            self.cross_attention = Attention(config, layer)
        self.feed_forward_norm = norm_of(config)
        self.feed_forward = FeedForward(config)

    def forward(
        self, x: Tensor, around: Surroundings, memory: Tensor | None = None, across: Surroundings | None = None
    ) -> BlockRecord:
        """x [seq, d_model] → the record, whose residual_out is the next block's x.

        memory [source, d_model] is the encoder's output, `across` what its cells are; both None without one.
        """
        attended, record = self.attention(self.attention_input(x), around)
        mid = self.with_attention(x, attended)
        before, cross_record = None, None
        if self.crosses:
            before, asking = mid, self._entering(mid, self.cross_attention_norm)
            attended, cross_record = self.cross_attention(asking, across, memory)
            mid = self._added(mid, attended, self.cross_attention_norm)
        return BlockRecord(record, cross_record, Stream(x, mid, self.with_feed_forward(mid), before))

    def with_attention(self, x: Tensor, attended: Tensor) -> Tensor:
        """The residual after the attention's output has been added, [seq, d_model]."""
        return self._added(x, attended, self.attention_norm)

    def with_feed_forward(self, mid: Tensor) -> Tensor:
        """The residual after the feed-forward part, [seq, d_model]."""
        return self._added(mid, self.feed_forward(self._entering(mid, self.feed_forward_norm)), self.feed_forward_norm)

    def _entering(self, x: Tensor, norm: nn.Module) -> Tensor:
        return norm(x) if self.pre else x

    def _added(self, x: Tensor, change: Tensor, norm: nn.Module) -> Tensor:
        return x + change if self.pre else norm(x + change)

    def attention_input(self, x: Tensor) -> Tensor:
        """The X of Q = XW_Q, [seq, d_model]: the residual, normalised first in a pre-norm block."""
        return self._entering(x, self.attention_norm)


class Transformer(nn.Module):
    """Decoder-only, encoder-only or, with another Transformer as its `encoder`, both (`config.architecture`)."""

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
        self.encoder: Transformer | None = None
        if config.architecture == "encoder_decoder":
            self.encoder = Transformer(replace(config, architecture="encoder"))
        self.tie()
        self.apply(self._initialize)

    def block(self, layer: int) -> Block:
        """Layer `layer`, from 0; nn.ModuleList does not know what it holds."""
        return cast(Block, self.blocks[layer])

    def tie(self) -> None:
        """One matrix where the config says so; an encoder and its decoder always share their embedding (one
        vocabulary, Vaswani et al. 2017, section 3.4), and the encoder predicts nothing."""
        if self.config.tied:
            self.unembedding.weight = self.embedding.weight
        if self.encoder is not None:
            self.encoder.embedding.weight = self.embedding.weight
            self.encoder.unembedding.weight = self.embedding.weight

    def forward(
        self,
        token_ids: Tensor,
        last_only: bool = False,
        *,
        source_ids: Tensor | None = None,
        source_is_token: Tensor | None = None,
        progress: Callable[[int, int], None] | None = None,
        edits: Edits = AS_IT_IS,
    ) -> Recording:
        """token_ids [seq] (or [batch, seq] in training) → its recording; labels are added by the model's face.

        source_ids       [source]: what the encoder reads
        source_is_token  bool [batch, source]: False where a training batch is padded
        progress         called with (layers done, layers) before each layer of a decoder or of an encoder alone
        edits            what to change in it; of an encoder–decoder, in the decoder's self-attention. No batch axis.

        Raises ValueError on no tokens, more than the context holds, or edits for another shape.
        """
        edits.check((self.config.n_head,) * self.config.n_layer, token_ids.shape[-1])
        around = self.surroundings(token_ids.shape[-1], edits)
        if self.encoder is None:
            rows = slice(-1, None) if last_only else slice(None)
            return self._recording(token_ids, around, rows, progress=progress)
        if source_ids is None:
            raise ValueError("source_ids is None; an encoder–decoder expects the tokens of the text to be read")
        seen = masks.full(1, source_ids.shape[-1]).to(source_ids.device)
        if source_is_token is not None:
            seen = source_is_token[..., None, None, :]
        n, n_source = token_ids.shape[-1], source_ids.shape[-1]
        read = replace(self.encoder.surroundings(n_source), allowed=seen.expand(*seen.shape[:-2], n_source, -1))
        encoder = self.encoder._recording(source_ids, read, slice(0, 0))
        memory = self.encoder.final_norm(encoder.blocks[-1].residual_out)
        across = Surroundings(seen.expand(*seen.shape[:-2], n, -1), None, None)
        rows = slice(-1, None) if last_only else slice(None)
        return replace(self._recording(token_ids, around, rows, memory=memory, across=across), encoder=encoder)

    def _recording(
        self,
        token_ids: Tensor,
        around: Surroundings,
        predicting: slice,
        *,
        memory: Tensor | None = None,
        across: Surroundings | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Recording:
        """predicting: the rows that logits are made for."""
        n, limit = token_ids.shape[-1], self.config.context
        if not 0 < n <= limit:
            raise ValueError(f"{n} tokens; expected 1 to {limit}, the model's context")
        embeddings = self.embedding(token_ids)
        if self.config.scale_embedding:
            embeddings = embeddings * self.config.d_model**0.5
        added = self.added_positions(n)
        if added is not None:
            added = around.edits.of_places(added)
        x = embeddings if added is None else embeddings + added
        records: list[BlockRecord] = []
        for layer, block in enumerate(self.blocks):
            if progress is not None:
                progress(layer, len(self.blocks))
            records.append(block(x, around, memory, across))
            x = records[-1].residual_out
        logits = self.unembedding(self.final_norm(x[..., predicting, :]))
        return Recording(token_ids, embeddings, added, tuple(records), logits)

    def added_positions(self, n: int) -> Tensor | None:
        """The vectors added to the first n embeddings, [n, d_model], or None where none are."""
        if self.config.positions == "learned":
            return self.position_embedding.weight[:n]
        if self.config.positions == "sinusoidal":
            return positions.sinusoidal(n, self.config.d_model).to(self.embedding.weight.device)
        return None

    def surroundings(self, n: int, edits: Edits = AS_IT_IS) -> Surroundings:
        device = str(self.embedding.weight.device)
        angles, bias = None, None
        if self.config.positions == "rotary":
            angles = edits.of_places(positions.rotary_angles(n, self.config.d_head, self.config.rotary_base, device))
        if self.config.positions == "alibi":
            bias = edits.of_distances(positions.alibi_bias(self.config.n_head, n).to(device))
        both_sides = self.config.architecture == "encoder"
        allowed = masks.full(n, n).to(device) if both_sides else masks.causal(n, device)
        return Surroundings(allowed, angles, bias, edits)

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
