"""What one forward pass left behind. Everything on screen is derived from this."""

from dataclasses import dataclass

from torch import Tensor

from viz_core.attention import AttentionRecord


@dataclass(frozen=True, eq=False)
class BlockRecord:
    """One block: attention and feed-forward, each added to the residual stream.

    residual_in ──▶ attention ──▶ residual_mid ──▶ feed-forward ──▶ residual_out     each [seq, d_model]

    A decoder's block with an encoder beside it:

    residual_in ──▶ attention ──▶ residual_attended ──▶ cross-attention ──▶ residual_mid ──▶ …

    Norms and the feed-forward's inside are not kept: `Block` derives them from the residuals.
    """

    residual_in: Tensor
    attention: AttentionRecord
    residual_mid: Tensor
    residual_out: Tensor
    residual_attended: Tensor | None = None
    cross_attention: AttentionRecord | None = None  # queries from here, keys and values from the encoder

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        residuals = (self.residual_in, self.residual_attended, self.residual_mid, self.residual_out)
        records = (self.attention, self.cross_attention)
        kept = [tensor for record in records if record is not None for tensor in record.tensors]
        return (*(residual for residual in residuals if residual is not None), *kept)


@dataclass(frozen=True, eq=False)
class Recording:
    """One text through one model.

    token_ids   [seq]
    tokens      a readable label for each token, seq of them; empty for a training batch
    embeddings  [seq, d_model]: the token vectors, scaled where the model scales them
    positions   [seq, d_model]: the vectors added to them, or None where the model adds none
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
