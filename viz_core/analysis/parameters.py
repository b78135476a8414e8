"""How many numbers a multi-head attention layer learns, and how many it keeps for each token it has read."""

from dataclasses import dataclass

from torch import nn

from viz_core.config import TransformerConfig
from viz_core.transformer import Transformer


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes that decide it. `n_layer` counts attention layers: an encoder–decoder's cross-attention is one too.

    all_parameters  of the whole model, as measured or as published; 0 where nobody says
    context         the longest text it was made for, in tokens; 0 where that is no matter here
    window          how far back a token looks at most: older keys are dropped; 0 = no limit
    """

    d_model: int
    n_head: int
    d_head: int
    n_layer: int
    n_kv_head: int
    bias: bool = False
    all_parameters: int = 0
    context: int = 0
    window: int = 0

    @property
    def one_head(self) -> int:
        """One head's W_Q, likewise its W_K or W_V: d_model × d_head."""
        return self.d_model * self.d_head

    @property
    def query(self) -> int:
        return self.n_head * self.one_head

    @property
    def key(self) -> int:
        """All of W_K; W_V is as large."""
        return self.n_kv_head * self.one_head

    @property
    def output(self) -> int:
        """W_O, (n_head · d_head) × d_model."""
        return self.n_head * self.d_head * self.d_model

    @property
    def biases(self) -> int:
        """b_Q, b_K, b_V and b_O."""
        return ((self.n_head + 2 * self.n_kv_head) * self.d_head + self.d_model) * self.bias

    @property
    def layer(self) -> int:
        """All of one attention layer."""
        return self.query + 2 * self.key + self.output + self.biases

    @property
    def total(self) -> int:
        """All attention layers."""
        return self.n_layer * self.layer

    def cache_bytes(self, tokens: int = 1, width: int = 2) -> int:
        """Bytes of keys and values kept for `tokens` tokens, `width` bytes a number (2: float16)."""
        kept = min(tokens, self.window) if self.window else tokens
        return kept * 2 * self.n_layer * self.n_kv_head * self.d_head * width


def shape_of(transformer: Transformer) -> Shape:
    """The loaded model's; parameters that two matrices share are counted once."""
    config: TransformerConfig = transformer.config
    return Shape(
        d_model=config.d_model,
        n_head=config.n_head,
        d_head=config.d_head,
        n_layer=config.n_layer,
        n_kv_head=config.n_kv_head,
        bias=config.bias,
        all_parameters=counted(transformer),
        context=config.context,
    )


def kinds_of(transformer: Transformer) -> dict[str, int]:
    """What a loaded model's numbers are for: attention, feed-forward, tokens, unembedding (where it has a matrix of its
    own), positions, norms. They sum to all there are."""
    blocks = [transformer.block(layer) for layer in range(len(transformer.blocks))]
    found = {
        "attention": sum(counted(block.attention) for block in blocks),
        "feed-forward": sum(counted(block.feed_forward) for block in blocks),
        "tokens": counted(transformer.embedding),
        "unembedding": 0 if transformer.config.tied else counted(transformer.unembedding),
        "positions": counted(transformer.position_embedding) if transformer.config.positions == "learned" else 0,
    }
    found["norms"] = counted(transformer) - sum(found.values())
    return {kind: count for kind, count in found.items() if count}


def counted(module: nn.Module) -> int:
    """How many numbers a module learns, its tensors counted one by one."""
    return sum(parameter.numel() for parameter in module.parameters())


# Vaswani et al. 2017, table 3, "base": 6 encoder layers with one attention each, 6 decoder layers with two
BASE = Shape(d_model=512, n_head=8, d_head=64, n_layer=18, n_kv_head=8, all_parameters=65_000_000)
# Radford et al. 2019, table 2 (layers and d_model), and the published configurations (heads, always 64 wide)
GPT2 = {
    name: Shape(
        d_model=64 * heads,
        n_head=heads,
        d_head=64,
        n_layer=layers,
        n_kv_head=heads,
        bias=True,
        all_parameters=parameters,
        context=1024,
    )
    for name, layers, heads, parameters in (
        ("GPT-2 small", 12, 12, 124_439_808),
        ("GPT-2 medium", 24, 16, 354_823_168),
        ("GPT-2 large", 36, 20, 774_030_080),
        ("GPT-2 XL", 48, 25, 1_557_611_200),
    )
}
# Brown et al. 2020, table 2.1
GPT3 = Shape(
    d_model=12288,
    n_head=96,
    d_head=128,
    n_layer=96,
    n_kv_head=96,
    bias=True,
    all_parameters=175_000_000_000,
    context=2048,
)
# Touvron et al. 2023, "Llama 2", table 1 and section A.2.1 (8 key/value heads), and the published configuration
LLAMA_2_70B = Shape(d_model=8192, n_head=64, d_head=128, n_layer=80, n_kv_head=8, context=4096)
# Jiang et al. 2023, "Mistral 7B", table 1
MISTRAL_7B = Shape(d_model=4096, n_head=32, d_head=128, n_layer=32, n_kv_head=8, context=8192, window=4096)
# Chowdhery et al. 2022, "PaLM", table 1 and section 2: one key/value head for all; d_head is not d_model / n_head
PALM_540B = Shape(d_model=18432, n_head=48, d_head=256, n_layer=118, n_kv_head=1, context=2048)
