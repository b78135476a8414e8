"""A and B: what each side is, and both on one axis of tokens or words."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from viz_core.analysis import comparison
from viz_core.analysis.comparison import NONE, Alignment, Reading
from viz_core.analysis.words import word_labels, words_of
from viz_core.edits import AS_IT_IS, Edits
from viz_core.figures.labels import unspaced
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import store
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene


@dataclass(frozen=True, eq=False, kw_only=True)
class Side:
    """One run of one model, and one head of it. `says` tells it from the other; `words`: cut into words."""

    letter: Literal["A", "B"]
    says: str
    model: Model
    text: str
    recording: Recording
    layer: int
    head: int
    edits: Edits = AS_IT_IS
    words: bool = False

    @property
    def run(self) -> tuple[Hashable, ...]:
        """What everything that is computed of all its heads depends on."""
        return self.model.name, self.model.revision, self.text, self.edits, self.words

    @property
    def identity(self) -> tuple[Hashable, ...]:
        return (*self.run, self.layer, self.head)

    @property
    def name(self) -> str:
        return head_name(self.layer, self.head)

    @cached_property
    def spans(self) -> tuple[tuple[int, int], ...] | None:
        return tuple(words_of(self.recording.tokens)) if self.words else None

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Labels of its tokens, or of its words."""
        tokens = self.recording.tokens
        return tokens if self.spans is None else word_labels(tokens, self.spans)

    @cached_property
    def reading(self) -> Reading:
        return Reading(self.recording, self.spans)

    def unit_of(self, token: int) -> int:
        if self.spans is None:
            return token
        return next(at for at, (start, stop) in enumerate(self.spans) if start <= token < stop)

    def token_of(self, unit: int) -> int:
        """The first token of a unit."""
        return unit if self.spans is None else self.spans[unit][0]

    @cached_property
    def cells(self) -> tuple[Tensor, Tensor]:
        """Weights and where the rows may look, [1, query, key] each, of the chosen head."""
        if self.spans is None:  # which the other pages have computed, or will ask for
            allowed = self.recording.blocks[self.layer].attention.head(self.head).allowed
            weights = store.stages(self.model, self.text, self.layer, self.head, self.edits).weights
            return weights, allowed.expand_as(weights)
        key = ("compared cells", *self.identity)
        return store.finding(key, lambda: self.reading.cells(self.layer, self.head))


def first_side(scene: Scene, says: str, *, words: bool = False) -> Side:
    """A is what the visitor looks at on every page."""
    at = scene.choice
    return Side(
        letter="A",
        says=says,
        model=scene.model,
        text=scene.text,
        recording=scene.recording,
        layer=at.layer,
        head=at.head,
        words=words,
    )


def with_head(side: Side, place: tuple[int, int]) -> Side:
    return replace(side, layer=place[0], head=place[1])


@dataclass(frozen=True, eq=False)
class Pair:
    """Both sides on one axis."""

    first: Side
    second: Side
    alignment: Alignment
    paired: bool  # tokens replaced one for one count as shared

    @classmethod
    def of(cls, first: Side, second: Side, *, paired: bool = False) -> "Pair":
        key = ("compared axis", first.run, second.run, paired)
        found = store.finding(key, lambda: comparison.aligned(*_compared(first, second), paired=paired))
        return cls(first, second, found, paired)

    @property
    def identity(self) -> tuple[Hashable, ...]:
        return "pair", *self.first.identity, *self.second.identity, self.paired

    @property
    def runs(self) -> tuple[Hashable, ...]:
        return self.first.run, self.second.run, self.paired

    @property
    def size(self) -> int:
        """Places of the axis."""
        return len(self.alignment.first)

    @property
    def whole(self) -> bool:
        """Whether all tokens are shared."""
        return len(self.alignment.shared) == self.size

    @cached_property
    def tokens(self) -> list[str]:
        """A label for each place."""
        both = zip(self.alignment.first, self.alignment.second, strict=True)
        return [self._label(one, other) for one, other in both]

    def _label(self, one: int, other: int) -> str:
        if NONE in (one, other):
            return self.first.units[one] if other == NONE else self.second.units[other]
        if (one, other) in self.replaced:
            return f"{self.first.units[one]}/{unspaced(self.second.units[other])}"
        return self.first.units[one]

    @cached_property
    def replaced(self) -> list[tuple[int, int]]:
        """Tokens of A and B that count as shared though they are not the same."""
        if not self.paired:
            return []
        ones, others = _compared(self.first, self.second)
        both = zip(self.alignment.first, self.alignment.second, strict=True)
        return [(one, other) for one, other in both if NONE not in (one, other) and ones[one] != others[other]]

    @cached_property
    def owners(self) -> list[str]:
        """For each place, "A" or "B" where only one of them has it, else ""."""
        both = zip(self.alignment.first, self.alignment.second, strict=True)
        return ["A" if other == NONE else "B" if one == NONE else "" for one, other in both]

    @property
    def marked(self) -> list[str]:
        """The labels, with whose it is where only one of them has it."""
        return [f"{token} ({whose})" if whose else token for token, whose in zip(self.tokens, self.owners, strict=True)]

    @cached_property
    def weights(self) -> tuple[Tensor, Tensor]:
        """Of A and of B, [place, place], NaN where it has no such token."""
        places = (self.alignment.first, self.alignment.second)
        first, second = (
            comparison.placed(side.cells[0][0], at) for side, at in zip((self.first, self.second), places, strict=True)
        )
        return first, second

    @cached_property
    def allowed(self) -> tuple[Tensor, Tensor]:
        """Likewise, bool; True where there is no such token, which is another thing than not being allowed."""
        places = (self.alignment.first, self.alignment.second)
        first, second = (
            comparison.placed(side.cells[1][0].float(), at) != 0
            for side, at in zip((self.first, self.second), places, strict=True)
        )
        return first, second

    @cached_property
    def difference(self) -> Tensor:
        """A − B, NaN where one of them has no such token."""
        return self.weights[0] - self.weights[1]

    def unshared(self) -> tuple[float | None, float | None]:
        """The share of the weight of shared rows that lies on tokens which only A, or only B, has; None where no such
        row may look at one."""

        def found(side: Side, tokens: Tensor) -> float | None:
            weights, allowed = (cells[0] for cells in side.cells)
            others = torch.ones(len(weights), dtype=torch.bool)
            others[tokens] = False
            if not allowed[tokens][:, others].any():
                return None
            return max(1 - float(comparison.restricted(weights, tokens).share.mean()), 0.0)

        first, second = self.alignment.pairs
        return found(self.first, first), found(self.second, second)

    def largest(self, row: int | None = None) -> tuple[int, int] | None:
        """The place (row, column) of the largest difference, perhaps in one row; None where nothing is shared."""
        sizes = torch.nan_to_num(self.difference.abs(), nan=-1.0)
        if row is not None:
            sizes = torch.where(torch.arange(self.size)[:, None] == row, sizes, -1.0)
        if self.size == 0 or float(sizes.max()) < 0:
            return None
        at = int(sizes.argmax())
        return at // self.size, at % self.size


def _compared(first: Side, second: Side) -> tuple[tuple[Hashable, ...], tuple[Hashable, ...]]:
    """What tokens are compared by: their ids; words, and tokens of two models, by the text they spell, since one number
    is another token in another vocabulary."""

    def told(side: Side) -> tuple[Hashable, ...]:
        by_text = side.words or first.model is not second.model
        return tuple(map(unspaced, side.units)) if by_text else tuple(side.recording.token_ids.tolist())

    return told(first), told(second)
