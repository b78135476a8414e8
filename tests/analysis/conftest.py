"""A small Transformer whose attention is far from uniform, and one recording of it."""

import pytest
import torch

from viz_core.config import TransformerConfig
from viz_core.recording import Recording
from viz_core.transformer import Transformer


@pytest.fixture
def transformer() -> Transformer:
    config = TransformerConfig(
        vocab_size=31, context=16, n_layer=3, n_head=6, n_kv_head=3, d_model=24, d_head=10, positions="rotary"
    )
    transformer = Transformer(config).eval()
    for weight in transformer.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return transformer.requires_grad_(False)


@pytest.fixture
def recording(transformer: Transformer) -> Recording:
    return transformer(torch.tensor([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]))
