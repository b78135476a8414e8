"""Attention on matrices of one's own: Q, K, V, or X with W_Q, W_K, W_V; examples; and what does not multiply."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core import masks
from viz_core.analysis import worked
from viz_core.attention import AttentionRecord, Stages
from viz_core.language import _
from viz_core.matrices import from_address

GIVEN = {"qkv": ("Q", "K", "V"), "xw": ("X", "W_Q", "W_K", "W_V")}  # the two ways in, and what each asks for
CALM = 20.0  # the scores up to which e^score is written as it is, without the largest taken off first
Matrices = Mapping[str, Tensor]


class Mismatch(NamedTuple):
    """Two matrices that do not fit: their names, and words that say why and how to mend it."""

    first: str
    second: str
    says: str


@dataclass(frozen=True, eq=False)
class Example:
    """Matrices, float64, and how they are used when nobody says otherwise.

    divisor  what scores are divided by; None: √d_k
    """

    matrices: Matrices
    divisor: float | None = None
    causal: bool = False


@dataclass(frozen=True, eq=False)
class Experiment:
    """One head, float64, on given matrices that fit (`mismatches`).

    matrices    Q, K, V or X, W_Q, W_K, W_V
    divisor     what scores are divided by; None: √d_k
    causal      whether row i may look at columns 0 … i alone, counted from the first key as PyTorch's is_causal does
    wrong_axis  softmax over each column in place of each row: the mistake softmax(dim=0)
    """

    matrices: Matrices
    divisor: float | None = None
    causal: bool = False
    wrong_axis: bool = False

    @property
    def projected(self) -> bool:
        """Whether Q, K and V are computed from X."""
        return "X" in self.matrices

    @cached_property
    def record(self) -> AttentionRecord:
        """[1, n, d_k], [1, m, d_k], [1, m, d_v]."""
        query, key, value = (self._vectors(name)[None] for name in "QKV")
        n, m = query.shape[-2], key.shape[-2]
        allowed = masks.full(n, m).tril() if self.causal else masks.full(n, m)
        return AttentionRecord(query, key, value, allowed, 1 / self.divided_by)

    def _vectors(self, name: str) -> Tensor:
        return self.matrices["X"] @ self.matrices[f"W_{name}"] if self.projected else self.matrices[name]

    @property
    def divided_by(self) -> float:
        return math.sqrt(self.d_k) if self.divisor is None else self.divisor

    @property
    def d_k(self) -> int:
        return self.matrices["W_Q" if self.projected else "Q"].shape[-1]

    @cached_property
    def stages(self) -> Stages:
        """All five, [1, n, m] and [1, n, d_v]. Over the wrong axis a column that nobody may look at is 0/0: 0 here."""
        right = self.record.stages()
        if not self.wrong_axis:
            return right
        weights = worked.over_the_wrong_axis(right.masked_scores).nan_to_num(0.0)
        return right._replace(weights=weights, context=weights @ self.record.value)

    @property
    def unseen(self) -> list[int]:
        """Columns that no row may look at."""
        return torch.nonzero(~self.record.allowed.any(0)).flatten().tolist()


def is_of(experiment: Experiment, example: Example) -> bool:
    """Whether the experiment is the example, unchanged."""
    alike = all(torch.equal(matrix, example.matrices[name]) for name, matrix in experiment.matrices.items())
    used = (experiment.divisor, experiment.causal, experiment.wrong_axis)
    return alike and used == (example.divisor, example.causal, False)


@dataclass(frozen=True, eq=False)
class Shares:
    """The softmax that one weight comes from, over a row (or, wrongly, a column) of masked scores.

    masked        [count]  scores, −inf where not allowed
    largest       what is taken off each before e^…: 0 while no score is larger than CALM in magnitude; it cancels
    exponentials  [count]  e^(masked − largest), whose sum is `total`
    """

    masked: Tensor
    largest: float
    exponentials: Tensor
    total: float


def shares(experiment: Experiment, query: int, key: int) -> Shares:
    """Of the softmax that gives the weight of (query, key). Raises IndexError outside the map."""
    scores = experiment.stages.masked_scores[0]
    masked = scores[:, key] if experiment.wrong_axis else scores[query]
    seen = masked[masked > -torch.inf]
    largest = float(seen.max()) if len(seen) and float(seen.abs().max()) > CALM else 0.0
    exponentials = torch.exp(masked - largest)
    return Shares(masked, largest, exponentials, float(exponentials.sum()))


def mismatches(matrices: Matrices) -> list[Mismatch]:
    """Which of the given matrices do not multiply, and why; empty when all do."""
    shape = {name: tuple(matrix.shape) for name, matrix in matrices.items()}
    found = []
    for name in ("W_Q", "W_K", "W_V"):
        if "X" in shape and shape["X"][1] != shape[name][0]:
            words = _("XW needs as many rows in W as X has columns. Give {second} {columns} rows, or X {rows} columns.")
            found.append(
                _mismatch("X", name, shape, words.format(second=name, columns=shape["X"][1], rows=shape[name][0]))
            )
    q, k = ("W_Q", "W_K") if "X" in shape else ("Q", "K")
    if shape[q][1] != shape[k][1]:
        words = _(
            "QKᵀ multiplies each query with each key, component by component, so both need the same number of "
            "columns, dₖ. Give {second} {one} columns, or {first} {other}."
        )
        found.append(_mismatch(q, k, shape, words.format(first=q, second=k, one=shape[q][1], other=shape[k][1])))
    if "V" in shape and shape["K"][0] != shape["V"][0]:
        words = _(
            "Every key brings a value of its own, so both need the same number of rows. Give V {one} rows, or K "
            "{other}."
        )
        found.append(_mismatch("K", "V", shape, words.format(one=shape["K"][0], other=shape["V"][0])))
    return found


def _mismatch(first: str, second: str, shape: Mapping[str, tuple[int, ...]], words: str) -> Mismatch:
    shapes = [f"{rows} × {columns}" for rows, columns in (shape[first], shape[second])]
    says = _("{first} is {one} and {second} is {other}:").format(
        first=first, one=shapes[0], second=second, other=shapes[1]
    )
    return Mismatch(first, second, f"{says} {words}")


# -- examples --------------------------------------------------------------------------------------------------


def _matrices(**texts: str) -> Matrices:
    return {name: from_address(text) for name, text in texts.items()}


def examples(way: str) -> dict[str, Example]:
    """By name, of one of the two ways in."""
    return _OF_QKV if way == "qkv" else _OF_XW


_UNIT = "1 0 0_0 1 0_0 0 1"
_SCORES_OF_64 = torch.tensor(worked.SCORES_OF_64, dtype=torch.float64)
_OF_QKV = {
    "words": Example(
        {"Q": worked.three_words().query[0], "K": worked.three_words().key[0], **_matrices(V="1 0_0 1_.5 .5")},
        divisor=1.0,
    ),
    "d64": Example({"Q": _SCORES_OF_64, **_matrices(K=_UNIT, V=_UNIT)}, divisor=8.0),
    "taste": Example(_matrices(Q="5 4 1 2", K="4 5 1 3_1 2 5 4", V="5_1")),
    "one": Example(_matrices(Q="1 2 3", K="1 0 3_2 1 0_1 -1 0", V="1 0_0 1_1 1")),
    "causal": Example(_matrices(Q="0 0_0 0_0 0_0 0_0 0", K="1 0_0 1_1 1_2 0_0 2", V="1_2_3_4_5"), causal=True),
}
_OF_XW = {
    "whole": Example(
        _matrices(
            X="1 0 2 0_0 1 0 2_1 1 1 1",
            W_Q="1 0_0 1_1 0_0 1",
            W_K="0 1_1 0_1 0_0 1",
            W_V="1 0 0_0 1 0_0 0 1_1 1 0",
        )
    ),
    "unit": Example(_matrices(X="1 .5 0_.9 .6 .1_-1 .2 1", W_Q=_UNIT, W_K=_UNIT, W_V=_UNIT)),
}


class Sizes(NamedTuple):
    """Of what is drawn at random; `keys` plays no part in X with W, `width` (d_model) none in Q, K, V."""

    queries: int
    keys: int
    d_k: int
    d_v: int
    width: int


def at_random(way: str, sizes: Sizes, seed: int) -> Example:
    """Normal numbers to two decimals: components of Q, K, V and X of variance 1, of the W's 1/d_model, so that Q, K and
    V come out with a variance of about 1 too."""
    dice = torch.Generator().manual_seed(seed)
    n, m, d_k, d_v, width = sizes
    shapes = {"Q": (n, d_k), "K": (m, d_k), "V": (m, d_v), "X": (n, width)}
    shapes |= {"W_Q": (width, d_k), "W_K": (width, d_k), "W_V": (width, d_v)}
    drawn = {}
    for name in GIVEN[way]:
        spread = 1 / math.sqrt(width) if name.startswith("W") else 1.0
        numbers = torch.randn(shapes[name], generator=dice, dtype=torch.float64) * spread
        drawn[name] = numbers.round(decimals=2) + 0.0  # without −0
    return Example(drawn)
