"""Checkpoints of any architecture that the transformers library knows, and models that are in memory already."""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, cast

import tokenizers
import torch
import transformers
from torch import nn
from transformers import AutoConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.auto import modeling_auto
from transformers.utils import logging as hf_logging

from viz_core.language import _
from viz_core.models.adopting import adopted, overheard
from viz_core.models.chat import Chat
from viz_core.models.checkpoint import CONFIG, PICKLE, must_fit, read_json, weight_files
from viz_core.models.errors import WeightsUnavailable
from viz_core.models.foreign import Foreign
from viz_core.models.tokens import Tokenizer
from viz_core.models.weights import open_weights

KINDS: dict[str, tuple[str, ...]] = {
    "AutoModelForCausalLM": tuple(modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()),
    "AutoModelForMaskedLM": tuple(modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES.values()),
    "AutoModelForSeq2SeqLM": tuple(modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES.values()),
}
MOST_LAYERS = 1_000  # of a config.json, which may say anything; no model that is known has more than 200
MOST_LABELS = 100_000  # transformers makes a name for each
# Names of numbers that transformers counts to in Python, before any memory is asked for that could be refused.
_COUNTS = re.compile(r"(?!.*(size|dim|length|channels|ids?|eps|freq)$).*(layer|depth|block|stage|flow|expert|label)")
SPARE = 50_000_000  # bytes that settings may ask for beyond the files: masks, a head that was not saved
WIDENED = 8  # times the files: numbers of half a byte in float32
_terminal = threading.Lock()  # what is said on it is set for the whole process


def auto_class(settings: dict[str, Any]) -> str:
    """Which of transformers' classes loads a checkpoint, from its config.json.

    Raises WeightsUnavailable naming the setting that stands in the way.
    """
    kind = settings.get("model_type")
    if not isinstance(kind, str) or kind not in transformers.CONFIG_MAPPING:
        message = _("This checkpoint is of the kind {kind}, which transformers {version} does not know.")
        raise WeightsUnavailable(message.format(kind=str(kind)[:100], version=transformers.__version__))
    if settings.get("auto_map"):
        message = _("This checkpoint brings code of its own (auto_map), which is not run. Choose another model.")
        raise WeightsUnavailable(message)
    if settings.get("quantization_config"):
        message = _("This checkpoint is quantized (quantization_config), which cannot be reproduced in float32.")
        raise WeightsUnavailable(message)
    if '"rope_type": "dynamic"' in json.dumps(settings):
        message = _(
            "This checkpoint rotates by the longest text it has read so far (rope_type dynamic): a recording "
            "would depend on who asked before."
        )
        raise WeightsUnavailable(message)
    architectures = settings.get("architectures") or []
    names = [name for name in architectures if isinstance(name, str)] if isinstance(architectures, list) else []
    for auto, known in KINDS.items():
        if any(name in known for name in names):
            return auto
    if settings.get("is_encoder_decoder"):
        message = _("This checkpoint is {found}; of encoder–decoders those can be shown that write, such as {example}.")
        found = ", ".join(names) or _("of no named architecture")
        raise WeightsUnavailable(message.format(found=found, example="T5ForConditionalGeneration"))
    return "AutoModel"  # it reads, and predicts no token: sentence encoders, classifiers


def checkpoint(folder: Path, auto: str, *, pickles: bool = False) -> Foreign:
    """The model of a folder, in float32. pickles: whether weights in pickle files may be opened too (tensors alone are
    taken from them, torch.load's weights_only).

    Raises WeightsUnavailable saying what stands in the way.
    """
    if not pickles:
        with open_weights(weight_files(folder)):
            pass  # a damaged file is told by its name
    try:
        with _quietly():
            _as_its_settings_say(folder, auto, [folder / PICKLE] if pickles else weight_files(folder))
            model, told = getattr(transformers, auto).from_pretrained(
                folder,
                dtype=torch.float32,
                attn_implementation="eager",
                trust_remote_code=False,
                local_files_only=True,
                use_safetensors=None if pickles else True,
                ignore_mismatched_sizes=True,  # they are told all the same, and refused
                output_loading_info=True,
            )
    except WeightsUnavailable:
        raise
    except Exception as error:  # whatever transformers, safetensors and torch raise on files that are not theirs
        message = _("The model in {folder} cannot be loaded ({reason}).")
        raise WeightsUnavailable(message.format(folder=folder, reason=str(error).strip().split("\n")[0])) from error
    unused = _unread(folder, auto, model, told)
    for name, weight in model.named_parameters():
        if name not in unused and not weight.isfinite().all():
            message = _("The tensor {name} holds values that are not finite numbers.")
            raise WeightsUnavailable(message.format(name=name))
    return adopted(model)


def _as_its_settings_say(folder: Path, auto: str, files: Sequence[Path]) -> None:
    """Settings decide what memory is asked for, whatever the files hold: the model is made without memory first, and
    one that is far larger than its files is refused."""
    _countable(read_json(folder / CONFIG))
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    with torch.device("meta"):
        empty = getattr(transformers, auto).from_config(config, trust_remote_code=False)
    asked = sum(4 * weight.numel() for weight in empty.parameters()) + sum(made.nbytes for made in empty.buffers())
    held = sum(path.stat().st_size for path in files)
    if asked > WIDENED * held + SPARE:
        message = _("This checkpoint's settings ask for {asked:,.1f} GB of numbers, and its files hold {held:,.1f} GB.")
        raise WeightsUnavailable(message.format(asked=asked / 1e9, held=held / 1e9))
    must_fit(folder.name, asked)


def _countable(settings: Mapping[str, Any]) -> None:
    """Raises WeightsUnavailable for settings that would have transformers count without end."""
    for name, value in settings.items():
        if isinstance(value, dict):
            _countable(value)
        most = MOST_LABELS if "label" in name else MOST_LAYERS
        if isinstance(value, int | float) and _COUNTS.match(name) and not value <= most:
            message = _("This checkpoint sets {setting} to {value}; at most {most} are taken.")
            raise WeightsUnavailable(message.format(setting=name, value=f"{value:,}"[:100], most=f"{most:,}"))


@contextmanager
def _quietly() -> Iterator[None]:
    """Without transformers' own bars and advice on the terminal: what matters is raised."""
    terminal = cast(Any, hf_logging)  # without annotations
    with _terminal:
        bars, level = terminal.is_progress_bar_enabled(), terminal.get_verbosity()
        terminal.disable_progress_bar()
        terminal.set_verbosity_error()
        try:
            yield
        finally:
            terminal.set_verbosity(level)
            if bars:
                terminal.enable_progress_bar()


def _unread(folder: Path, auto: str, model: PreTrainedModel, told: dict[str, Any]) -> set[str]:
    """The names of weights that are missing and play no part. Of those that play one none may be missing: transformers
    would draw it at random.

    A model that only reads may lack what a task would add, such as a pooler: that it plays no part shows when it is NaN
    and what the model reads is not.
    """
    missing = set(told["missing_keys"])
    if auto == "AutoModel" and missing and not told["mismatched_keys"]:
        given = torch.tensor([[0, 1, 2]])
        with torch.inference_mode():
            for name, weight in model.named_parameters():
                if name in missing:
                    weight.fill_(torch.nan)
            if cast(Any, model.train(mode=False))(input_ids=given).last_hidden_state.isfinite().all():
                return missing
    _whole(folder, told)
    return set()


def _whole(folder: Path, told: dict[str, Any]) -> None:
    missing = sorted(told["missing_keys"])
    misfits = sorted(str(found[0]) for found in told["mismatched_keys"])
    if missing or misfits:
        message = _("The weights in {folder} are not this model's: {count} are missing or misshapen, such as {names}.")
        names = ", ".join(islice([*missing, *misfits], 3))
        raise WeightsUnavailable(message.format(folder=folder, count=len(missing) + len(misfits), names=names))


def given(model: object) -> Foreign:
    """A model that is in memory already: of transformers, or of one's own. Raises WeightsUnavailable as `adopted`."""
    if isinstance(model, PreTrainedModel):
        return adopted(model)
    if isinstance(model, nn.Module):
        return overheard(model)
    message = _("The model given is {found}; expected a torch.nn.Module, or the name of a model.")
    raise WeightsUnavailable(message.format(found=type(model).__name__))


def given_tokenizer(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    """Raises WeightsUnavailable for one that is not built on the tokenizers library."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, tokenizers.Tokenizer):
        message = _("The tokenizer given is {found}; expected a fast one, built on the tokenizers library.")
        raise WeightsUnavailable(message.format(found=type(tokenizer).__name__))
    return Tokenizer(tokenizers.Tokenizer.from_str(backend.to_str()))  # a copy: ours switches truncation off


def given_chat(tokenizer: PreTrainedTokenizerBase | None) -> Chat | None:
    template = getattr(tokenizer, "chat_template", None)
    if tokenizer is None or not isinstance(template, str):
        return None
    tokens = {name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}
    return Chat(template, tokens)
