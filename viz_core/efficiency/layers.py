"""One real layer of each kind of `costs.cost`, to be timed: float32, random weights, one text, forward only.

attention    all heads of 64, W_Q, W_K, W_V, W_O, through PyTorch's fused kernel
recurrent    torch.nn.GRU
convolution  torch.nn.Conv1d, as long out as in
restricted   attention where a position sees the r nearest alone, with work that grows with r · n
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from viz_core.efficiency.costs import Kind
from viz_core.efficiency.timing import in_rounds

KINDS: tuple[Kind, ...] = ("attention", "recurrent", "convolution", "restricted")
D_HEAD = 64
LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)


class Attention(nn.Module):
    """Self-attention without a mask, or, with `near`, of each position to its `near` nearest alone."""

    def __init__(self, d: int, near: int | None = None) -> None:
        super().__init__()
        self.near, self.n_head = near, max(1, d // D_HEAD)
        self.query, self.key, self.value, self.output = (nn.Linear(d, d) for _matrix in range(4))

    def forward(self, x: Tensor) -> Tensor:
        """[n, d] → [n, d]"""
        query, key, value = (
            linear(x).unflatten(-1, (self.n_head, -1)).transpose(0, 1) for linear in (self.query, self.key, self.value)
        )
        if self.near is None:
            context = F.scaled_dot_product_attention(query[None], key[None], value[None])[0]
        else:
            context = near_attention(query, key, value, self.near)
        return cast(Tensor, self.output(context.transpose(0, 1).flatten(1)))


def near_attention(query: Tensor, key: Tensor, value: Tensor, r: int) -> Tensor:
    """[head, n, d_head]: position i sees i − ⌊(r−1)/2⌋ … i + ⌊r/2⌋, as far as they exist: r keys.

    Rows go in blocks of r. Together they see 2r − 1 keys, and only those are multiplied: n · (2r − 1) cells, not n².

    Raises ValueError when r is below 1.
    """
    if r < 1:
        raise ValueError(f"r is {r}; expected at least 1")
    n = query.shape[-2]
    blocks, left = -(-n // r), (r - 1) // 2
    rows = F.pad(query, (0, 0, 0, blocks * r - n)).unflatten(-2, (blocks, r)).transpose(0, 1)
    # the keys of block b begin `left` before its first row
    around = (0, 0, left, blocks * r - n + r - 1 - left)
    seen_keys, seen_values = (
        F.pad(rows_of, around).unfold(-2, 2 * r - 1, r).permute(1, 0, 3, 2) for rows_of in (key, value)
    )
    row, offset = torch.arange(r)[:, None], torch.arange(2 * r - 1)
    place = offset - left + r * torch.arange(blocks)[:, None]
    near = (offset >= row) & (offset < row + r)
    there = (place >= 0) & (place < n)
    allowed = near & there[:, None, :]
    context = F.scaled_dot_product_attention(rows, seen_keys, seen_values, allowed[:, None])
    return context.transpose(0, 1).flatten(1, 2)[:, :n]


def layer(kind: Kind, d: int, *, k: int, r: int) -> Callable[[Tensor], Any]:
    """What takes [n, d] and computes one layer of that kind."""
    if kind == "recurrent":
        return nn.GRU(d, d)
    if kind == "convolution":
        convolution = nn.Conv1d(d, d, k)
        return lambda x: convolution(F.pad(x.T[None], ((k - 1) // 2, k // 2)))
    return Attention(d, r if kind == "restricted" else None)


@dataclass(frozen=True)
class Timings:
    """lengths  n of each measurement, ascending
    seconds     of each kind, at each length: the fastest of `rounds`, for what disturbs can only add
    threads     that PyTorch computed with
    """

    lengths: tuple[int, ...]
    seconds: dict[Kind, tuple[float, ...]]
    rounds: int
    threads: int


@torch.inference_mode()
def timings(
    d: int,
    *,
    k: int,
    r: int,
    lengths: tuple[int, ...] = LENGTHS,
    rounds: int = 7,
    note: Callable[[int, int], None] = lambda _done, _total: None,
) -> Timings:
    """Measured here and now, a layer of each kind at each length; `note` is told (done, all) as it goes."""
    texts = [torch.randn(n, d) for n in lengths]
    layers = [layer(kind, d, k=k, r=r) for kind in KINDS]
    taken = in_rounds([partial(compute, x) for compute in layers for x in texts], rounds=rounds, note=note)
    fastest = iter([min(runs) for runs in taken])
    seconds = {kind: tuple(next(fastest) for _text in texts) for kind in KINDS}
    return Timings(tuple(lengths), seconds, len(taken[0]), torch.get_num_threads())
