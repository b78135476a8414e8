"""Which cells a row may look at: boolean [query, key], True = allowed.

Before the softmax a forbidden cell is −∞, not 0: e⁰ = 1 would leak.
"""

from collections.abc import Collection
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


def sliding_window(n: int, window: int, *, both_sides: bool = False) -> Tensor:
    """[n, n]: position i sees itself and the window−1 before it (Mistral 7B, section 2), or, in an encoder, up to
    window−1 to either side.

    Raises ValueError when `window` is below 1: a row would see nothing.
    """
    return dilated(n, window, 1, both_sides=both_sides)


def dilated(n: int, window: int, step: int, *, both_sides: bool = False) -> Tensor:
    """[n, n]: position i sees i, i − step, i − 2·step, …, `window` positions in all: a window with gaps (Beltagy et al.
    2020, "Longformer", section 3.1). In an encoder as many after it.

    Raises ValueError when `window` or `step` is below 1.
    """
    for name, value in (("window", window), ("step", step)):
        if value < 1:
            raise ValueError(f"{name} is {value}; expected at least 1")
    place = torch.arange(n)
    distance = place[:, None] - place[None, :]
    near = (distance.abs() < window * step) & (distance % step == 0)
    return near if both_sides else near & (distance >= 0)


def local_and_global(n: int, window: int, everyone: Collection[int], *, both_sides: bool = False) -> Tensor:
    """[n, n]: a sliding window, and some positions that see and are seen by every one (Beltagy et al. 2020, section
    3.1); without `both_sides` nobody looks ahead all the same.

    Raises ValueError when `window` is below 1, or `everyone` names a position that is not there.
    """
    if not all(0 <= place < n for place in everyone):
        raise ValueError(f"everyone is {sorted(everyone)}; expected positions from 0 to {n - 1}")
    allowed = sliding_window(n, window, both_sides=both_sides)
    places = torch.tensor(sorted(everyone), dtype=torch.long)
    allowed[places, :] = True
    allowed[:, places] = True
    return allowed if both_sides else allowed & causal(n)


def is_causal(allowed: Tensor) -> bool:
    """Whether `allowed` is exactly the causal mask, so that a kernel may skip the upper triangle."""
    n_query, n_key = allowed.shape[-2:]
    if allowed.dim() != 2 or n_query != n_key:
        return False
    expected = causal(n_query, str(allowed.device))
    return allowed is expected or torch.equal(allowed, expected)
