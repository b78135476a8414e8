"""Two small examples that can be followed with pencil and paper; every number in them is computed, in float64."""

from functools import lru_cache

import torch
from torch import Tensor

from viz_core import masks
from viz_core.attention import AttentionRecord

QUERIES = [[1, 0.5, 0.3, 0.2], [0.8, 1.2, 0.4, 0.7], [0.5, 0.3, 1.5, 0.6]]
KEYS = [[0.9, 0.4, 0.2, 0.1], [1, 1.1, 0.5, 0.8], [0.4, 0.2, 1.2, 0.5]]
# of d_k = 64, known to five decimals at most: the vectors behind them are not
SCORES_OF_64 = [[16.1353, 15.5896, 15.6609], [14.63096, 13.30902, 13.05022], [17.6245, 15.7619, 17.33158]]


@lru_cache
def three_words() -> AttentionRecord:
    """Three queries and three keys of four components, not divided."""
    query, key = torch.tensor(QUERIES, dtype=torch.float64)[None], torch.tensor(KEYS, dtype=torch.float64)[None]
    return AttentionRecord(query, key, key, masks.full(3, 3), scale=1.0)


@lru_cache
def of_64_components(scale: float) -> AttentionRecord:
    """Three rows of scores at d_k = 64, as q·k of vectors that give exactly them."""
    query = torch.tensor(SCORES_OF_64, dtype=torch.float64)[None]
    key = torch.eye(3, dtype=torch.float64)[None]
    return AttentionRecord(query, key, key, masks.full(3, 3), scale)


def over_the_wrong_axis(masked_scores: Tensor) -> Tensor:
    """softmax(dim=0) of [query, key]: columns sum to 1, rows to anything. A common mistake, to be looked at."""
    return torch.softmax(masked_scores, dim=-2)
