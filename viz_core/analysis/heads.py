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
    scores = {}
    for role, cells in patterns(token_ids, both_sides=both_sides).items():
        scores[role] = weights[..., cells].sum(-1) / cells.any(dim=-1).sum()  # 0 / 0 is NaN
    scores["broad"] = evenness(weights, both_sides=both_sides)
    return scores


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
    entropy: Tensor = torch.special.entr(weights).sum(-1)
    keys = torch.full((n,), n) if both_sides else torch.arange(1, n + 1)
    rows = keys > 1
    evenly: Tensor = entropy[..., rows] / keys[rows].log()
    return evenly.mean(-1)


def alignment_score(weights: Tensor, aligned: Tensor) -> Tensor:
    """[head]: the mean weight that cross-attention gives to the right source words, over the rows that have one.

    weights [head, target, source], aligned bool [target, source].
    """
    rows = aligned.any(-1)
    return (weights * aligned).sum(-1)[..., rows].mean(-1)
