"""Random attention records and Transformers with sharp attention, and the variants worth trying."""

import torch
from hypothesis import strategies as st
from torch import nn

from viz_core.attention import AttentionRecord
from viz_core.config import TransformerConfig
from viz_core.transformer import Transformer

SIZES = st.sampled_from([1, 2, 3, 5, 7])


@st.composite
def records(draw: st.DrawFn, *, batch: tuple[int, ...] = ()) -> AttentionRecord:
    """Any record: unequal sizes, grouped heads, one mask or one a head (rows that see nothing included), bias; outside
    a batch also a scale for each head, dropout, heads switched off."""
    group, kv_head, n_query, n_key, d_head, d_value = (draw(SIZES) for _ in range(6))
    head = group * kv_head
    torch.manual_seed(draw(st.integers(0, 10_000)))
    cells = (head, n_query, n_key)
    return AttentionRecord(
        query=torch.randn(*batch, head, n_query, d_head),
        key=torch.randn(*batch, kv_head, n_key, d_head),
        value=torch.randn(*batch, kv_head, n_key, d_value),
        allowed=torch.rand(cells if draw(st.booleans()) else cells[1:]) < draw(st.sampled_from([0.0, 0.4, 1.0])),
        scale=torch.rand(head, 1, 1) if not batch and draw(st.booleans()) else draw(st.sampled_from([0.3, 1.0, 2.0])),
        bias=torch.randn(cells) if draw(st.booleans()) else None,
        kept=None if batch else draw(st.sampled_from([None, torch.rand(cells), torch.rand(head, 1, 1).round()])),
    )


@st.composite
def configs(draw: st.DrawFn) -> TransformerConfig:
    """Any Transformer of 3 layers, 6 heads of 4 components, and a context of 11."""
    options = {
        "n_kv_head": [6, 3, 1],
        "positions": ["learned", "sinusoidal", "rotary", "alibi", "none"],
        "norm": ["layernorm", "rmsnorm"],
        "norm_place": ["pre", "post"],
        "activation": ["gelu", "gelu_tanh", "relu", "silu", "tanh", "swiglu"],
        "bias": [True, False],
        "tied": [True, False],
        "divide_by_sqrt_d_head": [True, False],
        "divide_by_layer": [True, False],
    }
    chosen = {name: draw(st.sampled_from(values)) for name, values in options.items()}
    sizes = {"vocab_size": 13, "context": 11, "n_layer": 3, "n_head": 6, "d_model": 10, "d_head": 4}
    return TransformerConfig(**sizes, d_feed_forward=17, **chosen)


def sharp(model: nn.Module, spread: float = 0.4) -> nn.Module:
    """Every weight drawn wide: at the usual 0.02 attention is nearly uniform and hides mistakes."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(1.0 if weight.dim() == 1 else 0.0, spread)
    return model.eval()


def sharp_transformer(config: TransformerConfig) -> Transformer:
    return sharp(Transformer(config))
