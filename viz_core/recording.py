"""What one forward pass left behind. Everything on screen is derived from this."""

from dataclasses import dataclass, fields

from torch import Tensor

from viz_core.attention import AttentionRecord


class Unrecorded(LookupError):
    """Asked for what this recording does not hold, and cannot: a model that runs by its own code shows its attention
    and nothing of what lies between."""


@dataclass(frozen=True, eq=False)
class Stream:
    """The residual stream through one block: attention and feed-forward, each added to it. [seq, d_model] each.

    residual_in ──▶ attention ──▶ residual_mid ──▶ feed-forward ──▶ residual_out

    A decoder's block with an encoder beside it:

    residual_in ──▶ attention ──▶ residual_attended ──▶ cross-attention ──▶ residual_mid ──▶ …

    Norms and the feed-forward's inside are not kept: `Block` derives them from these.
    """

    residual_in: Tensor
    residual_mid: Tensor
    residual_out: Tensor
    residual_attended: Tensor | None = None


@dataclass(frozen=True, eq=False)
class BlockRecord:
    """One block.

    cross_attention  queries from here, keys and values from the encoder; None without one
    stream           None for a model that runs by its own code: asking for a residual then raises Unrecorded
    """

    attention: AttentionRecord
    cross_attention: AttentionRecord | None = None
    stream: Stream | None = None

    @property
    def residual_in(self) -> Tensor:
        return self._known.residual_in

    @property
    def residual_mid(self) -> Tensor:
        return self._known.residual_mid

    @property
    def residual_out(self) -> Tensor:
        return self._known.residual_out

    @property
    def residual_attended(self) -> Tensor | None:
        return self._known.residual_attended

    @property
    def _known(self) -> Stream:
        if self.stream is None:
            raise Unrecorded("this model ran by its own code: its attention was recorded, its residual stream was not")
        return self.stream

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        streams = () if self.stream is None else (getattr(self.stream, field.name) for field in fields(self.stream))
        records = (self.attention, self.cross_attention)
        kept = [tensor for record in records if record is not None for tensor in record.tensors]
        return (*(residual for residual in streams if residual is not None), *kept)


@dataclass(frozen=True, eq=False)
class Recording:
    """One text through one model.

    token_ids   [seq]
    tokens      a readable label for each token, seq of them; empty for a training batch
    embeddings  [seq, d_model]: the token vectors, scaled where the model scales them; as its table holds them of a
                model that runs by its own code
    positions   [seq, d_model]: the vectors added to them, or None where the model adds none, or does not say
    blocks      one record a layer
    logits      [seq, vocab], or [1, vocab] when only the last position was asked for; an encoder that feeds a
                decoder predicts nothing: [0, vocab]
    encoder     what the encoder of an encoder–decoder did to the source text, or None
    """

    token_ids: Tensor
    embeddings: Tensor
    positions: Tensor | None
    blocks: tuple[BlockRecord, ...]
    logits: Tensor
    tokens: tuple[str, ...] = ()
    encoder: "Recording | None" = None

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Everything kept, here and in the encoder."""
        tensors = [self.token_ids, self.embeddings, self.logits]
        if self.positions is not None:
            tensors.append(self.positions)
        for block in self.blocks:
            tensors += block.tensors
        return (*tensors, *(self.encoder.tensors if self.encoder else ()))

    @property
    def nbytes(self) -> int:
        """Bytes of memory this recording keeps alive; what two stages share is counted once."""
        storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage() for tensor in self.tensors}
        return sum(storage.nbytes() for storage in storages.values())
