"""Who looks at whom, for drawings of lines: the weights that can be seen, without the many that cannot.

Softmax gives no column exactly 0, but most get next to nothing: of a row's weights at most 50 can be 2 % or more. So
what is kept grows with the number of tokens, not with its square.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LEAST = 0.02  # of a row: a fainter line would not be seen
MOST = 150_000  # links in all: 900 kB


class Links(NamedTuple):
    """starts   uint32 [head · query + 1]: row r of all heads' rows has the links starts[r] to starts[r + 1]
    keys     uint16 [link]: the column, ascending within a row
    shares   uint16 [link]: the weight, 65,535 = 1
    shape    (head, query, key)
    least    weights below this share are left out
    """

    starts: NDArray[np.uint32]
    keys: NDArray[np.uint16]
    shares: NDArray[np.uint16]
    shape: tuple[int, int, int]
    least: float

    @property
    def arrays(self) -> tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint16]]:
        """As the browser is sent them: the widest numbers first."""
        return self.starts, self.keys, self.shares


@torch.inference_mode()
def links_of(weights: Tensor, least: float = LEAST) -> Links:
    """The links of weights [head, query, key], none fainter than `least`.

    Where that leaves more than MOST, the bound is doubled until they fit; `Links.least` tells it.
    """
    n_head, n_query, n_key = weights.shape
    seen = weights >= least
    while int(seen.sum()) > MOST:
        least *= 2
        seen = weights >= least
    counts = seen.flatten(0, 1).sum(-1)
    starts = np.zeros(n_head * n_query + 1, dtype=np.uint32)
    np.cumsum(counts.numpy(), out=starts[1:])
    keys = seen.nonzero()[:, 2].numpy().astype(np.uint16)
    shares = weights[seen].mul(65_535).round().numpy().astype(np.uint16)
    return Links(starts, keys, shares, (n_head, n_query, n_key), least)
