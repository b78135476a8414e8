"""Every head of a model switched off alone: what becomes of one prediction, and of chosen tokens in it.

Of any model that can be run without a head; `viz_core.analysis.ablation` says what switching off is, and from where.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.analysis.predictions import divergence


class Absences(NamedTuple):
    """Of each head's absence alone; NaN where a layer has fewer heads than another.

    divergence   [layer, head]: KL(before ‖ after) in nats
    logit        [layer, head, token]: by how much a token's logit changes
    probability  [layer, head, token]: by how much its probability does
    """

    divergence: Tensor
    logit: Tensor
    probability: Tensor


@torch.inference_mode()
def absences(
    without: Callable[[int, int], Tensor],
    before: Tensor,
    heads: Sequence[int],
    token_ids: Sequence[int],
    progress: Callable[[int, int], None] | None = None,
) -> Absences:
    """Runs the model once for each head.

    without    the logits [vocab] when head (layer, head) is off
    before     those with all heads on
    heads      how many each layer has
    progress   called with (heads done, heads) before each run
    """
    shape, ids = (len(heads), max(heads)), list(token_ids)
    kl, logit, probability = (torch.full((*shape, *more), torch.nan) for more in ((), (len(ids),), (len(ids),)))
    shares = before.double().softmax(-1)[ids]
    places = [(layer, head) for layer, count in enumerate(heads) for head in range(count)]
    for done, place in enumerate(places):
        if progress is not None:
            progress(done, len(places))
        after = without(*place)
        kl[place] = divergence(before, after)
        logit[place] = after[ids] - before[ids]
        probability[place] = after.double().softmax(-1)[ids] - shares
    return Absences(kl, logit, probability)
