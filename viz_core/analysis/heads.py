"""What a head does, as scores between 0 and 1 computed from its weights on one text.

A score is the mean weight that the head's rows give to the cells of a pattern, over the rows where the
pattern has a cell that the row may look at; "broad" alone is a mean entropy. A high score on one text is an
observation about that text, not a law of the head.

Sources: previous token and induction, Elhage et al. 2021 ("A Mathematical Framework for Transformer Circuits") and
Olsson et al. 2022 ("In-context Learning and Induction Heads": the prefix-matching score, measured there on repeated
random tokens, here on any text); duplicate token, Wang et al. 2023 ("Interpretability in the Wild"); next token, self
and broad, Clark et al. 2019 ("What Does BERT Look At?", section 3); first token as a resting place, Xiao et al. 2023
("attention sinks"); local, Sukhbaatar et al. 2019 ("Adaptive Attention Span in Transformers": many heads need a short
span only); alignment, Bahdanau et al. 2015 (section 5.2.1).
"""

from collections.abc import Iterable

import torch
from torch import Tensor

LEFT = 0.25  # of a role's rows: what a mask must leave for the role to be scored, lest a few speak for all
LOCAL = 3  # tokens to either side that count as near
ROLES = ("previous", "next", "induction", "duplicate", "first", "self", "local", "broad")
NEED_REPEATS = ("induction", "duplicate")  # asleep where no token comes twice


def patterns(token_ids: Tensor, *, both_sides: bool = False, allowed: Tensor | None = None) -> dict[str, Tensor]:
    """Role → bool [query, key], the cells that a head of that role looks at. token_ids [seq].

    both_sides  in an encoder rows look ahead too: a copy may stand after the row, and "next" is a role
    allowed     bool [query, key], what the rows may look at, where that is less: a sliding window. Rows that may look
                at one key alone have no choice, and so no cell
    """
    n = len(token_ids)
    place = torch.arange(n)
    distance = place[:, None] - place[None, :]
    may = (distance >= 0) | both_sides
    may = may if allowed is None else may & allowed
    keys = may.sum(-1, keepdim=True)
    elsewhere = distance != 0 if both_sides else distance > 0
    same = token_ids[:, None] == token_ids[None, :]
    follows_same = torch.zeros(n, n, dtype=torch.bool)
    follows_same[:, 1:] = same[:, :-1]  # the key whose left neighbour is a copy of the query's token
    if both_sides:
        follows_same &= distance != -1  # its own right neighbour follows itself, not a copy
    # where most keys are near, looking near is no habit
    far = keys > (4 * LOCAL if both_sides else 2 * LOCAL + 1)
    found = {
        "previous": distance == 1,
        "next": distance == -1,
        "induction": follows_same & elsewhere,
        "duplicate": same & elsewhere,
        "first": (place == 0)[None, :] & (place > 0)[:, None],
        "self": distance == 0,
        "local": (distance.abs() <= LOCAL) & far,
    }
    cells = may & ((keys > 1) | both_sides)
    return {role: cells & pattern for role, pattern in found.items() if both_sides or role != "next"}


def role_scores(
    weights: Tensor, token_ids: Tensor, *, both_sides: bool = False, allowed: Tensor | None = None
) -> dict[str, Tensor]:
    """Role → [head]: the mean weight on the role's cells, and how evenly the rows spread theirs ("broad").

    weights [head, query, key], token_ids [seq], allowed as in `RoleScores.of`. Rows without a cell of the role are left
    out of its mean; a role with no such row at all scores NaN: it sleeps on this text.
    """
    return RoleScores(token_ids, both_sides=both_sides).of([(0, weights)], allowed)


class RoleScores:
    """`role_scores` for many layers of one text, whose weights may come some rows at a time."""

    def __init__(self, token_ids: Tensor, *, both_sides: bool = False) -> None:
        self.token_ids, self.both_sides = token_ids, both_sides
        self._known: list[_Under] = []

    def of(self, parts: Iterable[tuple[int, Tensor]], allowed: Tensor | None = None) -> dict[str, Tensor]:
        """Role → [head]. A part is its first row and weights [head, some rows, keys], which may lack the last keys.

        allowed  bool [query, key] or [head, query, key], what the rows may look at; None: all, in a decoder all before
        """
        masks = (
            [None]
            if allowed is None
            else list(allowed.expand(1, *allowed.shape[-2:]) if allowed.dim() < 3 else allowed)
        )
        found = [self._under(mask) for mask in masks]
        alike = all(under is found[0] for under in found)
        heads = [slice(None)] if alike else [slice(head, head + 1) for head in range(len(found))]
        sums: list[dict[str, Tensor | float]] = [dict.fromkeys(found[0].rows, 0.0) for _some in heads]
        for first, weights in parts:
            for total, some, under in zip(sums, heads, found, strict=False):
                under.add(total, first, weights[some])
        means = [
            {role: torch.as_tensor(of_role) / under.rows[role] for role, of_role in total.items()}  # 0 / 0 is NaN
            for total, under in zip(sums, found, strict=False)
        ]
        return {role: torch.cat([mean[role] for mean in means]) for role in means[0]}

    def _under(self, allowed: Tensor | None) -> "_Under":
        """Found once: most layers have one mask."""
        for known in self._known:
            if known.allowed is allowed or (
                known.allowed is not None and allowed is not None and torch.equal(known.allowed, allowed)
            ):
                return known
        self._known.append(_Under(self.token_ids, both_sides=self.both_sides, allowed=allowed))
        return self._known[-1]


class _Under:
    """The cells of every role under one mask; none of a role that the mask hides from nearly all rows."""

    def __init__(self, token_ids: Tensor, *, both_sides: bool, allowed: Tensor | None) -> None:
        self.allowed = allowed
        self.cells = patterns(token_ids, both_sides=both_sides, allowed=allowed)
        self.keys = keys_of(len(token_ids), both_sides=both_sides, allowed=allowed)
        if allowed is not None:
            whole = patterns(token_ids, both_sides=both_sides)
            for role, cells in self.cells.items():
                if cells.any(-1).sum() < LEFT * whole[role].any(-1).sum():
                    self.cells[role] = torch.zeros_like(cells)
        self.rows = {role: cells.any(dim=-1).sum() for role, cells in self.cells.items()}
        self.rows["broad"] = (self.keys > 1).sum()
        self._places: dict[tuple[int, int, int], dict[str, tuple[Tensor, Tensor]]] = {}

    def add(self, sums: dict[str, Tensor | float], first: int, weights: Tensor) -> None:
        """To the sum of each role, those of weights [head, some rows, keys], row `first` the first of them."""
        for role, (row, key) in self._places_in(first, *weights.shape[-2:]).items():
            sums[role] += weights[:, row, key].sum(-1)
        sums["broad"] += _evenness_of_rows(weights, self.keys[first : first + weights.shape[-2]]).sum(-1)

    def _places_in(self, first: int, rows: int, keys: int) -> dict[str, tuple[Tensor, Tensor]]:
        """Role → rows and columns of its cells in a part; found once, for the parts of all layers are alike."""
        if (first, rows, keys) not in self._places:
            parts = {role: cells[first : first + rows, :keys].nonzero() for role, cells in self.cells.items()}
            self._places[first, rows, keys] = {role: (part[:, 0], part[:, 1]) for role, part in parts.items()}
        return self._places[first, rows, keys]


def keys_of(n: int, *, both_sides: bool = False, allowed: Tensor | None = None) -> Tensor:
    """[query]: how many keys each of n rows may look at; `allowed` bool [query, key]."""
    if allowed is not None:
        return allowed.sum(-1)
    return torch.full((n,), n) if both_sides else torch.arange(1, n + 1)


def rows_with(token_ids: Tensor, *, both_sides: bool = False, allowed: Tensor | None = None) -> dict[str, int]:
    """Role → how many rows of this text have a cell of it ("broad": how many have more than one key)."""
    under = _Under(token_ids, both_sides=both_sides, allowed=allowed)
    return {role: int(rows) for role, rows in under.rows.items()}


def evenness(weights: Tensor, *, both_sides: bool = False, allowed: Tensor | None = None) -> Tensor:
    """[head]: the mean over rows of entropy / ln(keys the row may see): 1 = spread evenly, 0 = one key gets all.

    weights [head, query, key], allowed bool [query, key]. A row with a single key has no choice and is left out.
    """
    keys = keys_of(weights.shape[-1], both_sides=both_sides, allowed=allowed)
    return _evenness_of_rows(weights, keys).sum(-1) / (keys > 1).sum()


def _evenness_of_rows(weights: Tensor, keys: Tensor) -> Tensor:
    """[head, query], 0 for rows with a single key; keys [query], how many each row may look at."""
    entropy: Tensor = torch.special.entr(weights).sum(-1)
    return torch.where(keys > 1, entropy / keys.clamp(min=2).log(), 0.0)


def alignment_score(weights: Tensor, aligned: Tensor) -> Tensor:
    """[head]: the mean weight that cross-attention gives to the right source words, over the rows that have one.

    weights [head, target, source], aligned bool [target, source].
    """
    rows = aligned.any(-1)
    return (weights * aligned).sum(-1)[..., rows].mean(-1)
