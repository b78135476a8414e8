"""The logit lens: what the model would predict if it stopped after a layer.

The residual stream after each block goes through the final norm and the unembedding, as the last one does.
Source: nostalgebraist 2020, "interpreting GPT: the logit lens".
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from viz_core.recording import Recording
from viz_core.transformer import Transformer

AT_ONCE = 64  # rows: logits of a whole long text would be hundreds of megabytes


@dataclass(frozen=True, eq=False)
class Lens:
    """Of `rows` of the text, after the embedding (step 0) and after each block (steps 1, 2, …).

    first        the first row
    token_ids    [step, row]: the likeliest token
    probability  [step, row]: of that token
    final        [step, row]: probability of the token that is likeliest after the last block
    rank         [step, row]: its rank, 1 = likeliest
    """

    first: int
    token_ids: Tensor
    probability: Tensor
    final: Tensor
    rank: Tensor


@torch.inference_mode()
def logits_after(transformer: Transformer, recording: Recording, step: int, rows: slice) -> Tensor:
    """[row, vocab]: step 0 reads the stream before the first block, step l after l blocks."""
    stream = recording.blocks[step - 1].residual_out if step else recording.blocks[0].residual_in
    logits: Tensor = transformer.unembedding(transformer.final_norm(stream[rows]))
    return logits


def logits_at(transformer: Transformer, recording: Recording, row: int) -> Tensor:
    """[vocab]: the model's own logits, also of a row that none were kept for."""
    row %= len(recording.token_ids)
    return logits_after(transformer, recording, len(recording.blocks), slice(row, row + 1))[0]


@torch.inference_mode()
def lens_of(transformer: Transformer, recording: Recording, rows: slice) -> Lens:
    """`rows` is a range of the text without a step, e.g. slice(0, 40)."""
    first, last, _step = rows.indices(len(recording.token_ids))
    parts = [
        _part(transformer, recording, slice(start, min(start + AT_ONCE, last))) for start in range(first, last, AT_ONCE)
    ]
    token_ids, probability, final, rank = (torch.cat(tensors, dim=1) for tensors in zip(*parts, strict=True))
    return Lens(first, token_ids, probability, final, rank)


def _part(transformer: Transformer, recording: Recording, rows: slice) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    steps = range(len(recording.blocks) + 1)
    said = logits_after(transformer, recording, steps[-1], rows).argmax(-1, keepdim=True)
    found = []
    for step in steps:
        logits = logits_after(transformer, recording, step, rows)
        chances = torch.softmax(logits, dim=-1)
        likeliest, final = chances.max(-1), chances.gather(-1, said)
        above = (logits > logits.gather(-1, said)).sum(-1)
        found.append((likeliest.indices, likeliest.values, final[:, 0], above + 1))
    token_ids, probability, final, rank = (torch.stack(tensors) for tensors in zip(*found, strict=True))
    return token_ids, probability, final, rank
