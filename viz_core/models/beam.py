"""Beam search: several translations kept side by side, where greedy decoding keeps one.

At every step each kept text is continued by every token, and the `width` likeliest of all these texts are kept. Greedy
decoding is a beam of width 1. A likelier text may begin with a less likely word, and a wider beam can find it; even so
it may miss the likeliest.

Source: Sutskever, Vinyals & Le 2014, "Sequence to Sequence Learning with Neural Networks", section 3.2. As there,
texts are compared by log P alone, with no bonus for length.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.models.translator import END
from viz_core.recurrent import Recurrent
from viz_core.transformer import Transformer


class Kept(NamedTuple):
    """A text in the beam.

    ids      its tokens, END last where it has ended
    log      log P(ids | source), in nats
    came     its number, one step before, of the text that it continues; 0 in the first step
    """

    ids: tuple[int, ...]
    log: float
    came: int

    @property
    def ended(self) -> bool:
        return self.ids[-1:] == (END,)


@torch.inference_mode()
def beam(network: Transformer | Recurrent, source_ids: Sequence[int], width: int) -> list[list[Kept]]:
    """What is kept after each step, the likeliest first; the last step's first is the translation. `source_ids` are
    without END.

    It stops when the likeliest has ended, for no continuation makes a text likelier, or when the context is full.
    Texts that have ended keep their place until others overtake them. Raises ValueError when nothing is to be kept.
    """
    if width < 1:
        raise ValueError(f"width is {width}; expected at least 1")
    device = next(network.parameters()).device
    source = torch.tensor([*source_ids, END], device=device)
    steps: list[list[Kept]] = []
    kept = [Kept((), 0.0, 0)]
    while len(steps) < network.config.context - 1 and not kept[0].ended:
        kept = _continued(network, source, kept, width)
        steps.append(kept)
    return steps


def _continued(network: Transformer | Recurrent, source: Tensor, kept: list[Kept], width: int) -> list[Kept]:
    """The `width` likeliest of the texts that have ended and of all continuations of those that have not."""
    found = [Kept(text.ids, text.log, number) for number, text in enumerate(kept) if text.ended]
    going = [(number, text) for number, text in enumerate(kept) if not text.ended]
    written = torch.tensor([[END, *text.ids] for _number, text in going], device=source.device)
    read = source.expand(len(going), -1)
    is_token = torch.ones_like(read, dtype=torch.bool)
    recording = network(written, last_only=True, source_ids=read, source_is_token=is_token)
    logs_of = torch.log_softmax(recording.logits[:, -1].double(), dim=-1)
    best = logs_of.topk(min(width, logs_of.shape[-1]))
    for (number, text), logs, ids in zip(going, best.values.tolist(), best.indices.tolist(), strict=True):
        found += [Kept((*text.ids, token), text.log + log, number) for token, log in zip(ids, logs, strict=True)]
    return sorted(found, key=lambda text: -text.log)[:width]
