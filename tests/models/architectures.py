"""Small random models of many architectures, and how far their records are from what their own code says.

python -m tests.models.architectures > docs/architectures.md    writes the table of the documentation
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
import transformers
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel

from viz_core.edits import AS_IT_IS, Edits
from viz_core.models.adopting import adopted
from viz_core.models.foreign import Foreign
from viz_core.recording import Recording

IDS = torch.tensor([3, 14, 15, 92, 65, 35, 89, 79, 32, 38, 46])  # longer than every window below
TARGET = torch.tensor([26, 43, 38, 32, 79])
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "vocab_size": 97,
    "initializer_range": 0.4,  # at the default 0.02 weights are all but uniform, and mistakes do not show
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
GROUPED = SIZES | {"num_key_value_heads": 2}
GPT = {"n_layer": 3, "n_head": 4, "n_embd": 32, "vocab_size": 97, "initializer_range": 0.4, "bos_token_id": 1}
GPT |= {"eos_token_id": 2}
BART: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 3,
    "decoder_layers": 3,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
    "vocab_size": 97,
    "init_std": 0.4,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
    "forced_eos_token_id": 2,
}
T5 = {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 3, "num_heads": 4, "vocab_size": 97}
T5 |= {"decoder_start_token_id": 0, "eos_token_id": 1}
WINDOW = {"sliding_window": 4}


@dataclass(frozen=True)
class Case:
    """shows: what its attention has that others lack."""

    name: str
    config: Callable[[], PreTrainedConfig]
    auto: str
    shows: str

    def model(self) -> PreTrainedModel:
        torch.manual_seed(0)
        made = getattr(transformers, self.auto).from_config(self.config(), attn_implementation="eager")
        for name, weight in made.named_parameters():
            if name.endswith("bias"):  # zero at first, and then whether they are added does not show
                torch.nn.init.normal_(weight, std=0.2)
        return cast(PreTrainedModel, made.eval())


def case(name: str, shows: str, auto: str = "AutoModelForCausalLM", **settings: Any) -> Case:
    return Case(name, lambda: getattr(transformers, name + "Config")(**settings), auto, shows)


MASKED, WRITES = "AutoModelForMaskedLM", "AutoModelForSeq2SeqLM"
CASES = [
    case("GPT2", "learned positions", n_positions=64, **GPT),
    case("GPTBigCode", "one key and value head for all queries", n_positions=64, **GPT),
    case("OPT", "learned positions, ReLU", word_embed_proj_dim=32, ffn_dim=48, max_position_embeddings=64, **SIZES),
    case("GPTNeoX", "rotary on part of a head, parallel block", **SIZES),
    case("Phi", "rotary on part of a head, parallel block", **GROUPED),
    case("Llama", "rotary, grouped-query heads", **GROUPED),
    case("Mistral", "grouped-query heads, sliding window", **GROUPED, **WINDOW),
    case("Mixtral", "mixture of experts", num_local_experts=2, **GROUPED),
    case("Qwen2", "biases on Q, K, V", **GROUPED),
    case("Qwen3", "norms on queries and keys", head_dim=8, **GROUPED),
    case("Phi3", "one matrix for Q, K, V", **GROUPED),
    case("Starcoder2", "sliding window, biases", **GROUPED, **WINDOW),
    case("StableLm", "rotary on part of a head", **GROUPED),
    case("Cohere", "parallel block, scaled logits", **GROUPED),
    case("Granite", "a scale of its own", attention_multiplier=0.4, **GROUPED),
    case("Olmo2", "norms on queries and keys, post-norm", **GROUPED),
    case("SmolLM3", "layers without positions", no_rope_layers=[1, 0, 1], **GROUPED),
    case(
        "Gemma2",
        "soft-capped scores, sliding window on every other layer",
        head_dim=8,
        query_pre_attn_scalar=8,
        attn_logit_softcapping=2.0,
        **GROUPED,
        **WINDOW,
    ),
    case(
        "Gemma3Text",
        "local and global layers with rotations of their own",
        head_dim=8,
        query_pre_attn_scalar=8,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        **GROUPED,
        **WINDOW,
    ),
    case("Bert", "both sides", MASKED, **SIZES),
    case("Roberta", "positions counted behind the padding", MASKED, max_position_embeddings=40, **SIZES),
    case("Electra", "both sides", MASKED, **SIZES),
    case("Albert", "one block for all layers", MASKED, embedding_size=16, **SIZES),
    case(
        "DistilBert",
        "both sides",
        MASKED,
        dim=32,
        n_layers=3,
        n_heads=4,
        hidden_dim=48,
        vocab_size=97,
        initializer_range=0.4,
    ),
    case(
        "ModernBert",
        "window to both sides, rotary",
        MASKED,
        local_attention=4,
        global_attn_every_n_layers=2,
        **SIZES,
    ),
    case("T5", "a bias by distance in place of a scale", WRITES, initializer_factor=1.0, **T5),
    case(
        "MT5", "a bias by distance, heads wider than d_model / h", WRITES, initializer_factor=1.0, **T5 | {"d_kv": 12}
    ),
    case("Bart", "encoder and decoder, learned positions", WRITES, **BART),
    case("Marian", "encoder and decoder, sinusoids", WRITES, **BART | {"forced_eos_token_id": None}),
]
REFUSED = [
    case("GptOss", "a learned score that belongs to no token", head_dim=8, num_local_experts=4, **GROUPED),
    case("Falcon", "", **{name: size for name, size in SIZES.items() if name != "intermediate_size"}),
    case("Bloom", "", hidden_size=32, n_layer=3, n_head=4, vocab_size=97),
    case("DebertaV2", "", MASKED, **SIZES),
    case("Mamba", "no attention", hidden_size=32, num_hidden_layers=2, vocab_size=97),
]


def recorded(model: Foreign, edits: Edits = AS_IT_IS) -> Recording:
    with torch.inference_mode():
        if model.config.architecture == "encoder_decoder":
            return model(TARGET, source_ids=IDS, edits=edits)
        return model(IDS, edits=edits)


@dataclass(frozen=True)
class Own:
    """What the model's own eager attention gives out: weights [head, query, key] a layer, and logits."""

    weights: list[Tensor]
    cross: list[Tensor]
    encoder: list[Tensor]
    logits: Tensor


def own(model: PreTrainedModel) -> Own:
    """Before it is adopted."""
    with torch.inference_mode():
        if model.config.is_encoder_decoder:
            answer: Any = model(input_ids=IDS[None], decoder_input_ids=TARGET[None], output_attentions=True)
            given = (answer.decoder_attentions, answer.cross_attentions, answer.encoder_attentions)
        else:
            answer = model(input_ids=IDS[None], output_attentions=True)
            given = (answer.attentions, (), ())
    weights, cross, encoder = ([layer[0] for layer in layers] for layers in given)
    return Own(weights, cross, encoder, answer.logits[0])


@dataclass(frozen=True)
class Measured:
    """max |Δ| over all layers and heads, and how far apart the largest and smallest weight of a row are on average:
    near 0 everything would agree with everything."""

    weights: float
    logits: float
    spread: float
    model: Foreign


def measured(case: Case) -> Measured:
    model = case.model()
    expected = own(model)
    adopting = adopted(model)
    recording = recorded(adopting)
    records = [block.attention for block in recording.blocks]
    across = [block.cross_attention for block in recording.blocks if block.cross_attention is not None]
    read = [block.attention for block in recording.encoder.blocks] if recording.encoder else []
    pairs = [
        *zip(records, expected.weights, strict=True),
        *zip(across, expected.cross, strict=True),
        *zip(read, expected.encoder, strict=True),
    ]
    return Measured(
        max(float((record.weights - weights).abs().max()) for record, weights in pairs),
        float((recording.logits - expected.logits).abs().max()),
        float(torch.stack([(weights.amax(-1) - weights.amin(-1)).mean() for _record, weights in pairs]).mean()),
        adopting,
    )


def table() -> str:
    kinds = {"decoder": "decoder", "encoder": "encoder", "encoder_decoder": "encoder–decoder"}
    rows = []
    for each in CASES:
        found = measured(each)
        outputs = "yes" if all(weight is not None for weight in found.model.outputs) else "no"
        kind = kinds[found.model.config.architecture]
        apart = f"{found.weights:.0e}" if found.weights else "0"
        rows.append(f"| {each.name} | {kind} | {each.shows} | {apart} | {found.spread:.2f} | {outputs} |")
    head = "| architecture | kind | what is special | weights differ by | contrast | W_O found |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


DOCUMENT = f"""# Architectures

What runs in this program's own Transformer (the bundled models, the GPT-2 family) can be followed through every step.
Every other model of the transformers library runs by its own code, and hands over q, k, v, mask, scale and bias of
each attention: everything a map of scores or weights is made of. Its residual stream, norms and feed-forward parts are
not seen; pages that need them say so.

When a model is loaded it reads a few tokens twice, by its own eager attention and by ours; it is refused unless all
weights of all heads agree to 1·10⁻⁴, and its predictions to one in a thousand.

The table is made by `python -m tests.models.architectures`, from small random models with `initializer_range=0.4` (at
the usual 0.02 all weights are nearly equal, and nothing would be proved): the largest difference of any weight of any
layer and head from what `output_attentions=True` with eager attention gives, on {len(IDS)} tokens. The tests hold each
below 1·10⁻⁴. "Contrast" is by how much the largest weight of a row exceeds its smallest, on average.
"""

REFUSALS = """
## Refused

With the reason, rather than drawn wrong: GPT-OSS (each head has a learned score that takes part in the softmax and
belongs to no token); architectures whose code does not hand its attention over to transformers' `AttentionInterface`,
such as Falcon, BLOOM, MPT, GPT-J, GPT-Neo, DeBERTa, XLNet; Mamba and others without attention; quantized checkpoints;
checkpoints that bring code of their own.
"""


def main() -> None:
    print(f"{DOCUMENT}\n{table()}\n{REFUSALS}", end="")  # noqa: T201


if __name__ == "__main__":
    main()
