"""Parameters and cache, counted by formula and tensor by tensor; the numbers of CONTENT.md D."""

import pytest
import torch
from hypothesis import given
from torch.testing import assert_close

import viz_core
from tests.examples import configs, sharp_transformer
from viz_core.analysis.grouped import with_shared_keys
from viz_core.analysis.parameters import BASE, GPT3, LLAMA_2_70B, MISTRAL_7B, PALM_540B, counted, kinds_of, shape_of
from viz_core.config import TransformerConfig
from viz_core.transformer import Transformer


@given(configs())
def test_the_formula_counts_the_real_tensors(config: TransformerConfig):
    transformer = Transformer(config)
    shape, attention = shape_of(transformer), transformer.blocks[0].attention
    assert shape.query == attention.query.weight.numel()
    assert shape.key == attention.key.weight.numel() == attention.value.weight.numel()
    assert shape.output == attention.output.weight.numel()
    assert shape.layer == counted(attention)
    assert shape.total == sum(counted(block.attention) for block in transformer.blocks)
    kinds = kinds_of(transformer)
    assert sum(kinds.values()) == shape.all_parameters
    assert kinds["attention"] == shape.total
    assert kinds["norms"] == sum(w.numel() for name, w in transformer.named_parameters() if "norm" in name)
    assert shape.all_parameters == sum(weight.numel() for weight in set(transformer.parameters()))


def test_the_papers_eight_heads():
    assert 3 * BASE.one_head == 98_304, "one head's, often taken for all eight"
    assert BASE.query + 2 * BASE.key == 786_432
    assert BASE.output == 262_144
    assert BASE.layer == 1_048_576


def test_gpt_3():
    assert GPT3.n_head * GPT3.d_head == GPT3.d_model == 12_288
    assert GPT3.query + 2 * GPT3.key + GPT3.output == 4 * 12_288**2 == 603_979_776
    assert GPT3.total / GPT3.all_parameters == pytest.approx(0.33, abs=0.005)


def test_bytes_of_cache():
    assert LLAMA_2_70B.cache_bytes() == 2 * 80 * 8 * 128 * 2 == 327_680
    assert MISTRAL_7B.cache_bytes() == 131_072
    assert GPT3.cache_bytes() == 4_718_592
    assert PALM_540B.cache_bytes() == 120_832
    assert MISTRAL_7B.cache_bytes(tokens=4096, width=4) == 131_072 * 4096 * 2
    assert MISTRAL_7B.cache_bytes(tokens=100_000) == MISTRAL_7B.cache_bytes(tokens=4096), "older keys are dropped"
    assert LLAMA_2_70B.cache_bytes(tokens=100_000) == 100_000 * 327_680


def test_the_cache_holds_the_keys_and_values_of_every_layer():
    model = viz_core.load("tiny-gpt")
    recording = model.record("The dog bit the man")
    kept = sum(block.attention.key.nbytes + block.attention.value.nbytes for block in recording.blocks)
    assert shape_of(model.transformer).cache_bytes(len(recording.tokens), width=4) == kept
    grouped = TransformerConfig(vocab_size=7, context=9, n_layer=3, n_head=8, n_kv_head=2, d_model=40)
    assert shape_of(Transformer(grouped)).cache_bytes(7, width=4) == 2 * 3 * 2 * 5 * 7 * 4


@pytest.mark.parametrize(
    "settings", [{"n_head": 6}, {"n_head": 12, "n_kv_head": 6}, {"n_head": 6, "bias": False}], ids=str
)
@pytest.mark.parametrize("n_kv_head", [6, 3, 1])
def test_shared_keys_are_those_of_a_grouped_model_with_the_mean_projections(settings: dict, n_kv_head: int):
    """Built by hand: a Transformer of that many key/value heads, whose W_K and W_V are means over each group."""
    shape = {"vocab_size": 13, "context": 8, "n_layer": 2, "d_model": 12, "d_head": 4, "positions": "rotary"} | settings
    own = sharp_transformer(TransformerConfig(**shape))
    grouped = Transformer(TransformerConfig(**(shape | {"n_kv_head": n_kv_head}))).eval()
    pooled = own.state_dict()
    for name, weight in pooled.items():
        if "attention.key" in name or "attention.value" in name:
            heads = weight.reshape(6, 4, -1)
            means = [heads[list(range(first, first + 6 // n_kv_head))].mean(0) for first in range(0, 6, 6 // n_kv_head)]
            pooled[name] = torch.cat(means).reshape(-1, *weight.shape[1:])
    grouped.load_state_dict(pooled)
    ids = torch.tensor([3, 1, 4, 1, 5])
    with torch.inference_mode():
        wanted, plain = grouped(ids).logits, own(ids).logits
    found = with_shared_keys(own, ids, n_kv_head, last_only=False).logits
    assert_close(found, wanted, atol=1e-4, rtol=1e-4)
    assert torch.allclose(found, plain, atol=1e-3) == (n_kv_head == 6)
    assert_close(with_shared_keys(own, ids, n_kv_head).logits, wanted[-1:], atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match="n_kv_head is 4; expected a divisor of the model's own 6"):
        with_shared_keys(own, ids, 4)
