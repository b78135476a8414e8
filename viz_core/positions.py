"""How a model is told where a token stands: pure functions, no state.

learned     a row of a trained table is added to the embedding (GPT-2); the table lives in the Transformer
sinusoidal  a fixed wave is added to the embedding            Vaswani et al. 2017, section 3.5
rotary      query and key are turned by an angle per position  Su et al. 2021 (RoFormer), section 3.2.2
ALiBi       scores lose slope × distance                       Press et al. 2022, section 3
"""

import math
from functools import lru_cache

import torch
from torch import Tensor


def sinusoidal(n: int, d_model: int) -> Tensor:
    """[n, d_model]: PE(pos, 2i) = sin(pos / 10000^(2i/d)), PE(pos, 2i+1) = cos of the same angle."""
    if d_model % 2:
        raise ValueError(f"d_model is {d_model}; expected an even number: sine and cosine come in pairs")
    position = torch.arange(n, dtype=torch.float64)[:, None]
    wavelength = 10000.0 ** (torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angle = position / wavelength
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()


def rotary_frequencies(d_head: int, base: float = 10000.0) -> Tensor:
    """[d_head/2], float64: radians that each pair of components is turned by from one position to the next."""
    if d_head % 2:
        raise ValueError(f"d_head is {d_head}; expected an even number: rotary turns pairs of components")
    return base ** (-torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)


@lru_cache(maxsize=8)
def rotary_angles(n: int, d_head: int, base: float = 10000.0, device: str = "cpu") -> Tensor:
    """[n, d_head/2], radians: position · base^(−2i/d_head). Shared: do not write to it."""
    with torch.inference_mode(False):
        frequency = rotary_frequencies(d_head, base)
        return (torch.arange(n, dtype=torch.float64)[:, None] * frequency).float().to(device)


def rotate(vectors: Tensor, angles: Tensor) -> Tensor:
    """[…, n, d_head] turned by [n, d_head/2]; component i is paired with i + d_head/2 (Llama's layout).

    The dot product of two rotated vectors depends on their positions only through the distance.
    """
    cos, sin = angles.cos(), angles.sin()
    first, second = vectors.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def alibi_slopes(n_head: int) -> Tensor:
    """[n_head]: 2^(−8/n), 2^(−16/n), …; for other than powers of two, the paper's footnote 3 interleaves."""
    power = 2 ** math.floor(math.log2(n_head))
    slopes = [2.0 ** (-8 * (i + 1) / power) for i in range(power)]
    between = [2.0 ** (-8 * (i + 0.5) / power) for i in range(n_head - power)]
    return torch.tensor(slopes + between)


def alibi_bias(n_head: int, n: int) -> Tensor:
    """[n_head, n, n]: −slope · (query position − key position); 0 on the diagonal, for a causal model."""
    position = torch.arange(n, dtype=torch.float32)
    distance = (position[:, None] - position[None, :]).abs()
    return -alibi_slopes(n_head)[:, None, None] * distance
