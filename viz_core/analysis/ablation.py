"""What a model loses when heads are switched off: every head alone, measured by running the model without it.

A head is switched off by setting its context to 0 ("zero ablation"; Michel et al. 2019, "Are Sixteen Heads Really
Better than One?", section 2), or to its mean ("mean ablation", Wang et al. 2023, "Interpretability in the Wild", over
a set of texts; here over the tokens of the one text). b_O is added in both. What it does depends on which
others are on: effects do not add up.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.analysis.lens import logits_at
from viz_core.analysis.sweep import absences
from viz_core.edits import Edits, Heads, Instead
from viz_core.recording import Recording
from viz_core.transformer import Transformer


class Effects(NamedTuple):
    """Of switching each head off alone, [layer, head] each, at one row.

    divergence  KL(before ‖ after) in nats
    logit       by how much the logit of the token that is likeliest before changes
    """

    divergence: Tensor
    logit: Tensor

    def strongest(self) -> tuple[int, int]:
        """The head without which the prediction changes most: layer and head."""
        return divmod(int(self.divergence.argmax()), self.divergence.shape[1])

    def order(self) -> list[tuple[int, int]]:
        """All heads, that which changes least first."""
        places = self.divergence.flatten().argsort(stable=True).tolist()
        return [divmod(place, self.divergence.shape[1]) for place in places]

    def weakest_half(self) -> Heads:
        """Of all heads, the half that change least, each switched off alone."""
        return frozenset(self.order()[: self.divergence.numel() // 2])


class Removal(NamedTuple):
    """Of heads switched off one after the other and left off, [heads + 1] each: with 0, 1, … of them off.

    probability  of the token that is likeliest with all heads on
    likeliest    whether it still is
    """

    probability: Tensor
    likeliest: Tensor

    def kept(self) -> int:
        """How many can be off, in that order, before the prediction is another one."""
        return _last_of_run(self.likeliest)

    def halved(self) -> int:
        """How many can be off, in that order, before the token has less than half of its probability."""
        return _last_of_run(self.probability >= self.probability[0] / 2)


def _last_of_run(holds: Tensor) -> int:
    """The last place up to which `holds` is True throughout; it is at place 0."""
    return int(holds.long().cumprod(0).sum()) - 1


@torch.inference_mode()
def logits_without(
    transformer: Transformer, recording: Recording, row: int, place: tuple[int, int], instead: Instead
) -> Tensor:
    """[vocab] at one row when the head at `place`, (layer, head), is off. What comes before it stays as recorded."""
    edits = Edits(ablated=frozenset({place}), instead=instead)
    around = transformer.surroundings(len(recording.token_ids), edits)
    x = recording.blocks[place[0]].residual_in
    for block in transformer.blocks[place[0] :]:
        x = block(x, around).residual_out
    logits: Tensor = transformer.unembedding(transformer.final_norm(x[row]))
    return logits


@torch.inference_mode()
def effects_of_each(
    transformer: Transformer,
    recording: Recording,
    row: int,
    progress: Callable[[int, int], None] | None = None,
    *,
    instead: Instead = "zero",
) -> Effects:
    """Runs the model once for each head, from that head's layer on: what comes before it stays as recorded.

    `progress` is called with (heads done, heads) before each run.
    """
    config, before = transformer.config, logits_at(transformer, recording, row)
    likeliest = int(before.argmax())

    def without(layer: int, head: int) -> Tensor:
        return logits_without(transformer, recording, row, (layer, head), instead)

    found = absences(without, before, [config.n_head] * config.n_layer, [likeliest], progress)
    return Effects(found.divergence, found.logit[..., 0])


@torch.inference_mode()
def removed_in_order(
    transformer: Transformer,
    recording: Recording,
    row: int,
    order: Sequence[tuple[int, int]],
    progress: Callable[[int, int], None] | None = None,
    *,
    instead: Instead = "zero",
) -> Removal:
    """Runs the model once for each of `order`, with all before it off too (as in Michel et al. 2019, section 4.2).

    `progress` is called with (heads done, heads) before each run.
    """
    shares = [torch.softmax(logits_at(transformer, recording, row).double(), dim=-1)]
    for count in range(1, len(order) + 1):
        if progress is not None:
            progress(count - 1, len(order))
        edits = Edits(ablated=frozenset(order[:count]), instead=instead)
        edited = transformer(recording.token_ids, last_only=True, edits=edits)
        shares.append(torch.softmax(logits_at(transformer, edited, row).double(), dim=-1))
    token = int(shares[0].argmax())
    return Removal(
        torch.stack([share[token] for share in shares]),
        torch.tensor([int(share.argmax()) == token for share in shares]),
    )
