"""What heads do, in words: what is known of each head of a model, and what it does on the text at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viz_core.analysis.heads import NEED_REPEATS, ROLES, rows_with
from viz_core.language import _
from viz_core.recording import Recording

KNOWN = 0.4  # a stored score from which a head is known for a role
LETTERS = {
    "previous": "P",
    "next": "N",
    "induction": "I",
    "duplicate": "D",
    "first": "F",
    "self": "S",
    "local": "L",
    "broad": "B",
}
NONE = 255  # among marks: no role; among scores in hundredths: none
FEW = 3  # rows; on fewer a role cannot show


def seen_by_any(recording: Recording) -> Tensor:
    """bool [query, key]: what some head of some layer may look at."""
    layers = [block.attention.allowed for block in recording.blocks]
    return torch.stack([layer if layer.dim() < 3 else layer.any(0) for layer in layers]).any(0)


def head_name(layer: int, head: int) -> str:
    return f"L{layer}·H{head}"


@dataclass(frozen=True)
class Known:
    """A role and how much of a head's weight went to it when the model was made."""

    role: str
    score: float


@dataclass(frozen=True)
class Best:
    """The head that does a role most, and its score."""

    layer: int
    head: int
    score: float

    @property
    def name(self) -> str:
        return head_name(self.layer, self.head)


@dataclass(frozen=True, eq=False)
class Roles:
    """stored  role → [layer, head], measured when the model was made; empty where nobody did
    here    role → [layer, head], on the text at hand; NaN where the role sleeps on it
    """

    stored: Mapping[str, NDArray[np.float64]]
    here: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, stored: Mapping[str, Sequence[Sequence[float]]], here: Mapping[str, Tensor]) -> "Roles":
        """`stored` as in a model's card; of it, the roles that are also measured on the text."""
        return cls(
            {role: np.array(stored[role], dtype=float) for role in ROLES if role in stored and role in here},
            {role: here[role].double().numpy() for role in ROLES if role in here},
        )

    def best(self, role: str) -> Best | None:
        """By stored scores where there are any, else on this text; None where the role sleeps on it."""
        scores = self.stored.get(role, self.here[role])
        if np.isnan(scores).all():
            return None
        layer, head = np.unravel_index(np.nanargmax(scores), scores.shape)
        return Best(int(layer), int(head), float(scores[layer, head]))

    def known(self, layer: int, head: int) -> Known | None:
        """What the head is known for: its highest stored score, the nearness that others imply only as a last resort.

        Evenness ("broad") is another measure: no head is known for it.
        """
        scores = {role: float(table[layer, head]) for role, table in self.stored.items() if role != "broad"}
        exact = {role: score for role, score in scores.items() if role != "local" and score >= KNOWN}
        near = {role: score for role, score in scores.items() if role == "local" and score >= 2 * KNOWN}
        found = exact or near
        return Known(max(found, key=found.__getitem__), max(found.values())) if found else None

    def marks(self) -> NDArray[np.uint8]:
        """[layer, head]: what each head is `known` for, as an index of ROLES, or NONE; where nobody measured the
        model, what it does on the text at hand."""
        tables = self.stored or self.here
        marks = np.full(next(iter(tables.values())).shape, NONE, dtype=np.uint8)
        strongest = np.full(marks.shape, -np.inf)
        for role in ("local", *(role for role in ROLES if role not in {"local", "broad"})):
            scores = np.nan_to_num(tables[role]) if role in tables else np.zeros(marks.shape)
            better = (scores >= (2 * KNOWN if role == "local" else KNOWN)) & (scores > strongest)
            marks[better] = ROLES.index(role)
            # nearness is implied by others, so that any of them goes before it
            strongest = np.where(better, -1.0 if role == "local" else scores, strongest)
        return marks


def names(both_sides: bool) -> dict[str, str]:
    """Role → what a head of that role looks at."""
    return {
        "previous": _("the token before"),
        "next": _("the token after"),
        "induction": _("what follows a copy") if both_sides else _("what followed an earlier copy"),
        "duplicate": _("a copy elsewhere") if both_sides else _("an earlier copy"),
        "first": _("the first token"),
        "self": _("itself"),
        "local": _("its neighbours"),
        "broad": _("everything alike"),
    }


def measured_on(role: str, both_sides: bool) -> str:
    """Where the training measured a stored score. Running text repeats too little to tell what follows a copy from
    what is likely anyway, so a decoder is tried on random tokens that repeat; an encoder never learned from those."""
    return _("on random repeated tokens") if role in NEED_REPEATS and not both_sides else _("on held-out text")


def asleep(role: str, token_ids: Tensor, *, both_sides: bool, allowed: Tensor | None = None) -> str:
    """Why the role cannot show on this text, or "" where it can. `allowed` bool [query, key]: what may be looked at."""
    rows = rows_with(token_ids, both_sides=both_sides)[role]
    if rows >= FEW:
        left = rows if allowed is None else rows_with(token_ids, both_sides=both_sides, allowed=allowed)[role]
        return "" if left >= FEW else _("the mask leaves almost no row a choice there")
    if role not in NEED_REPEATS:
        return _("this text is too short")
    return _("almost no token of this text repeats") if rows else _("no token of this text repeats")
