"""Which cells a row may look at: boolean [query, key], True = allowed.

Before the softmax a forbidden cell is −∞, not 0: e⁰ = 1 would leak.
"""

from functools import lru_cache

import torch
from torch import Tensor


@lru_cache(maxsize=8)
def causal(n: int, device: str = "cpu") -> Tensor:
    """[n, n]: position i sees 0 … i (Vaswani et al. 2017, section 3.2.3). Shared: do not write to it."""
    with torch.inference_mode(False):  # a tensor made in inference mode could not be used in training
        return torch.ones(n, n, dtype=torch.bool, device=device).tril()


def full(n_query: int, n_key: int) -> Tensor:
    """[n_query, n_key]: everyone sees everyone, as in an encoder."""
    return torch.ones(n_query, n_key, dtype=torch.bool)


def padding(is_token: Tensor) -> Tensor:
    """[n, n] from bool [n]: nobody may look at a position that is only padding.

    Raises ValueError unless `is_token` is a boolean vector.
    """
    if is_token.dtype != torch.bool or is_token.dim() != 1:
        raise ValueError(f"is_token is {is_token.dtype} {list(is_token.shape)}; expected torch.bool [n]")
    return is_token.expand(len(is_token), -1)


def sliding_window(n: int, window: int) -> Tensor:
    """[n, n]: position i sees itself and the window−1 before it (Mistral 7B, section 2).

    Raises ValueError when `window` is below 1: a row would see nothing.
    """
    if window < 1:
        raise ValueError(f"window is {window}; expected at least 1, the position itself")
    return causal(n).triu(1 - window)


def is_causal(allowed: Tensor) -> bool:
    """Whether `allowed` is exactly the causal mask, so that a kernel may skip the upper triangle."""
    n_query, n_key = allowed.shape[-2:]
    if allowed.dim() != 2 or n_query != n_key:
        return False
    expected = causal(n_query, str(allowed.device))
    return allowed is expected or torch.equal(allowed, expected)
