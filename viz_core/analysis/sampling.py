"""From logits to the next token: temperature, top-k, top-p, a draw.

In the order in which generation libraries apply them. Sources: Fan et al. 2018, section 5.4 (top-k); Holtzman et al.
2020, "The Curious Case of Neural Text Degeneration", section 3.1 (top-p, "nucleus") and 3.3 (temperature).
"""

from dataclasses import dataclass
from zlib import crc32

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Sampling:
    """One row of logits on its way to probabilities; every tensor [vocab], in float64.

    plain          softmax(logits): the model's own
    scaled         logits / temperature; of temperature 0 the limit: 0 for the largest, −∞ for all others
    tempered       softmax(scaled)
    in_top_k       bool: among the k largest (those that tie with the last one too)
    after_top_k    tempered, of those alone, summing to 1
    in_top_p       bool: in the smallest set of likeliest tokens that holds at least p of after_top_k
    probabilities  of those alone, summing to 1: what is drawn from
    """

    plain: Tensor
    scaled: Tensor
    tempered: Tensor
    in_top_k: Tensor
    after_top_k: Tensor
    in_top_p: Tensor
    probabilities: Tensor

    def draw(self, number: int, after: str = "") -> int:
        """A token, at random by `probabilities`; the same number, the same token, but other luck after another text:
        else the token that a number favours would come again and again."""
        random = torch.Generator().manual_seed(crc32(f"{number} {after}".encode("utf-8", "replace")))
        return int(torch.multinomial(self.probabilities, 1, generator=random))


def sampling_of(logits: Tensor, *, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> Sampling:
    """logits [vocab]. A top_k of 0, and a top_p of 1, cut nothing.

    Raises ValueError naming what is out of range.
    """
    if not 0 <= temperature < torch.inf:
        raise ValueError(f"temperature is {temperature}; expected 0 or more")
    if top_k < 0:
        raise ValueError(f"top_k is {top_k}; expected at least 1, or 0 for all")
    if not 0 <= top_p <= 1:
        raise ValueError(f"top_p is {top_p}; expected a share from 0 to 1")
    logits = logits.double()
    scaled = logits / temperature if temperature else torch.where(logits == logits.max(), 0.0, -torch.inf)
    tempered = torch.softmax(scaled, dim=-1)
    in_top_k = _largest(scaled, top_k or len(scaled))
    after_top_k = _only(tempered, in_top_k)
    in_top_p = _nucleus(after_top_k, top_p)
    return Sampling(
        plain=torch.softmax(logits, dim=-1),
        scaled=scaled,
        tempered=tempered,
        in_top_k=in_top_k,
        after_top_k=after_top_k,
        in_top_p=in_top_p,
        probabilities=_only(after_top_k, in_top_p),
    )


def _largest(scaled: Tensor, count: int) -> Tensor:
    return scaled >= scaled.topk(min(count, len(scaled))).values[-1]


def _nucleus(probabilities: Tensor, share: float) -> Tensor:
    """Never empty: the likeliest token stays, whatever `share` is."""
    if share == 1:
        return probabilities > 0
    ordered, order = probabilities.sort(descending=True, stable=True)
    before = ordered.cumsum(0) - ordered  # what likelier tokens hold together
    kept = before < share
    kept[0] = True
    return torch.zeros_like(kept).scatter(0, order, kept)


def _only(probabilities: Tensor, kept: Tensor) -> Tensor:
    left = torch.where(kept, probabilities, 0.0)
    return left / left.sum()
