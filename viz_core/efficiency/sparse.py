"""Patterns of cells that are fewer than all: how many cells, how much of a head's weight lies on them, and what a model
predicts with them.

Sources: Child et al. 2019, "Generating Long Sequences with Sparse Transformers"; Beltagy et al. 2020, "Longformer",
section 3.1; Jiang et al. 2023, "Mistral 7B", section 2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core import masks
from viz_core.analysis.masking import on_allowed
from viz_core.analysis.predictions import divergence
from viz_core.attention import AttentionRecord
from viz_core.edits import Cells, Edits, Heads
from viz_core.recording import Recording
from viz_core.transformer import Transformer

MOST_WIDTHS = 32  # of a curve against the width


@dataclass(frozen=True)
class Pattern:
    """window      positions a row sees, itself included; in an encoder so many to either side
    step        between them
    everyone    positions that see, and are seen by, every one
    both_sides  as in an encoder; else nobody looks ahead
    """

    window: int
    step: int = 1
    everyone: tuple[int, ...] = ()
    both_sides: bool = False

    def allowed(self, n: int) -> Tensor:
        """bool [n, n]. Raises ValueError as `viz_core.masks` does."""
        local = masks.dilated(n, self.window, self.step, both_sides=self.both_sides)
        return local | masks.local_and_global(n, 1, self.everyone, both_sides=self.both_sides)

    def cells(self, n: int) -> int:
        """How many of the n² cells are allowed, without making them: of a million tokens too. With a step of 1, if some
        positions are global."""
        size, more = divmod(n, self.step)
        back = more * _back(size + 1, self.window) + (self.step - more) * _back(size, self.window)
        far = self._far(n)
        return 2 * (back + far) - n if self.both_sides else back + far

    @property
    def each(self) -> int:
        """Cells that one more position of a long text adds: w, in an encoder 2w − 1, and for each global position one,
        in an encoder two."""
        sides = 2 if self.both_sides else 1
        return sides * self.window - (sides - 1) + sides * len(set(self.everyone))

    def _far(self, n: int) -> int:
        """Cells on or below the diagonal that are allowed for a global position's sake alone."""
        places = [place for place in set(self.everyone) if place < n]
        rows = sum(max(0, place - self.window + 1) for place in places)
        columns = sum(max(0, n - place - self.window) for place in places)
        both = sum(late - early >= self.window for early in places for late in places)
        return rows + columns - both


def _back(n: int, window: int) -> int:
    """Cells of a causal window: row i sees min(i + 1, window)."""
    width = min(window, n)
    return n * width - width * (width - 1) // 2


class Kept(NamedTuple):
    """Of a head's weight, on the cells of a pattern: a share of 1 in the mean over rows, and in the row that keeps
    least, which is row `worst_row`."""

    mean: float
    worst: float
    worst_row: int


def kept(weights: Tensor, allowed: Tensor) -> Kept:
    """weights [query, key] as they are without the pattern; allowed bool [query, key]."""
    rows = on_allowed(weights, allowed)
    worst = int(rows.argmin())
    return Kept(float(rows.mean()), float(rows[worst]), worst)


def kept_by_width(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Of windows of 1, 2, … n to both sides: the mean over rows, and the least, [n] each. A decoder's weights [query,
    key] are 0 to the one side."""
    place = torch.arange(len(weights))
    distance = (place[:, None] - place[None, :]).abs()
    by_distance = torch.zeros_like(weights).scatter_add_(1, distance, weights)  # of each row
    rows = by_distance.cumsum(1)
    return rows.mean(0), rows.amin(0)


def as_wide(pattern: Pattern, n: int) -> int:
    """The narrowest plain window with as many cells as a pattern, or more, on a text of n."""
    cells = pattern.cells(n)
    return next(w for w in range(1, n + 1) if Pattern(w, both_sides=pattern.both_sides).cells(n) >= cells)


def kept_by_heads(recording: Recording, allowed: Tensor, note: Callable[[int, int], None] | None = None) -> Tensor:
    """[layer, head]: each head's mean over rows."""
    found = []
    for layer, block in enumerate(recording.blocks):
        if note is not None:
            note(layer, len(recording.blocks))
        found.append([_mean(block.attention.head(head), allowed) for head in range(block.attention.n_head)])
    return torch.tensor(found)


def _mean(record: AttentionRecord, allowed: Tensor) -> float:
    return float(on_allowed(record.weights[0], allowed).mean())


def widths_of(n: int) -> list[int]:
    """All from 1 to n where those are few, else evenly spaced by ratio, 1 and n among them."""
    if n <= MOST_WIDTHS:
        return list(range(1, n + 1))
    steps = range(MOST_WIDTHS)
    return sorted({round(n ** (step / (MOST_WIDTHS - 1))) for step in steps})


@torch.inference_mode()
def change_by_width(
    transformer: Transformer,
    recording: Recording,
    widths: Sequence[int],
    *,
    at: Heads | None,
    row: int,
    note: Callable[[int, int], None] | None = None,
) -> list[float]:
    """KL(as it is ‖ with a window) in nats of the prediction at `row`, the model run again for each width; the window
    is set in the heads `at`, None = all."""
    both_sides = transformer.config.architecture == "encoder"
    n = len(recording.token_ids)
    found = []
    for done, width in enumerate(widths):
        if note is not None:
            note(done, len(widths))
        window = Pattern(width, both_sides=both_sides).allowed(n)
        edits = Edits(allowed=Cells.of(window), at=at)
        after = transformer(recording.token_ids, last_only=not both_sides, edits=edits)
        found.append(divergence(recording.logits[row], after.logits[row]))
    return found
