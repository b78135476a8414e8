"""Models that come with the program: assets/models/NAME, read without any network.

config.json         "format", the shape of the Transformer under "transformer", and what else is known
model.safetensors   its weights, float16; a tied unembedding is stored once
tokenizer.json      of the tokenizers library
README.md           its card, for people
heads.json          what is known about its heads (optional)
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tokenizers
import torch
from safetensors.torch import save_file

from viz_core.config import TransformerConfig
from viz_core.language import _
from viz_core.models.checkpoint import CONFIG, TOKENIZER, WEIGHTS, read_json, read_tokenizer
from viz_core.models.errors import WeightsUnavailable
from viz_core.models.model import Model
from viz_core.models.weights import assemble, open_weights, outline
from viz_core.transformer import Transformer

FOLDER = Path(__file__).parents[2] / "assets" / "models"
FORMAT = 1


def bundled_names() -> list[str]:
    return sorted(path.parent.name for path in FOLDER.glob("*/config.json"))


def save(
    folder: Path, transformer: Transformer, tokenizer: tokenizers.Tokenizer, extra: Mapping[str, Any] | None = None
) -> None:
    """Write config.json, model.safetensors and tokenizer.json; `extra` joins config.json and returns as the card.

    Raises ValueError when a weight is too large for float16.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.to("cpu", torch.float16).contiguous() for name, tensor in transformer.state_dict().items()}
    if transformer.config.tied:
        del state["unembedding.weight"]
    for name, tensor in state.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds values beyond float16's ±65504, or not a number")
    settings = {**(extra or {}), "format": FORMAT, "name": folder.name, "transformer": transformer.config.to_dict()}
    save_file(state, folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)  # safetensors leaves it to its owner alone; a server may run as someone else
    tokenizer.save(str(folder / TOKENIZER))
    (folder / CONFIG).write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load(folder: Path) -> Model:
    """The model that `save` wrote. Its card holds `extra`, "parameters", "readme", and "heads" where known.

    Raises WeightsUnavailable, naming the file or the tensor, when anything is missing or not as it should be.
    """
    settings = read_json(folder / CONFIG)
    if settings.get("format") != FORMAT:
        message = _("{file} has format {actual}; this program reads format {expected}.")
        raise WeightsUnavailable(message.format(file=folder / CONFIG, actual=settings.get("format"), expected=FORMAT))
    try:
        config = TransformerConfig.from_dict(settings.pop("transformer"))
    except (KeyError, TypeError, ValueError) as error:
        message = _("{file} does not describe a model of this program: {reason}.")
        raise WeightsUnavailable(message.format(file=folder / CONFIG, reason=error)) from error
    shapes = {name: tuple(tensor.shape) for name, tensor in outline(config).state_dict().items()}
    if config.tied:
        del shapes["unembedding.weight"]
    with open_weights([folder / WEIGHTS]) as weights:
        for name in weights:
            if name not in shapes:
                raise WeightsUnavailable(_("The weights hold an unknown tensor {name}.").format(name=name))
        for name, shape in shapes.items():
            weights.check(name, shape, kinds=("F16",))
        transformer = assemble(config, {name: weights.read(name) for name in shapes})
    return Model(
        name=folder.name,
        transformer=transformer,
        tokenizer=read_tokenizer(folder),
        source="bundled",
        card=settings | _beside(folder) | {"parameters": sum(p.numel() for p in transformer.parameters())},
    )


def _beside(folder: Path) -> dict[str, Any]:
    known: dict[str, Any] = {}
    if (folder / "README.md").exists():
        known["readme"] = (folder / "README.md").read_text(encoding="utf-8")
    if (folder / "heads.json").exists():
        known["heads"] = read_json(folder / "heads.json")
    return known
