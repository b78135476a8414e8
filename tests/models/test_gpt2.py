"""Parity with transformers, stage by stage and layer by layer; and the refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.models.conftest import gpt2_reference
from viz_core.models import WeightsUnavailable, load
from viz_core.models.gpt2 import ACTIVATIONS, transformer_config

IDS = [5, 3, 3, 200, 17, 0, 306, 41, 5, 3, 3, 99, 300]
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "untied": {"tie_word_embeddings": False},
    "narrow feed-forward": {"n_inner": 11},
    "one head": {"n_head": 1, "n_embd": 13, "n_layer": 1},
    "many heads": {"n_head": 7, "n_embd": 21, "n_layer": 4},
    "divided by layer": {"scale_attn_by_inverse_layer_idx": True},
    "not divided": {"scale_attn_weights": False},
    "divided by layer only": {"scale_attn_by_inverse_layer_idx": True, "scale_attn_weights": False},
    "upcast": {"reorder_and_upcast_attn": True},
    "upcast, divided by layer": {"reorder_and_upcast_attn": True, "scale_attn_by_inverse_layer_idx": True},
    "epsilon": {"layer_norm_epsilon": 0.3},
    **{f"activation {name}": {"activation_function": name} for name in ACTIVATIONS},
}


def close(ours: Tensor, theirs: Tensor) -> None:
    """Within 3e-5 of the largest number in the tensor (measured: at most 5e-6)."""
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= 3e-5 * theirs.abs().max().clamp(min=1)


def compare(folder: Path, reference: Any) -> None:
    """Every stage of every layer of the checkpoint in `folder` against the model it was saved from."""
    recording = load(str(folder)).record(IDS, all_logits=True)
    joint: list[Tensor] = []
    hooks = [
        block.attn.c_attn.register_forward_hook(lambda *io: joint.append(io[2][0])) for block in reference.transformer.h
    ]
    with torch.inference_mode():
        expected = reference(torch.tensor([IDS]), output_attentions=True, output_hidden_states=True)
    for hook in hooks:
        hook.remove()
    assert len(recording.blocks) == len(joint) == len(expected.attentions) == reference.config.n_layer
    for layer, block in enumerate(recording.blocks):
        record, head = block.attention, reference.config.n_head
        query, key, value = (part.unflatten(-1, (head, -1)).transpose(0, 1) for part in joint[layer].chunk(3, dim=-1))
        close(record.query, query)
        close(record.key, key)
        close(record.value, value)
        assert record.scale == pytest.approx(reference.transformer.h[layer].attn.scaling, rel=1e-12)
        assert torch.equal(record.allowed, torch.ones(len(IDS), len(IDS)).tril().bool())
        close(record.weights, expected.attentions[layer][0])
        close(record.context, record.fused_context())
        close(block.residual_in, expected.hidden_states[layer][0])
    close(recording.embeddings + recording.positions, expected.hidden_states[0][0])
    close(recording.logits, expected.logits[0])


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_parity(settings: dict[str, Any], gpt2_folder: Callable[..., Path]) -> None:
    compare(gpt2_folder(**settings), gpt2_reference(**settings))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_parity_of_half_precision_files(dtype: torch.dtype, gpt2_folder: Callable[..., Path]) -> None:
    """The file's rounded weights, computed in float32."""
    folder = gpt2_folder(dtype=dtype)
    loaded = load(str(folder)).transformer
    assert {weight.dtype for weight in loaded.parameters()} == {torch.float32}
    compare(folder, gpt2_reference().to(dtype).float())


def test_parity_of_shards(gpt2_folder: Callable[..., Path]) -> None:
    folder = gpt2_folder(shard="40KB", tie_word_embeddings=False)
    assert len(list(folder.glob("model-*-of-*.safetensors"))) > 2
    assert not (folder / "model.safetensors").exists()
    compare(folder, gpt2_reference(tie_word_embeddings=False))


def test_parity_without_the_prefix_and_with_old_buffers(tmp_path: Path) -> None:
    """GPT2Model's own names, as in the first checkpoints on the Hub, which hold the causal mask too."""
    reference = gpt2_reference()
    state = {name: tensor.contiguous() for name, tensor in reference.transformer.state_dict().items()}
    state |= {f"h.{layer}.attn.bias": torch.ones(1, 1, 23, 23).tril() for layer in range(3)}
    state |= {f"h.{layer}.attn.masked_bias": torch.tensor(-1e4) for layer in range(3)}
    reference.config.save_pretrained(tmp_path)
    save_file(state, tmp_path / "model.safetensors")
    compare(tmp_path, reference)


def test_the_parity_check_would_notice(gpt2_folder: Callable[..., Path]) -> None:
    """Weights of σ = 0.4: another epsilon, activation or scale is far outside the tolerance."""
    folder = gpt2_folder()
    for change in ({"layer_norm_epsilon": 1e-3}, {"activation_function": "gelu"}, {"scale_attn_weights": False}):
        settings = json.loads((folder / "config.json").read_text()) | change
        (folder / "config.json").write_text(json.dumps(settings))
        with pytest.raises(AssertionError):
            compare(folder, gpt2_reference())


def test_a_loaded_model_owns_its_weights_once(gpt2_folder: Callable[..., Path]) -> None:
    folder = gpt2_folder()
    model = load(str(folder))
    before = model.record(IDS).logits.clone()
    (folder / "model.safetensors").write_bytes(b"")  # the file is no longer needed
    assert torch.equal(model.record(IDS).logits, before)
    transformer = model.transformer
    assert transformer.unembedding.weight is transformer.embedding.weight
    assert model.card["parameters"] == sum(p.numel() for p in gpt2_reference().parameters())
    assert not transformer.training
    assert not any(weight.requires_grad for weight in transformer.parameters())
    assert all(weight.is_contiguous() or weight.t().is_contiguous() for weight in transformer.parameters())
    kept = sum(p.untyped_storage().nbytes() for p in transformer.parameters())
    assert kept == 4 * model.card["parameters"]


# -- refusals ----------------------------------------------------------------------------------------------

GOOD = {"model_type": "gpt2", "n_embd": 12, "n_head": 3, "vocab_size": 7, "n_positions": 5, "n_layer": 1}
REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"model_type": "llama"}, ["llama", "expected gpt2"]),
    ({"model_type": None}, ["None", "gpt2"]),
    ({"activation_function": "gelu_fast"}, ["activation_function", "gelu_fast", "gelu_new", "relu"]),
    ({"activation_function": ["gelu"]}, ["activation_function"]),
    ({"add_cross_attention": True}, ["add_cross_attention", "True"]),
    ({"is_encoder_decoder": True}, ["is_encoder_decoder"]),
    ({"is_causal": False}, ["is_causal", "False"]),
    ({"quantization_config": {"bits": 4}}, ["quantization_config"]),
    ({"auto_map": {"AutoModel": "code.Model"}}, ["auto_map"]),
    ({"pruned_heads": {"0": [1]}}, ["pruned_heads"]),
    ({"per_layer_config": {"0": {"n_head": 1}}}, ["per_layer_config"]),
    ({"architectures": ["GPT2ForSequenceClassification"]}, ["GPT2ForSequenceClassification", "GPT2LMHeadModel"]),
    ({"architectures": "GPT2LMHeadModel"}, ["architectures"]),
    ({"n_layer": 0}, ["n_layer", "0"]),
    ({"n_layer": "12"}, ["n_layer", "12"]),
    ({"n_head": True}, ["n_head"]),
    ({"n_head": 5}, ["n_embd", "12", "n_head = 5"]),
    ({"n_embd": 12, "hidden_size": 24}, ["n_embd", "12", "hidden_size = 24"]),
    ({"n_inner": -3}, ["n_inner", "-3"]),
    ({"layer_norm_epsilon": "1e-5"}, ["layer_norm_epsilon"]),
    ({"layer_norm_epsilon": float("nan")}, ["layer_norm_epsilon", "nan"]),
    ({"scale_attn_weights": 2}, ["scale_attn_weights", "2", "true"]),
    ({"tie_word_embeddings": None}, ["tie_word_embeddings", "None"]),
]


@pytest.mark.parametrize(("change", "words"), REFUSED, ids=lambda part: str(part)[:60])
def test_settings_that_are_not_understood_are_refused_by_name(change: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(WeightsUnavailable) as error:
        transformer_config(GOOD | change)
    for word in words:
        assert word in str(error.value)


def test_settings_that_change_nothing_pass() -> None:
    harmless = {"task_specific_params": {}, "n_ctx": 3, "resid_pdrop": 0.5, "torch_dtype": "float16", "hidden_size": 12}
    assert transformer_config(GOOD | harmless) == transformer_config(GOOD)
    second_names = {key: value for key, value in GOOD.items() if key != "n_positions"} | {"max_position_embeddings": 5}
    assert transformer_config(second_names).context == 5


def tensors(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    """Rewrites the folder's weights after `change`."""
    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, folder / "model.safetensors")


WRONG_TENSORS: dict[str, tuple[Callable[[dict[str, Tensor]], object], list[str]]] = {
    "missing": (lambda s: s.pop("transformer.h.1.mlp.c_fc.bias"), ["h.1.mlp.c_fc.bias", "lack"]),
    "unknown": (lambda s: s.update({"score.weight": torch.zeros(2, 35)}), ["score.weight"]),
    "one layer too many": (lambda s: s.update({"transformer.h.3.ln_1.weight": torch.zeros(35)}), ["h.3.ln_1.weight"]),
    "adapter": (lambda s: s.update({"transformer.h.0.attn.lora_A": torch.zeros(2)}), ["lora_A"]),
    "shape": (
        lambda s: s.update({"transformer.ln_f.bias": torch.zeros(36)}),
        ["transformer.ln_f.bias", "[36]", "[35]"],
    ),
    "integers": (
        lambda s: s.update({"transformer.ln_f.bias": torch.zeros(35, dtype=torch.int8)}),
        ["transformer.ln_f.bias", "I8", "F16"],
    ),
    "not a number": (lambda s: s["transformer.wpe.weight"][3].fill_(torch.nan), ["wpe.weight", "finite"]),
    "twice": (lambda s: s.update({"wpe.weight": torch.zeros(23, 35)}), ["transformer.wpe.weight", "both"]),
    "a head of its own": (lambda s: s.update({"lm_head.weight": torch.zeros(307, 35)}), ["lm_head.weight", "tie_word"]),
}


@pytest.mark.parametrize(("change", "words"), WRONG_TENSORS.values(), ids=WRONG_TENSORS)
def test_wrong_tensors_are_refused_by_name(
    change: Callable[[dict[str, Tensor]], object], words: list[str], gpt2_folder: Callable[..., Path]
) -> None:
    folder = gpt2_folder()
    tensors(folder, change)
    with pytest.raises(WeightsUnavailable) as error:
        load(str(folder))
    for word in words:
        assert word in str(error.value)


def test_an_equal_head_beside_tied_embeddings_is_the_same_model(gpt2_folder: Callable[..., Path]) -> None:
    folder = gpt2_folder()
    tensors(folder, lambda state: state.update({"lm_head.weight": state["transformer.wte.weight"].clone()}))
    compare(folder, gpt2_reference())


def test_an_untied_head_must_be_there(gpt2_folder: Callable[..., Path]) -> None:
    folder = gpt2_folder(tie_word_embeddings=False)
    tensors(folder, lambda state: state.pop("lm_head.weight"))
    with pytest.raises(WeightsUnavailable, match=r"lack the tensor lm_head.weight"):
        load(str(folder))


def test_a_million_claimed_layers_cost_nothing(gpt2_folder: Callable[..., Path]) -> None:
    folder = gpt2_folder()
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | {"n_layer": 10**9}))
    with pytest.raises(WeightsUnavailable, match=r"h\.3\.ln_1\.weight"):
        load(str(folder))


def test_a_huge_claimed_vocabulary_costs_nothing(gpt2_folder: Callable[..., Path]) -> None:
    folder = gpt2_folder()
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | {"vocab_size": 10**12}))
    with pytest.raises(WeightsUnavailable, match=r"wte\.weight is \[307, 35\]"):
        load(str(folder))
