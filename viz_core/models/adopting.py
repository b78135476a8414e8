"""Taking in a transformers model that runs by its own code, once it is sure that its records say what it computes.

Before anybody sees it, the model runs twice on the same few tokens: by its own eager attention, which gives out its
weights, and by ours. Every weight of every head, and every logit, must agree; else it is refused with the difference.
"""

import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, cast

import tokenizers
import torch
import transformers
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.auto import modeling_auto
from transformers.pytorch_utils import Conv1D
from transformers.utils import logging as hf_logging

from viz_core.attention import AttentionRecord
from viz_core.config import Architecture
from viz_core.language import _
from viz_core.models.chat import Chat
from viz_core.models.checkpoint import weight_files
from viz_core.models.errors import WeightsUnavailable
from viz_core.models.foreign import Foreign, Outline, Place
from viz_core.models.listening import Heard, NotReproducible, listen_to, listening
from viz_core.models.overhearing import Overheard, logits_of
from viz_core.models.tokens import Tokenizer
from viz_core.models.weights import open_weights

TOLERANCE = 1e-4  # of a weight
LOGIT_TOLERANCE = 1e-3  # of the largest logit
SOURCE, TARGET = 7, 5  # tokens of the probe: unequal, so that no matrix is mistaken for another
UNBOUNDED = 2_048  # tokens, of a model that does not say how many it takes

KINDS: dict[str, tuple[str, ...]] = {
    "AutoModelForCausalLM": tuple(modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()),
    "AutoModelForMaskedLM": tuple(modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES.values()),
    "AutoModelForSeq2SeqLM": tuple(modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES.values()),
}


def auto_class(settings: dict[str, Any]) -> str:
    """Which of transformers' classes loads a checkpoint, from its config.json.

    Raises WeightsUnavailable naming the setting that stands in the way.
    """
    kind = settings.get("model_type")
    if not isinstance(kind, str) or kind not in transformers.CONFIG_MAPPING:
        message = _("This checkpoint is of the kind {kind}, which transformers {version} does not know.")
        raise WeightsUnavailable(message.format(kind=kind, version=transformers.__version__))
    if settings.get("auto_map"):
        message = _("This checkpoint brings code of its own (auto_map), which is not run. Choose another model.")
        raise WeightsUnavailable(message)
    if settings.get("quantization_config"):
        message = _("This checkpoint is quantized (quantization_config), which cannot be reproduced in float32.")
        raise WeightsUnavailable(message)
    architectures = settings.get("architectures") or []
    for auto, known in KINDS.items():
        if any(name in known for name in architectures):
            return auto
    if settings.get("is_encoder_decoder"):
        message = _("This checkpoint is {found}; of encoder–decoders those can be shown that write, such as {example}.")
        found = ", ".join(map(str, architectures)) or _("of no named architecture")
        raise WeightsUnavailable(message.format(found=found, example="T5ForConditionalGeneration"))
    return "AutoModel"  # it reads, and predicts no token: sentence encoders, classifiers


def given(model: object) -> Foreign:
    """A model that is in memory already: of transformers, or of one's own. Raises WeightsUnavailable as `adopted`."""
    if isinstance(model, PreTrainedModel):
        return adopted(cast(PreTrainedModel, cast(Any, model).float()))
    if isinstance(model, nn.Module):
        return overheard(model.float())
    message = _("The model given is {found}; expected a torch.nn.Module, or the name of a model.")
    raise WeightsUnavailable(message.format(found=type(model).__name__))


def overheard(module: nn.Module) -> Foreign:
    """A module of one's own, from token ids [1, seq] to logits [1, seq, vocab].

    Raises WeightsUnavailable when it does not compute its attention by PyTorch's function, or its records would not say
    what it computes.
    """
    module.train(mode=False).requires_grad_(False)
    kind, embedding = type(module).__name__, next((m for m in module.modules() if isinstance(m, nn.Embedding)), None)
    if embedding is None:
        raise WeightsUnavailable(_("{kind} has no nn.Embedding, so it does not begin with tokens.").format(kind=kind))
    model = Overheard(module, embedding)
    ids = torch.randperm(embedding.num_embeddings, generator=torch.Generator().manual_seed(0))[None, :SOURCE]
    heard, found = Heard(), _OutputMaps()
    with torch.inference_mode():
        before = logits_of(module(ids))
        with found.watching(module, heard), listening(heard):
            after = model(ids).logits
    if not heard.records or before.shape[1] != ids.shape[1]:
        message = _(
            "{kind} gave {attentions} attentions and logits of {rows} tokens; expected attention by "
            "torch.nn.functional.scaled_dot_product_attention, and logits of all {count}."
        )
        told = {"attentions": len(heard.records), "rows": before.shape[1], "count": ids.shape[1]}
        raise WeightsUnavailable(message.format(kind=kind, **told))
    _compare_answers(kind, before, after)
    outline = Outline(
        architecture="encoder" if any(map(_looks_ahead, heard.records)) else "decoder",
        model_type=kind,
        vocab_size=before.shape[-1],
        context=_rows_of_positions(module, embedding),
        places=tuple("self" for _record in heard.records),
        n_head=tuple(record.n_head for record in heard.records),
        encoder_heads=(),
        predicts=True,
        record_bytes=_bytes_a_token(heard.records),
        square_bytes=_bytes_a_cell(heard.records),
    )
    return Foreign(model, outline, tuple(map(found.weights.get, range(len(heard.records)))))


def _rows_of_positions(module: nn.Module, words: nn.Embedding) -> int:
    """The longest text: the smallest other table of vectors, which is that of positions where there is one."""
    tables = [m.num_embeddings for m in module.modules() if isinstance(m, nn.Embedding) and m is not words]
    return min(tables, default=UNBOUNDED)


def given_tokenizer(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    """Raises WeightsUnavailable for one that is not built on the tokenizers library."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, tokenizers.Tokenizer):
        message = _(
            "The tokenizer given is {found}, which is not built on the tokenizers library; expected a fast one."
        )
        raise WeightsUnavailable(message.format(found=type(tokenizer).__name__))
    return Tokenizer(tokenizers.Tokenizer.from_str(backend.to_str()))  # a copy: ours switches truncation off


def given_chat(tokenizer: PreTrainedTokenizerBase | None) -> Chat | None:
    template = getattr(tokenizer, "chat_template", None)
    if tokenizer is None or not isinstance(template, str):
        return None
    tokens = {name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}
    return Chat(template, tokens)


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
    except Exception as error:  # whatever transformers, safetensors and torch raise on files that are not theirs
        message = _("The model in {folder} cannot be loaded ({reason}).")
        raise WeightsUnavailable(message.format(folder=folder, reason=str(error).strip().split("\n")[0])) from error
    _whole(folder, told)
    for name, weight in model.named_parameters():
        if not weight.isfinite().all():
            message = _("The tensor {name} holds values that are not finite numbers.")
            raise WeightsUnavailable(message.format(name=name))
    return adopted(model)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without transformers' own bars and advice on the terminal: what matters is raised."""
    terminal = cast(Any, hf_logging)  # without annotations
    bars, level = terminal.is_progress_bar_enabled(), terminal.get_verbosity()
    terminal.disable_progress_bar()
    terminal.set_verbosity_error()
    try:
        yield
    finally:
        terminal.set_verbosity(level)
        if bars:
            terminal.enable_progress_bar()


def _whole(folder: Path, told: dict[str, Any]) -> None:
    """Nothing may be missing: transformers would draw it at random."""
    missing = sorted(told["missing_keys"])
    misfits = sorted(str(found[0]) for found in told["mismatched_keys"])
    if missing or misfits:
        message = _("The weights in {folder} are not this model's: {count} are missing or misshapen, such as {names}.")
        names = ", ".join(islice([*missing, *misfits], 3))
        raise WeightsUnavailable(message.format(folder=folder, count=len(missing) + len(misfits), names=names))


def adopted(model: PreTrainedModel) -> Foreign:
    """The model, which from now on computes its attention by our function.

    Raises WeightsUnavailable when its records would not say what it computes.
    """
    model.train(mode=False).requires_grad_(False)
    kind, vocab = model.config.model_type, model.config.get_text_config().vocab_size
    given, asked = _probe(model, vocab), _asked(model)
    model.set_attn_implementation("eager")
    try:
        with torch.inference_mode():
            own = model(**given, **asked, output_attentions=True)
    except Exception as error:  # whatever the model's own code raises where its settings contradict each other
        message = _("This {kind} model cannot read {count} tokens: its own code fails ({reason}).")
        reason = str(error).strip().split("\n")[0]
        raise WeightsUnavailable(message.format(kind=kind, count=SOURCE, reason=reason)) from error
    listen_to(model)
    heard, found = Heard(), _OutputMaps()
    try:
        with found.watching(model, heard), listening(heard), torch.inference_mode():
            ours = model(**given, **asked)
    except NotReproducible as error:
        message = _("{kind} models compute attention in a way that cannot be shown here: {reason}.")
        raise WeightsUnavailable(message.format(kind=kind, reason=error)) from error
    predicts = getattr(own, "logits", None) is not None
    _compare_weights(kind, heard.records, _attentions(own))
    answers = (own.logits, ours.logits) if predicts else (own.last_hidden_state, ours.last_hidden_state)
    _compare_answers(kind, *answers)
    places = tuple(_places(heard.records, crosses="decoder_input_ids" in given))
    selfs = [number for number, place in enumerate(places) if place == "self"]
    outline = Outline(
        architecture=_architecture(model.config, [heard.records[number] for number in selfs]),
        model_type=kind,
        vocab_size=own.logits.shape[-1] if predicts else vocab,
        context=_context(model),
        places=places,
        n_head=tuple(heard.records[number].n_head for number in selfs),
        encoder_heads=tuple(r.n_head for r, place in zip(heard.records, places, strict=True) if place == "encoder"),
        predicts=predicts,
        record_bytes=_bytes_a_token(heard.records),
        square_bytes=_bytes_a_cell(heard.records),
    )
    return Foreign(model, outline, tuple(found.weights.get(number) for number in selfs), asked)


def _probe(model: PreTrainedModel, vocab: int) -> dict[str, Tensor]:
    """A few different tokens, none of which means anything special to the model."""
    settings = model.config.to_dict() | model.config.get_text_config().to_dict()
    special = {value for name, value in settings.items() if name.endswith("_token_id") and isinstance(value, int)}
    usable = [index for index in range(vocab) if index not in special][:997]
    generator = torch.Generator().manual_seed(0)
    drawn = torch.tensor(usable)[torch.randperm(len(usable), generator=generator)[: SOURCE + TARGET]]
    source, target = drawn[None, :SOURCE], drawn[None, SOURCE:]
    if model.config.is_encoder_decoder:
        return {"input_ids": source, "decoder_input_ids": target}
    return {"input_ids": source}


def _asked(model: PreTrainedModel) -> dict[str, Any]:
    """What a call says besides: a text is read once, so nothing is kept of it for a next token."""
    return {"use_cache": False} if "use_cache" in inspect.signature(model.forward).parameters else {}


def _attentions(answer: Any) -> list[Tensor]:
    """The weights that eager attention gives out, in the order in which they were computed: [head, query, key] each."""
    if getattr(answer, "encoder_attentions", None):
        pairs = zip(answer.decoder_attentions or (), answer.cross_attentions or (), strict=False)
        given: Iterable[Tensor] = (*answer.encoder_attentions, *(weights for pair in pairs for weights in pair))
    else:
        given = getattr(answer, "attentions", None) or ()
    return [weights[0] for weights in given]


def _compare_weights(kind: str, records: list[AttentionRecord], given: list[Tensor]) -> None:
    if not records:
        message = _("{kind} models do not hand over how they compute attention, so nothing true could be shown.")
        raise WeightsUnavailable(message.format(kind=kind))
    shapes = [tuple(weights.shape) for weights in given]
    if shapes != [tuple(record.weights.shape) for record in records]:
        message = _(
            "{kind} models give out {given} maps of weights where {heard} were computed: they cannot be checked."
        )
        raise WeightsUnavailable(message.format(kind=kind, given=len(given), heard=len(records)))
    apart = max(float((record.weights - weights).abs().max()) for record, weights in zip(records, given, strict=True))
    if not apart <= TOLERANCE:
        message = _("{kind} models compute other weights than their queries and keys say: they differ by {difference}.")
        raise WeightsUnavailable(message.format(kind=kind, difference=f"{apart:.1g}"))


def _compare_answers(kind: str, before: Tensor, after: Tensor) -> None:
    apart = float((before - after).abs().max() / before.abs().max().clamp(min=1e-9))
    if not apart <= LOGIT_TOLERANCE:
        message = _(
            "{kind} models predict otherwise when their attention is computed as shown: off by {difference:.1%}."
        )
        raise WeightsUnavailable(message.format(kind=kind, difference=apart))


def _places(records: list[AttentionRecord], *, crosses: bool) -> Iterable[Place]:
    """Of each attention; the two texts of the probe have different lengths."""
    sizes: dict[tuple[int, int], Place] = {(SOURCE, SOURCE): "encoder" if crosses else "self"}
    sizes |= {(TARGET, TARGET): "self", (TARGET, SOURCE): "cross"}
    return (sizes[record.query.shape[-2], record.key.shape[-2]] for record in records)


def _architecture(config: PreTrainedConfig, records: list[AttentionRecord]) -> Architecture:
    """Whether a row looks ahead is seen, not read off a name."""
    if config.is_encoder_decoder:
        return "encoder_decoder"
    return "encoder" if any(map(_looks_ahead, records)) else "decoder"


def _looks_ahead(record: AttentionRecord) -> bool:
    return bool((record.allowed & torch.ones_like(record.allowed).triu(1)).any())


def _context(model: PreTrainedModel) -> int:
    """The longest text. A table of positions with a row for padding (RoBERTa's) begins to count behind that row."""
    config = model.config.get_text_config()
    said = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None) or UNBOUNDED
    words = model.get_input_embeddings()
    tables = (part for part in model.modules() if isinstance(part, nn.Embedding) and part is not words)
    first = (part.padding_idx + 1 for part in tables if part.num_embeddings == said and part.padding_idx is not None)
    return int(said) - next(first, 0)


def _bytes_a_token(records: list[AttentionRecord]) -> int:
    return sum(t.numel() * 4 // t.shape[-2] for record in records for t in (record.query, record.key, record.value))


def _bytes_a_cell(records: list[AttentionRecord]) -> int:
    """Of n²: which cells are allowed, a bias, and what a layer works with where no fused kernel computes it."""
    slow = max((record.n_head for record in records if record.cap is not None or record.bias is not None), default=0)
    return 2 + 8 * slow


class _OutputMaps:
    """Finds each layer's W_O by running: it is the linear map that the layer's contexts, side by side, go into."""

    def __init__(self) -> None:
        self.weights: dict[int, Tensor] = {}

    def watching(self, model: nn.Module, heard: Heard) -> "_Hooks":
        """Only while the model is taken in, and nobody else has it."""

        def before(module: nn.Module, given: tuple[Any, ...]) -> None:
            number = len(heard.records) - 1
            if number < 0 or number in self.weights or not given or not isinstance(given[0], Tensor):
                return
            contexts = heard.records[number].context.transpose(-3, -2).flatten(-2)
            if given[0].shape[-2:] == contexts.shape and torch.allclose(given[0], contexts, atol=1e-5):
                weight = cast(Tensor, module.weight)
                self.weights[number] = weight if isinstance(module, Conv1D) else weight.T

        linear = (part for part in model.modules() if isinstance(part, nn.Linear | Conv1D))
        return _Hooks([part.register_forward_pre_hook(before) for part in linear])


class _Hooks:
    def __init__(self, handles: list[Any]) -> None:
        self.handles = handles

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_error: object) -> None:
        for handle in self.handles:
            handle.remove()
