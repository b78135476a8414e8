"""Any other model of the transformers library, run by its own code: token ids in, the same `Recording` out."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import torch
from torch import Tensor

from viz_core.attention import AttentionRecord
from viz_core.config import Architecture
from viz_core.edits import AS_IT_IS, Edits
from viz_core.recording import BlockRecord, Recording

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from viz_core.models.overhearing import Overheard

Place = Literal["encoder", "self", "cross"]


@dataclass(frozen=True)
class Outline:
    """The shape of such a model, as far as it is known.

    architecture, model_type  what kind it is, to us and to transformers
    vocab_size    tokens it predicts
    context       the longest text, in tokens
    places        where each of its attentions stands, in the order in which it computes them: over the text that an
                  encoder beside it reads, over its own text, or across
    n_head        of each of those over its own text
    encoder_heads likewise of those of an encoder beside it
    predicts      whether it says which token comes next, or is hidden
    record_bytes  what one token adds to a recording
    square_bytes  what n tokens take besides, of n²

    """

    architecture: Architecture
    model_type: str
    vocab_size: int
    context: int
    places: tuple[Place, ...]
    n_head: tuple[int, ...]
    encoder_heads: tuple[int, ...]
    predicts: bool
    record_bytes: int
    square_bytes: int

    @property
    def n_layer(self) -> int:
        return len(self.n_head)

    def of(self, **changes: Any) -> "Outline":
        """The same with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Foreign:
    """A transformers model that computes its attention by our function (see `listening`, and `adopting` for how it was
    made sure that its records say what it computes).

    outputs  W_O of each attention, in the order of `places`: [head·d_value, d_model], or None where the contexts go
             through something else first
    asked    what every call of the model says besides its tokens
    one_at_a_time  for a model that writes into itself as it reads
    """

    model: "PreTrainedModel | Overheard"
    config: Outline
    outputs: tuple[Tensor | None, ...]
    asked: Mapping[str, Any] = field(default_factory=dict)
    one_at_a_time: bool = False
    _turn: "threading.RLock" = field(default_factory=threading.RLock)

    def output(self, layer: int) -> Tensor | None:
        """W_O of a layer over the model's own text."""
        return [weight for weight, place in zip(self.outputs, self.config.places, strict=True) if place == "self"][
            layer
        ]

    def __call__(
        self,
        token_ids: Tensor,
        last_only: bool = False,
        *,
        source_ids: Tensor | None = None,
        progress: Callable[[int, int], None] | None = None,
        edits: Edits = AS_IT_IS,
    ) -> Recording:
        """token_ids [seq] → its recording; labels are added by the model's face.

        source_ids  [source]: what the encoder of an encoder–decoder reads
        progress    called with (attentions done, attentions) before each one
        edits       what to change in it; of an encoder–decoder, in the decoder's self-attention. Positions stay: they
                    are the model's own affair.

        Raises ValueError on edits for another shape, or of positions.
        """
        from viz_core.models.listening import Heard, listening  # noqa: PLC0415  transformers takes seconds

        if edits.positions != "kept":
            raise ValueError(f"positions is {edits.positions!r}; a model that runs by its own code keeps its own")
        edits.check(self.config.n_head, len(token_ids))
        places = self.config.places
        layers = list(_layers(places))

        def changed(record: AttentionRecord, number: int) -> AttentionRecord:
            if progress is not None:
                progress(number, len(places))
            return edits.of_record(record, layers[number]) if places[number] == "self" else record

        model: Any = self.model
        given: dict[str, Any] = {"input_ids": token_ids[None]}
        if source_ids is not None:
            given = {"input_ids": source_ids[None], "decoder_input_ids": token_ids[None]}
        with self._turn if self.one_at_a_time else nullcontext(), listening(Heard(changed)) as heard:
            answer = model(**given, **self.asked)
        logits = answer.logits[0] if self.config.predicts else torch.empty(0, self.config.vocab_size)
        logits = logits[-1:].clone() if last_only else logits
        embed = model.get_input_embeddings()
        blocks, read = _blocks(places, heard.records)
        encoder = None if source_ids is None else Recording(source_ids, embed(source_ids), None, read, logits[:0])
        return Recording(token_ids, embed(token_ids), None, blocks, logits, encoder=encoder)

    @property
    def encoder(self) -> "Foreign":
        """Of an encoder–decoder, what reads the text, by itself."""
        heads = tuple(self.config.encoder_heads)
        places: tuple[Place, ...] = tuple("self" for _head in heads)
        outline = replace(self.config, architecture="encoder", places=places, n_head=heads, predicts=False)
        outputs = [w for w, place in zip(self.outputs, self.config.places, strict=True) if place == "encoder"]
        model = cast(Any, self.model).get_encoder()
        return Foreign(model, outline, tuple(outputs), one_at_a_time=self.one_at_a_time, _turn=self._turn)


def _layers(places: tuple[Place, ...]) -> Iterator[int]:
    """The layer of each attention, counted in its own place."""
    counts: dict[Place, int] = {}
    for place in places:
        yield counts.setdefault(place, 0)
        counts[place] += 1


def _blocks(
    places: tuple[Place, ...], records: list[AttentionRecord]
) -> tuple[tuple[BlockRecord, ...], tuple[BlockRecord, ...]]:
    """Of the text itself, and of the encoder beside it."""
    by_place: dict[Place, list[AttentionRecord]] = {"encoder": [], "self": [], "cross": []}
    for place, record in zip(places, records, strict=True):
        by_place[place].append(record)
    if by_place["cross"]:
        own = tuple(map(BlockRecord, by_place["self"], by_place["cross"]))
    else:
        own = tuple(map(BlockRecord, by_place["self"]))
    return own, tuple(BlockRecord(record) for record in by_place["encoder"])
