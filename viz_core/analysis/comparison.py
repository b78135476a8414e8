"""A beside B: which tokens two readings share, and how far apart the weights of their heads are on these.

Texts are aligned by a longest common subsequence of their tokens (Wagner & Fischer 1974, "The String-to-String
Correction Problem"; of several equally long ones, beginnings and ends that are the same go first). Heads are compared
row by row by the Jensen–Shannon distance, the root of the divergence in bits (Lin 1991; Endres & Schindelin 2003: a
metric, 0 to 1). Rows and columns without a counterpart are left out and each row divided by the share it keeps: what
is compared is where a row looks among the shared tokens.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from viz_core.analysis.words import merged
from viz_core.attention import AttentionRecord
from viz_core.recording import Recording

NONE = -1  # no token of this text stands here
MOST_ROWS = 128  # compared at a time: they stay near the processor
Spans = Sequence[tuple[int, int]]  # of words: first token, one past the last
Note = Callable[[int, int], None]


@dataclass(frozen=True)
class Alignment:
    """Two texts on one axis: which token of the first and which of the second stands at each of its places, or NONE.

    A place has both (a shared token) or one; between two shared tokens those of the first come first.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]

    @cached_property
    def shared(self) -> list[int]:
        """Places of the axis."""
        return [at for at, (one, other) in enumerate(zip(self.first, self.second, strict=True)) if min(one, other) >= 0]

    @cached_property
    def only_first(self) -> list[int]:
        return [at for at, other in enumerate(self.second) if other == NONE]

    @cached_property
    def only_second(self) -> list[int]:
        return [at for at, one in enumerate(self.first) if one == NONE]

    @cached_property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """The shared tokens, numbered as in the first text and as in the second."""
        return (
            torch.tensor([self.first[at] for at in self.shared], dtype=torch.long),
            torch.tensor([self.second[at] for at in self.shared], dtype=torch.long),
        )


def aligned(first: Sequence[Hashable], second: Sequence[Hashable], *, paired: bool = False) -> Alignment:
    """On one axis, tokens being the same where they are equal; `paired`: also where between two shared tokens, or at an
    end, as many of the first were replaced by as many of the second."""
    places: list[tuple[int, int]] = []
    before = (-1, -1)
    for shared in [*_common(first, second), (len(first), len(second))]:
        ones, others = (range(start + 1, stop) for start, stop in zip(before, shared, strict=True))
        if paired and len(ones) == len(others):
            places += zip(ones, others, strict=True)
        else:
            places += [(one, NONE) for one in ones] + [(NONE, other) for other in others]
        places.append(shared)
        before = shared
    return Alignment(tuple(one for one, _other in places[:-1]), tuple(other for _one, other in places[:-1]))


def _common(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[int, int]]:
    """A longest common subsequence, as the numbers of its members in both."""
    least = min(len(first), len(second))
    start = next((at for at in range(least) if first[at] != second[at]), least)
    end = next((at for at in range(least - start) if first[-1 - at] != second[-1 - at]), least - start)
    one, other = first[start : len(first) - end], second[start : len(second) - end]
    inside = [(start + i, start + j) for i, j in _longest(one, other)]
    last = [(len(first) - at, len(second) - at) for at in range(end, 0, -1)]
    return [*((at, at) for at in range(start)), *inside, *last]


def _longest(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[int, int]]:
    number = {token: index for index, token in enumerate(dict.fromkeys([*first, *second]))}
    codes = np.array([number[token] for token in second], dtype=np.int64)
    lengths = np.zeros((len(first) + 1, len(second) + 1), dtype=np.int32)  # of the best for every two beginnings
    for i, token in enumerate(first):
        matched = lengths[i, :-1] + (codes == number[token])
        lengths[i + 1, 1:] = np.maximum.accumulate(np.maximum(lengths[i, 1:], matched))
    found, i, j = [], len(first), len(second)
    while i and j:
        if first[i - 1] == second[j - 1]:
            i, j = i - 1, j - 1
            found.append((i, j))
        elif lengths[i - 1, j] >= lengths[i, j - 1]:
            i -= 1
        else:
            j -= 1
    return found[::-1]


# -- on the common axis --------------------------------------------------------------------------------------


def placed(cells: Tensor, places: Sequence[int]) -> Tensor:
    """cells [query, key] of one text put on the common axis, `places` being its side of the alignment; NaN where the
    text has no such row or column."""
    here = torch.tensor([at for at, token in enumerate(places) if token != NONE], dtype=torch.long)
    tokens = torch.tensor([token for token in places if token != NONE], dtype=torch.long)
    axis = torch.full((len(places), len(places)), torch.nan)
    axis[here[:, None], here] = cells[tokens[:, None], tokens].float()
    return axis


class Restricted(NamedTuple):
    """weights  [..., row, column] of shared tokens, rows of sum 1; a row without any weight there is all 0
    share    [..., row]: of the row's weight, that which lies on shared tokens
    """

    weights: Tensor
    share: Tensor


def restricted(weights: Tensor, tokens: Tensor, rows: Tensor | None = None) -> Restricted:
    """weights [..., query, key] among `tokens` alone, by their numbers in the text; all their rows, or `rows`."""
    kept = _at(weights, tokens if rows is None else rows, tokens)
    share = kept.sum(-1)
    return Restricted(kept / torch.where(share > 0, share, 1.0)[..., None], share)


def _at(cells: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    return cells[..., _slice(rows), :][..., _slice(columns)]


def _slice(tokens: Tensor) -> Tensor | slice:
    """Ascending numbers as a slice where they leave none out: nothing is copied then."""
    if not len(tokens) or int(tokens[-1] - tokens[0]) + 1 != len(tokens):
        return tokens
    return slice(int(tokens[0]), int(tokens[-1]) + 1)


# -- how far apart -------------------------------------------------------------------------------------------


class Reading(NamedTuple):
    """One side of a comparison: a recording, cut into words or, without `spans`, into its tokens."""

    recording: Recording
    spans: Spans | None = None

    def cells(self, layer: int, head: int | None = None) -> tuple[Tensor, Tensor]:
        """Weights [head, query, key] and where the rows may look, bool [1 or head, query, key]; of one head or of all
        of the layer."""
        record = self.recording.blocks[layer].attention
        return cells_of(record if head is None else record.head(head), self.spans)

    @property
    def n_layer(self) -> int:
        return len(self.recording.blocks)

    def n_head(self, layer: int) -> int:
        return self.recording.blocks[layer].attention.n_head


def cells_of(record: AttentionRecord, spans: Spans | None) -> tuple[Tensor, Tensor]:
    """Weights and where the rows may look; of words: the sum over a word's keys, the mean over its queries."""
    weights = record.weights
    allowed = record.allowed if record.allowed.dim() == weights.dim() else record.allowed[None]
    if spans is None:
        return weights, allowed
    return merged(weights, spans), merged(allowed.float(), spans) > 0


@torch.inference_mode()
def distances(first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor], alignment: Alignment) -> Tensor:
    """[head]: the mean Jensen–Shannon distance over shared rows, of `cells_of` two sides with as many heads, or one.

    Left out: rows that on both sides may look at one shared token at most, since they cannot differ, and rows that give
    shared tokens no weight at all. NaN where no row is left.
    """
    heads = max(len(first[0]), len(second[0]))
    total, count = (torch.zeros(heads, dtype=torch.float64) for _ in range(2))
    for start in range(0, len(alignment.shared), MOST_ROWS):
        sides = [
            (weights, allowed, tokens[start : start + MOST_ROWS], tokens)
            for (weights, allowed), tokens in zip((first, second), alignment.pairs, strict=True)
        ]
        seen = [_at(allowed, rows, tokens) for _weights, allowed, rows, tokens in sides]
        keys = _last(seen)  # what no row here may look at has weight 0
        looks = [restricted(weights, tokens[:keys], rows) for weights, _allowed, rows, tokens in sides]
        choices = torch.maximum(*(allowed.sum(-1) for allowed in seen)) > 1
        counted = choices & (torch.minimum(looks[0].share, looks[1].share) > 0)
        total += torch.where(counted, jensen_shannon(looks[0].weights, looks[1].weights), 0.0).sum(-1)
        count += counted.sum(-1)
    return total / count


def _last(seen: Sequence[Tensor]) -> int:
    """One past the last column that any row of any bool [head, row, column] may look at, at least 1."""
    columns = torch.stack([allowed.flatten(0, -2).any(0) for allowed in seen]).any(0).nonzero()
    return int(columns[-1]) + 1 if len(columns) else 1


def jensen_shannon(first: Tensor, second: Tensor) -> Tensor:
    """[...], float64: the Jensen–Shannon distance of distributions [..., outcome], √(½ Σ p log₂(p/m) + ½ Σ q log₂(q/m))
    with m = (p + q)/2: 0 = the same, 1 = no outcome in common.

    p/m is 1 + d with d = (p − q)/(p + q): where the two are equal nothing is left of rounding, also in float32, which
    is several times faster here.
    """
    apart = (first - second) / (first + second).clamp(min=torch.finfo(first.dtype).tiny)
    nearly = -1 + torch.finfo(first.dtype).eps  # p = 0 gives 0 · log 0, which is 0
    bits = first * apart.clamp(min=nearly).log1p() + second * apart.neg().clamp(min=nearly).log1p()
    distance: Tensor = (bits.sum(-1, dtype=torch.float64) / (2 * math.log(2))).clamp(0, 1).sqrt()
    return distance


def changes(first: Reading, second: Reading, alignment: Alignment, note: Note | None = None) -> list[Tensor]:
    """How far each head is from the same head of the other side, [head] for each layer of the first. One layer's
    weights are in memory at a time; `note` is called with (layers done, layers) before each."""
    found = []
    for layer in range(first.n_layer):
        if note is not None:
            note(layer, first.n_layer)
        found.append(distances(first.cells(layer), second.cells(layer), alignment))
    return found


def likeness(
    head: tuple[Tensor, Tensor], second: Reading, alignment: Alignment, note: Note | None = None
) -> list[Tensor]:
    """How far each head of the second side is from one head, given as `Reading.cells`; [head] for each layer."""
    found = []
    for layer in range(second.n_layer):
        if note is not None:
            note(layer, second.n_layer)
        found.append(distances(head, second.cells(layer), alignment))
    return found


def pairs(first: Reading, second: Reading, layers: tuple[int, int], alignment: Alignment) -> Tensor:
    """[head, head]: how far each head of a layer of the first side is from each head of a layer of the second."""
    others = second.cells(layers[1])
    own = [first.cells(layers[0], head) for head in range(first.n_head(layers[0]))]
    return torch.stack([distances(head, others, alignment) for head in own])
