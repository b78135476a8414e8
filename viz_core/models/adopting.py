"""Taking in a model that runs by its own code, once it is sure that its records say what it computes.

Before anybody sees it, the model runs twice on the same few tokens: by its own eager attention, which gives out its
weights, and by ours. Every weight of every head, and every logit, must agree; else it is refused with the difference,
and left as it was.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from viz_core.attention import AttentionRecord
from viz_core.config import Architecture
from viz_core.language import _
from viz_core.models.errors import WeightsUnavailable
from viz_core.models.foreign import Foreign, Outline, Place
from viz_core.models.listening import Heard, NotReproducible, listen_to, listening
from viz_core.models.overhearing import Overheard, logits_of

TOLERANCE = 1e-4  # of a weight
LOGIT_TOLERANCE = 1e-3  # of the largest logit
SOURCE, TARGET = 7, 5  # tokens of the probe: unequal, so that no matrix is mistaken for another
UNBOUNDED = 2_048  # tokens, of a model that does not say how many it takes
TRANSIENT = 20  # bytes a cell and head that a layer works with where no fused kernel computes it


def adopted(model: PreTrainedModel) -> Foreign:
    """A model of transformers, which from now on computes its attention by our function: float32, in evaluation mode,
    without gradients.

    Raises WeightsUnavailable when its records would not say what it computes.
    """
    kind = model.config.model_type
    with _unchanged_if_refused(model):
        given, asked = _probe(model), _asked(model)
        model.set_attn_implementation("eager")
        own = _run(kind, lambda: model(**given, **asked, output_attentions=True))
        listen_to(model)
        heard, found = Heard(), _OutputMaps()
        with found.watching(model, heard), listening(heard):
            ours = _run(kind, lambda: model(**given, **asked))
        predicts = getattr(own, "logits", None) is not None
        _compare_weights(kind, heard.records, _attentions(own))
        answers = (own.logits, ours.logits) if predicts else (own.last_hidden_state, ours.last_hidden_state)
        _compare_answers(kind, *answers)
        places = tuple(_places(heard.records, crosses="decoder_input_ids" in given))
        _every_layer(model, places)
    outline = _outline(kind, heard.records, places, answers[0].shape[-1] if predicts else _vocabulary(model))
    architecture: Architecture = "encoder_decoder" if model.config.is_encoder_decoder else outline.architecture
    outline = outline.of(architecture=architecture, context=_context(model), predicts=predicts)
    outputs = tuple(found.weights.get(number) for number in range(len(places)))
    return Foreign(model, outline, outputs, asked, one_at_a_time=_rewrites_itself(model))


def overheard(module: nn.Module) -> Foreign:
    """A module of one's own, from token ids [1, seq] to logits [1, seq, vocab]: float32, in evaluation mode, without
    gradients.

    Raises WeightsUnavailable when it does not compute its attention by PyTorch's function, or its records would not say
    what it computes.
    """
    kind, embedding = type(module).__name__, next((m for m in module.modules() if isinstance(m, nn.Embedding)), None)
    if embedding is None:
        raise WeightsUnavailable(_("{kind} has no nn.Embedding, so it does not begin with tokens.").format(kind=kind))
    model = Overheard(module, embedding)
    with _unchanged_if_refused(module):
        order = torch.randperm(embedding.num_embeddings, generator=torch.Generator().manual_seed(0))
        ids, heard, found = order[None, :SOURCE], Heard(), _OutputMaps()
        before = _run(kind, lambda: logits_of(module(ids)))
        with found.watching(module, heard), listening(heard):
            after = _run(kind, lambda: model(ids).logits)
        if not heard.records or before.shape[1] != ids.shape[1]:
            message = _(
                "{kind} gave {attentions} attentions and logits of {rows} tokens; expected attention by a call of "
                "torch.nn.functional.scaled_dot_product_attention, and logits of all {count}."
            )
            told = {"attentions": len(heard.records), "rows": before.shape[1], "count": ids.shape[1]}
            raise WeightsUnavailable(message.format(kind=kind, **told))
        _compare_answers(kind, before, after)
        context = _longest(module, embedding.num_embeddings)
    places: tuple[Place, ...] = tuple("self" for _record in heard.records)
    outline = _outline(kind, heard.records, places, before.shape[-1]).of(context=context)
    return Foreign(model, outline, tuple(map(found.weights.get, range(len(places)))))


@contextmanager
def _unchanged_if_refused(model: nn.Module) -> Iterator[None]:
    """float32, in evaluation mode, without gradients; where it is refused, as it was."""
    kinds = {name: (weight.dtype, weight.requires_grad) for name, weight in model.named_parameters()}
    training, attention = model.training, getattr(getattr(model, "config", None), "_attn_implementation", None)
    model.float().train(mode=False).requires_grad_(False)
    try:
        yield
    except BaseException:
        model.train(training)
        for name, weight in model.named_parameters():
            kind, learns = kinds[name]
            weight.data = weight.data.to(kind)
            weight.requires_grad_(learns)
        if isinstance(model, PreTrainedModel):
            model.set_attn_implementation(attention or "eager")
        raise


def _run(kind: str, work: Callable[[], Any]) -> Any:
    """Raises WeightsUnavailable where the model's own code fails, or its attention cannot be said by a record."""
    try:
        with torch.inference_mode():
            return work()
    except NotReproducible as error:
        message = _("{kind} models compute attention in a way that cannot be shown here: {reason}.")
        raise WeightsUnavailable(message.format(kind=kind, reason=error)) from error
    except WeightsUnavailable:
        raise
    except Exception as error:  # whatever it raises where its settings contradict each other
        message = _("This {kind} model cannot read {count} tokens: its own code fails ({reason}).")
        reason = str(error).strip().split("\n")[0]
        raise WeightsUnavailable(message.format(kind=kind, count=SOURCE, reason=reason)) from error


def _vocabulary(model: PreTrainedModel) -> int:
    """Raises WeightsUnavailable for a model of something else than text."""
    size = getattr(model.config.get_text_config(), "vocab_size", None)
    if not isinstance(size, int):
        message = _("{kind} models read no tokens: they have no vocabulary.")
        raise WeightsUnavailable(message.format(kind=model.config.model_type))
    return size


def _probe(model: PreTrainedModel) -> dict[str, Tensor]:
    """A few different tokens, none of which means anything special to the model."""
    settings = model.config.to_dict() | model.config.get_text_config().to_dict()
    special = {value for name, value in settings.items() if name.endswith("_token_id") and isinstance(value, int)}
    usable = [index for index in range(_vocabulary(model)) if index not in special][:997]
    if len(usable) < SOURCE + TARGET:
        message = _("This model has {count} tokens that are words; expected at least {least}.")
        raise WeightsUnavailable(message.format(count=len(usable), least=SOURCE + TARGET))
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


def _every_layer(model: PreTrainedModel, places: tuple[Place, ...]) -> None:
    """Layers are counted by their attentions: where some have none, "layer 2" would be another one."""
    layers, found = getattr(model.config.get_text_config(), "num_hidden_layers", None), places.count("self")
    if not model.config.is_encoder_decoder and isinstance(layers, int) and layers != found:
        message = _("Of the {layers} layers of this {kind} model {found} have attention; expected all.")
        raise WeightsUnavailable(message.format(layers=layers, kind=model.config.model_type, found=found))


def _outline(kind: str, records: list[AttentionRecord], places: tuple[Place, ...], vocab: int) -> Outline:
    """Whether a row looks ahead is seen, not read off a name."""
    own = [record for record, place in zip(records, places, strict=True) if place == "self"]
    slow = max((record.n_head for record in records if record.cap is not None or record.bias is not None), default=0)
    return Outline(
        architecture="encoder" if any(map(_looks_ahead, own)) else "decoder",
        model_type=kind,
        vocab_size=vocab,
        context=UNBOUNDED,
        places=places,
        n_head=tuple(record.n_head for record in own),
        encoder_heads=tuple(r.n_head for r, place in zip(records, places, strict=True) if place == "encoder"),
        predicts=True,
        record_bytes=sum(t.numel() * 4 // t.shape[-2] for r in records for t in (r.query, r.key, r.value)),
        square_bytes=2 + TRANSIENT * slow,
    )


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


def _longest(module: nn.Module, vocab: int) -> int:
    """The longest text that a module of one's own reads without failing, up to UNBOUNDED: found by trying."""

    def reads(n: int) -> bool:
        try:
            with torch.inference_mode():
                module(torch.arange(n)[None] % vocab)
        except Exception:  # noqa: BLE001  whatever it raises of a text that is too long for it
            return False
        return True

    fits, fails = SOURCE, UNBOUNDED + 1
    while fits + 1 < fails:  # doubled first: a short one is found by short texts
        tried = min(2 * fits, (fits + fails) // 2) if fails > UNBOUNDED else (fits + fails) // 2
        fits, fails = (tried, fails) if reads(tried) else (fits, tried)
    return fits


def _rewrites_itself(model: PreTrainedModel) -> bool:
    """Whether the model writes into its own rotations as it reads (long rope): then one visitor reads at a time."""
    return any(getattr(part, "rope_type", None) == "longrope" for part in model.modules())


class _OutputMaps:
    """Finds each layer's W_O by running: it is the linear map that the layer's contexts, side by side, go into."""

    def __init__(self) -> None:
        self.weights: dict[int, Tensor] = {}

    @contextmanager
    def watching(self, model: nn.Module, heard: Heard) -> Iterator[None]:
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
        handles = [part.register_forward_pre_hook(before) for part in linear]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
