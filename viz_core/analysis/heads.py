"""What a head does, as scores between 0 and 1 computed from its weights on one text.

A score is the mean weight that the head's rows give to the cells of a pattern, over the rows where the
pattern has a cell. A high score on one text is an observation about that text, not a law of the head.

Sources: previous token and induction, Elhage et al. 2021 ("A Mathematical Framework for Transformer
Circuits") and Olsson et al. 2022 ("In-context Learning and Induction Heads": the prefix-matching score);
first token as a resting place, Xiao et al. 2023 ("attention sinks").
"""

import torch
from torch import Tensor


def patterns(token_ids: Tensor) -> dict[str, Tensor]:
    """Role → bool [query, key], the cells that a head of that role looks at. token_ids [seq]."""
    n = len(token_ids)
    cells = torch.ones(n, n, dtype=torch.bool)
    same = token_ids[:, None] == token_ids[None, :]
    earlier = cells.tril(-1)
    follows_same = torch.zeros_like(cells)
    follows_same[:, 1:] = same[:, :-1]  # the key whose left neighbour is a copy of the query's token
    first = torch.zeros_like(cells)
    first[1:, 0] = True
    diagonal = torch.eye(n, dtype=torch.bool)
    diagonal[0] = False  # the first row can look nowhere else
    return {
        "previous": diagonal.roll(-1, dims=1) & earlier,
        "induction": follows_same & earlier,
        "duplicate": same & earlier,
        "first": first,
        "self": diagonal,
    }


def role_scores(weights: Tensor, token_ids: Tensor) -> dict[str, Tensor]:
    """Role → [head], the mean weight on the role's cells. weights [head, query, key], token_ids [seq].

    Rows without a cell of the role are left out of its mean; a role with no such row at all scores NaN:
    it sleeps on this text.
    """
    scores = {}
    for role, cells in patterns(token_ids).items():
        rows = cells.any(dim=-1)
        scores[role] = (weights * cells).sum(-1)[..., rows].mean(-1)
    return scores
