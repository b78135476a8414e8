"""What a head does, as scores between 0 and 1 computed from its weights on one text.

A score is the mean weight that the head's rows give to the cells of a pattern, over the rows where the
pattern has a cell; "broad" alone is a mean entropy. A high score on one text is an observation about that
text, not a law of the head.

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

LOCAL = 3  # tokens to either side that count as near
ROLES = ("previous", "next", "induction", "duplicate", "first", "self", "local", "broad")
NEED_REPEATS = ("induction", "duplicate")  # asleep where no token comes twice


def patterns(token_ids: Tensor, *, both_sides: bool = False) -> dict[str, Tensor]:
    """Role → bool [query, key], the cells that a head of that role looks at. token_ids [seq].

    both_sides  in an encoder rows look ahead too: a copy may stand after the row, and "next" is a role
    """
    n = len(token_ids)
    cells = torch.ones(n, n, dtype=torch.bool)
    place = torch.arange(n)
    distance = place[:, None] - place[None, :]
    elsewhere = distance != 0 if both_sides else distance > 0
    same = token_ids[:, None] == token_ids[None, :]
    follows_same = torch.zeros_like(cells)
    follows_same[:, 1:] = same[:, :-1]  # the key whose left neighbour is a copy of the query's token
    if both_sides:
        follows_same &= distance != -1  # its own right neighbour follows itself, not a copy
    choice = (place > 0)[:, None]  # in a decoder the first row can look nowhere else
    # where most keys are near, looking near is no habit
    far = cells.sum(-1, keepdim=True) > 4 * LOCAL if both_sides else (place > 2 * LOCAL)[:, None]
    found = {
        "previous": distance == 1,
        "next": distance == -1,
        "induction": follows_same & elsewhere,
        "duplicate": same & elsewhere,
        "first": (place == 0)[None, :] & choice,
        "self": (distance == 0) & (choice | both_sides),
        "local": (distance.abs() <= LOCAL) & far,
    }
    return found if both_sides else {role: cells & (distance >= 0) for role, cells in found.items() if role != "next"}


def role_scores(weights: Tensor, token_ids: Tensor, *, both_sides: bool = False) -> dict[str, Tensor]:
    """Role → [head]: the mean weight on the role's cells, and how evenly the rows spread theirs ("broad").

    weights [head, query, key], token_ids [seq]. Rows without a cell of the role are left out of its mean; a role
    with no such row at all scores NaN: it sleeps on this text.
    """
    return RoleScores(token_ids, both_sides=both_sides).of([(0, weights)])


class RoleScores:
    """`role_scores` for many layers of one text, whose weights may come some rows at a time."""

    def __init__(self, token_ids: Tensor, *, both_sides: bool = False) -> None:
        self.both_sides, self.n = both_sides, len(token_ids)
        self.cells = patterns(token_ids, both_sides=both_sides)
        self.rows = {role: cells.any(dim=-1).sum() for role, cells in self.cells.items()}
        self.rows["broad"] = torch.tensor(self.n * (self.n > 1) if both_sides else self.n - 1)
        self._places: dict[tuple[int, int, int], dict[str, tuple[Tensor, Tensor]]] = {}

    def of(self, parts: Iterable[tuple[int, Tensor]]) -> dict[str, Tensor]:
        """Role → [head]. A part is its first row and weights [head, some rows, keys], which may lack the last keys."""
        sums: dict[str, Tensor | float] = dict.fromkeys(self.rows, 0.0)
        for first, weights in parts:
            for role, (row, key) in self._places_in(first, *weights.shape[-2:]).items():
                sums[role] += weights[:, row, key].sum(-1)
            sums["broad"] += _evenness_of_rows(weights, first, self.n, both_sides=self.both_sides).sum(-1)
        return {role: torch.as_tensor(total) / self.rows[role] for role, total in sums.items()}  # 0 / 0 is NaN

    def _places_in(self, first: int, rows: int, keys: int) -> dict[str, tuple[Tensor, Tensor]]:
        """Role → rows and columns of its cells in a part; found once, for the parts of all layers are alike."""
        if (first, rows, keys) not in self._places:
            parts = {role: cells[first : first + rows, :keys].nonzero() for role, cells in self.cells.items()}
            self._places[first, rows, keys] = {role: (part[:, 0], part[:, 1]) for role, part in parts.items()}
        return self._places[first, rows, keys]


def rows_with(token_ids: Tensor, *, both_sides: bool = False) -> dict[str, int]:
    """Role → how many rows of this text have a cell of it ("broad": how many have more than one key)."""
    n = len(token_ids)
    rows = {role: int(cells.any(-1).sum()) for role, cells in patterns(token_ids, both_sides=both_sides).items()}
    return rows | {"broad": n * (n > 1) if both_sides else n - 1}


def evenness(weights: Tensor, *, both_sides: bool = False) -> Tensor:
    """[head]: the mean over rows of entropy / ln(keys the row may see): 1 = spread evenly, 0 = one key gets all.

    weights [head, query, key]. A row with a single key has no choice and is left out.
    """
    n = weights.shape[-1]
    rows = n if both_sides else n - 1
    return _evenness_of_rows(weights, 0, n, both_sides=both_sides).sum(-1) / (rows if n > 1 else torch.tensor(0.0))


def _evenness_of_rows(weights: Tensor, first: int, n: int, *, both_sides: bool) -> Tensor:
    """[head, query], 0 for rows with a single key; the first of the rows is row `first` of n."""
    entropy: Tensor = torch.special.entr(weights).sum(-1)
    place = torch.arange(first, first + weights.shape[-2])
    keys = torch.full_like(place, n) if both_sides else place + 1
    return torch.where(keys > 1, entropy / keys.clamp(min=2).log(), 0.0)


def alignment_score(weights: Tensor, aligned: Tensor) -> Tensor:
    """[head]: the mean weight that cross-attention gives to the right source words, over the rows that have one.

    weights [head, target, source], aligned bool [target, source].
    """
    rows = aligned.any(-1)
    return (weights * aligned).sum(-1)[..., rows].mean(-1)
