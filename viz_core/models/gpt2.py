"""Checkpoints of GPT-2's architecture → this program's Transformer.

The reference is transformers' GPT2LMHeadModel: a setting it reads is reproduced or refused by name; one it
does not read changes nothing and is passed over. Radford et al. 2019, section 2.3.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viz_core.config import Activation, TransformerConfig
from viz_core.language import _
from viz_core.models.checkpoint import CONFIG, read_json, weight_files
from viz_core.models.errors import WeightsUnavailable
from viz_core.models.gpt2_tensors import state_of
from viz_core.models.weights import assemble, open_weights
from viz_core.transformer import Transformer

ACTIVATIONS: dict[str, Activation] = {
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "gelu_accurate": "gelu_tanh",
    "gelu": "gelu",
    "gelu_python": "gelu",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}
MODEL_TYPE = "gpt2"
ARCHITECTURES = ("GPT2LMHeadModel", "GPT2Model")
# Settings that make transformers compute something else, unless they have one of these values.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "add_cross_attention": (False, None),
    "is_encoder_decoder": (False, None),
    "is_causal": (True, None),
    "per_layer_config": ({}, None),
    "pruned_heads": ({}, None),
    "quantization_config": ({}, None),
    "auto_map": ({}, None),
}
# transformers' own second names; a file may use either
SECOND_NAMES = {
    "n_embd": "hidden_size",
    "n_positions": "max_position_embeddings",
    "n_head": "num_attention_heads",
    "n_layer": "num_hidden_layers",
}


def load(folder: Path) -> Transformer:
    """Raises WeightsUnavailable, naming the setting, file or tensor that stands in the way."""
    config = transformer_config(read_json(folder / CONFIG))
    with open_weights(weight_files(folder)) as weights:
        return assemble(config, state_of(config, weights))


def transformer_config(settings: Mapping[str, Any]) -> TransformerConfig:
    """From config.json. Raises WeightsUnavailable naming a setting, its value, and what is allowed."""
    kind = settings.get("model_type")
    if kind != MODEL_TYPE:
        message = _("This checkpoint is of the kind {kind}; expected {expected}.")
        raise WeightsUnavailable(message.format(kind=kind, expected=MODEL_TYPE))
    architectures = settings.get("architectures") or []
    if not isinstance(architectures, list) or any(name not in ARCHITECTURES for name in architectures):
        raise _unsupported("architectures", architectures, ", ".join(ARCHITECTURES))
    for name, allowed in NEUTRAL.items():
        if (value := settings.get(name)) not in allowed:
            raise _unsupported(name, value, str(allowed[0]))
    activation = settings.get("activation_function", "gelu_new")
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise _unsupported("activation_function", activation, ", ".join(ACTIVATIONS))
    d_model, n_head = _size(settings, "n_embd", 768), _size(settings, "n_head", 12)
    if d_model % n_head:
        raise _unsupported("n_embd", d_model, _("a multiple of n_head = {n_head}").format(n_head=n_head))
    epsilon = settings.get("layer_norm_epsilon", 1e-5)
    if isinstance(epsilon, bool) or not isinstance(epsilon, int | float) or not 0 <= epsilon < 1:
        raise _unsupported("layer_norm_epsilon", epsilon, _("a number from 0 to 1"))
    return TransformerConfig(
        vocab_size=_size(settings, "vocab_size", 50257),
        context=_size(settings, "n_positions", 1024),
        n_layer=_size(settings, "n_layer", 12),
        n_head=n_head,
        d_model=d_model,
        d_feed_forward=_size(settings, "n_inner", 4 * d_model),
        positions="learned",
        norm="layernorm",
        norm_place="pre",
        norm_epsilon=float(epsilon),
        activation=ACTIVATIONS[activation],
        bias=True,
        tied=_switch(settings, "tie_word_embeddings", True),
        divide_by_sqrt_d_head=_switch(settings, "scale_attn_weights", True),
        divide_by_layer=_switch(settings, "scale_attn_by_inverse_layer_idx", False),
        # reorder_and_upcast_attn needs no counterpart: in float32 it computes the same (tested)
    )


def _size(settings: Mapping[str, Any], name: str, default: int) -> int:
    second = SECOND_NAMES.get(name, name)
    values = [settings[key] for key in (name, second) if settings.get(key) is not None] or [default]
    if isinstance(values[0], bool) or not isinstance(values[0], int) or values[0] < 1:
        raise _unsupported(name, values[0], _("a whole number above 0"))
    if values[0] != values[-1]:
        raise _unsupported(name, values[0], f"{second} = {values[-1]}")
    return values[0]


def _switch(settings: Mapping[str, Any], name: str, default: bool) -> bool:
    value = settings.get(name, default)
    if not isinstance(value, bool):
        raise _unsupported(name, value, "true, false")
    return value


def _unsupported(setting: str, value: object, allowed: str) -> WeightsUnavailable:
    message = _("This checkpoint sets {setting} to {value}, which cannot be reproduced; expected {allowed}.")
    return WeightsUnavailable(message.format(setting=setting, value=value, allowed=allowed))
