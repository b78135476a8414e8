"""Models that come with the program: assets/models/NAME, read without any network.

config.json              "format", the shape of the network under "transformer" or "recurrent", and what else is known
model.safetensors        its weights, float16; what is tied is stored once
tokenizer.json           of the tokenizers library
README.md                its card, for people
words.json               of a translator: word → the number of pairs it was trained on that have it (optional)
step-000100.safetensors  the same weights earlier in training (optional; opened as NAME@100)
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import tokenizers
import torch
from safetensors.torch import save as in_bytes
from torch import Tensor

from viz_core import files
from viz_core.config import TransformerConfig
from viz_core.language import _
from viz_core.models.checkpoint import CONFIG, TOKENIZER, WEIGHTS, parsed, read_json, read_text, read_tokenizer
from viz_core.models.errors import WeightsUnavailable
from viz_core.models.model import Model
from viz_core.models.translator import Translator
from viz_core.models.weights import assemble, open_weights, parameter_shapes
from viz_core.recurrent import Recurrent, RecurrentConfig
from viz_core.transformer import Transformer

FOLDER = Path(__file__).parents[2] / "assets" / "models"
FORMAT = 1
STEP = "step-{:06d}.safetensors"
HISTORY = "history.jsonl"  # a line for every 50 steps of training
WORDS = "words.json"


def bundled_names() -> list[str]:
    """Every bundled model, as `load` takes it."""
    return sorted(path.parent.name for path in FOLDER.glob("*/config.json"))


def bundled_readers() -> list[str]:
    """Those of them that read one text: no translators."""
    return [name for name in bundled_names() if _reads_one_text(FOLDER / name / CONFIG)]


@lru_cache(maxsize=64)
def _reads_one_text(path: Path) -> bool:
    shape = read_json(path).get("transformer")
    return isinstance(shape, dict) and shape.get("architecture") != "encoder_decoder"


def steps(name: str) -> list[int]:
    """The training steps whose weights a bundled model ships beside its last, in order."""
    return sorted(int(path.stem.removeprefix("step-")) for path in (FOLDER / name).glob("step-*.safetensors"))


def find(name: str) -> tuple[Path, int | None] | None:
    """The folder and training step that a name such as "formation" or "formation@100" stands for, or None."""
    plain, _at, step = name.partition("@")
    if plain not in bundled_names():
        return None
    if not _at:
        return FOLDER / plain, None
    found = {str(number): number for number in steps(plain)}.get(step)  # int() raises on thousands of digits
    return None if found is None else (FOLDER / plain, found)


def half(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as they are stored, in float16. Raises ValueError on a value too large for that."""
    state = {name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in tensors.items()}
    for name, tensor in state.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds values beyond float16's ±65504, or not a number")
    return state


def save(
    folder: Path,
    network: Transformer | Recurrent,
    tokenizer: tokenizers.Tokenizer,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Write config.json, model.safetensors and tokenizer.json; `extra` joins config.json and returns as the card.

    Raises ValueError when a weight is too large for float16.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kind = "transformer" if isinstance(network, Transformer) else "recurrent"
    settings = {**(extra or {}), "format": FORMAT, "name": folder.name, kind: network.config.to_dict()}
    write_weights(folder / WEIGHTS, half(dict(network.named_parameters())))  # names what is tied once
    files.write(folder / TOKENIZER, tokenizer.to_str(pretty=True))
    files.write(folder / CONFIG, json.dumps(settings, indent=1, ensure_ascii=False) + "\n")


def write_weights(path: Path, state: dict[str, Tensor]) -> None:
    files.write(path, in_bytes(state))


def load(folder: Path, step: int | None = None) -> Model | Translator:
    """The model that `save` wrote, at an earlier `step` of its training if asked for. Its card holds `extra`,
    "parameters" and "readme", and, where these ship, "history" (of its training, a line for every 50 steps) and
    "words" (that it was trained on, with the number of pairs).

    Raises WeightsUnavailable, naming the file or the tensor, when anything is missing or not as it should be.
    """
    settings = read_json(folder / CONFIG)
    if settings.get("format") != FORMAT:
        message = _("{file} has format {actual}; this program reads format {expected}.")
        raise WeightsUnavailable(message.format(file=folder / CONFIG, actual=settings.get("format"), expected=FORMAT))
    config = _shape(folder, settings)
    with open_weights([folder / (WEIGHTS if step is None else STEP.format(step))]) as weights:
        shapes = _shapes(folder, config, most_layers=len(weights))
        for name in weights:
            if name not in shapes:
                raise WeightsUnavailable(_("The weights hold an unknown tensor {name}.").format(name=name))
        for name, shape in shapes.items():
            weights.check(name, shape, kinds=("F16",))
        state = {name: weights.read(name) for name in shapes}
    card = settings | _beside(folder) | {"parameters": sum(tensor.numel() for tensor in state.values())}
    if step is not None:
        card |= _as_it_was(card, step)
    tokenizer = read_tokenizer(folder)
    name = folder.name if step is None else f"{folder.name}@{step}"
    if isinstance(config, TransformerConfig) and config.architecture != "encoder_decoder":
        return Model(name, assemble(config, state), tokenizer, "bundled", card=card)
    if tokenizer is None:
        raise WeightsUnavailable(_("{file} is missing: a translator needs its words.").format(file=folder / TOKENIZER))
    return Translator(name, assemble(config, state), tokenizer, card)


def _shape(folder: Path, settings: dict[str, Any]) -> TransformerConfig | RecurrentConfig:
    try:
        if "recurrent" in settings:
            return RecurrentConfig(**settings.pop("recurrent"))
        return TransformerConfig.from_dict(settings.pop("transformer"))
    except (KeyError, TypeError, ValueError) as error:
        message = _("{file} does not describe a model of this program: {reason}.")
        raise WeightsUnavailable(message.format(file=folder / CONFIG, reason=error)) from error


def _shapes(folder: Path, config: TransformerConfig | RecurrentConfig, most_layers: int) -> dict[str, tuple[int, ...]]:
    """Settings may ask for anything: for layers that no file has, for sizes that no tensor can have."""
    message = _("{file} does not describe a model of this program: {reason}.")
    if isinstance(config, TransformerConfig) and config.n_layer > most_layers:
        reason = f"n_layer is {config.n_layer}; the weights are {most_layers} tensors"
        raise WeightsUnavailable(message.format(file=folder / CONFIG, reason=reason))
    try:
        return parameter_shapes(config)
    except (RuntimeError, TypeError) as error:  # PyTorch, of sizes that overflow
        reason = str(error).split("\n")[0]
        raise WeightsUnavailable(message.format(file=folder / CONFIG, reason=reason)) from error


def _as_it_was(card: Mapping[str, Any], step: int) -> dict[str, Any]:
    """What the card says of an earlier step; of the last step's heads it says nothing."""
    known = card.get("figures", {}).get("checkpoints", [])
    found: dict[str, Any] = next((checkpoint for checkpoint in known if checkpoint["step"] == step), {})
    return {"steps": step, "roles": found.get("roles", {}), "held_out_loss": found.get("loss")}


def _beside(folder: Path) -> dict[str, Any]:
    readme, history, words = folder / "README.md", folder / HISTORY, folder / WORDS
    found: dict[str, Any] = {"readme": read_text(readme)} if readme.exists() else {}
    if history.exists():
        found["history"] = [parsed(line, history) for line in read_text(history).splitlines()]
    if words.exists():
        found["words"] = read_json(words)
    return found
