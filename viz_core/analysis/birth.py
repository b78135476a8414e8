"""How heads come to be: when a score rises in the course of training, and how far a head's weights have moved.

Sources: induction heads and the moment they form, Olsson et al. 2022 ("In-context Learning and Induction Heads"); the
heads they are composed of, Elhage et al. 2021 ("A Mathematical Framework for Transformer Circuits"); the distance,
Lin 1991 (Jensen–Shannon divergence) and Endres & Schindelin 2003 (its root is a metric).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rise:
    """When a score is there: where it first stands above half of its highest.

    index  of the first measurement above it
    step   where the straight line from the measurement before reaches it
    level  half of the highest score
    """

    index: int
    step: float
    level: float


def rise_of(steps: Sequence[float], scores: Sequence[float], share: float = 0.5) -> Rise:
    """Where the score of ascending `steps` first exceeds `share` of its highest. Scores are at least 0, one above it.

    Raises ValueError where no score is above 0: such a score never rises.
    """
    level = share * max(scores)
    index = next((index for index, score in enumerate(scores) if score > level), None)
    if index is None:
        raise ValueError(f"the highest of {len(scores)} scores is {max(scores)}; expected one above 0")
    if not index:
        return Rise(0, steps[0], level)
    along = (level - scores[index - 1]) / (scores[index] - scores[index - 1])
    return Rise(index, steps[index - 1] + along * (steps[index] - steps[index - 1]), level)


class Fall(NamedTuple):
    """The steepest stretch of a loss: from one measured step to a later one, and the loss at both."""

    start: float
    end: float
    before: float
    after: float


def fall_around(steps: Sequence[float], losses: Sequence[float], step: float, stretch: float) -> Fall:
    """Of the stretches from one measurement to the next that is at least `stretch` steps later, and that contain
    `step`, the one over which the loss falls most. `steps` ascend.

    Raises ValueError where no two measurements lie so far apart around it.
    """
    at = dict(zip(steps, losses, strict=True))
    later = ((first, next((end for end in steps if end >= first + stretch), None)) for first in steps)
    ends = [(first, end) for first, end in later if end is not None and first <= step <= end]
    if not ends:
        raise ValueError(f"no two measurements {stretch} steps apart lie around step {step}")
    start, end = max(ends, key=lambda pair: at[pair[0]] - at[pair[1]])
    return Fall(start, end, at[start], at[end])


def jensen_shannon(first: Tensor, second: Tensor) -> Tensor:
    """[...]: the Jensen–Shannon distance of distributions [..., outcome], the root of the divergence in bits.

    0 = the same, 1 = no outcome in common; symmetric, and a metric.
    """
    first, second = first.double(), second.double()
    middle = (first + second) / 2
    gained = torch.special.entr(middle).sum(-1)
    own = (torch.special.entr(first).sum(-1) + torch.special.entr(second).sum(-1)) / 2
    distance: Tensor = ((gained - own) / math.log(2)).clamp(0, 1).sqrt()
    return distance


def moved(before: Tensor, after: Tensor) -> Tensor:
    """[head]: how far each head's rows have moved, as the mean Jensen–Shannon distance of a decoder's rows.

    before, after [head, query, key]. The first row can look nowhere but at itself and is left out; of a text of one
    token nothing is left, and nothing can have moved: 0.
    """
    distances = jensen_shannon(before, after)[:, 1:]
    return distances.mean(-1) if distances.shape[-1] else distances.new_zeros(len(distances))
