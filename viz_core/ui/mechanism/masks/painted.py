"""A painted mask as an address holds it: the number of tokens it is for, and its bits in URL-safe base 64."""

import base64
import binascii

import numpy as np
import torch
from torch import Tensor

MOST = 64  # tokens: 684 characters; cells of a longer text are too small to hit


def written(allowed: Tensor) -> str:
    """allowed  bool [n, n]; "n.bits"."""
    bits = np.packbits(allowed.numpy()).tobytes()
    return f"{len(allowed)}." + base64.urlsafe_b64encode(bits).decode().rstrip("=")


def read(text: str, n: int) -> Tensor | None:
    """bool [n, n], or None where an address says something else, or paints a text of another length."""
    size, _dot, bits = text.partition(".")
    if size != str(n) or not 0 < n <= MOST:
        return None
    try:
        packed = base64.b64decode(bits + "=" * (-len(bits) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):  # letters that are not of the alphabet, or not of ASCII
        return None
    if len(packed) != -(-n * n // 8):
        return None
    cells = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=n * n)
    return torch.from_numpy(cells.astype(bool)).reshape(n, n)
