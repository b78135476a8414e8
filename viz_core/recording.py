"""What one forward pass left behind. Everything on screen is derived from this."""

from dataclasses import dataclass

from torch import Tensor

from viz_core.attention import AttentionRecord


@dataclass(frozen=True, eq=False)
class BlockRecord:
    """One block: attention and feed-forward, each added to the residual stream.

    residual_in ──▶ attention ──▶ residual_mid ──▶ feed-forward ──▶ residual_out     each [seq, d_model]

    Norms and the feed-forward's inside are not kept: `Block` derives them from the residuals.
    """

    residual_in: Tensor
    attention: AttentionRecord
    residual_mid: Tensor
    residual_out: Tensor


@dataclass(frozen=True, eq=False)
class Recording:
    """One text through one model.

    token_ids   [seq]
    tokens      a readable label for each token, seq of them; empty for a training batch
    embeddings  [seq, d_model]: the token vectors
    positions   [seq, d_model]: the vectors added to them, or None where the model adds none
    blocks      one record a layer
    logits      [seq, vocab], or [1, vocab] when only the last position was asked for
    """

    token_ids: Tensor
    embeddings: Tensor
    positions: Tensor | None
    blocks: tuple[BlockRecord, ...]
    logits: Tensor
    tokens: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes of memory this recording keeps alive; what two stages share is counted once."""
        tensors = [self.token_ids, self.embeddings, self.logits]
        if self.positions is not None:
            tensors.append(self.positions)
        for block in self.blocks:
            tensors += [block.residual_in, *block.attention.tensors, block.residual_mid, block.residual_out]
        storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage() for tensor in tensors}
        return sum(storage.nbytes() for storage in storages.values())
