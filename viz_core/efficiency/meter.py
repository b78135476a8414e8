"""Counting what a computation really does: bytes its operations read and write, the most bytes alive at once, and
multiply–adds. Every operation of PyTorch passes by here, so nothing is estimated."""

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Measured:
    """touched  bytes that operations read and wrote, all together
    kept     the most bytes of new tensors alive at one time
    flops    multiplications and additions of matrix products
    """

    touched: int
    kept: int
    flops: int


def measured(work: Callable[[], object]) -> Measured:
    """Run `work` and count."""
    meter, flops = _Meter(), FlopCounterMode(display=False)
    with flops, meter:
        result = work()
    del result
    return Measured(meter.touched, meter.most, flops.get_total_flops())


class _Meter(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.touched = self.most = self._alive = 0
        self._storages: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Iterable[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        read = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        written = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        given = {_storage(tensor) for tensor in read}
        new = [tensor for tensor in written if _storage(tensor) not in given]
        if new or not written:  # a view moves nothing
            self.touched += sum(tensor.nbytes for tensor in (*read, *new))
        for tensor in new:
            self._note(tensor)
        return result

    def _note(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        place, size = storage.data_ptr(), storage.nbytes()
        if size and place not in self._storages:
            self._storages.add(place)
            self._alive += size
            self.most = max(self.most, self._alive)
            weakref.finalize(storage, self._forget, place, size)

    def _forget(self, place: int, size: int) -> None:
        self._storages.discard(place)
        self._alive -= size


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def of_standard(query: Tensor, key: Tensor, value: Tensor) -> Measured:
    """Attention as the formula says it: all scores, all weights, then the context. [n, d] each."""
    return measured(lambda: torch.softmax(query @ key.T, dim=-1) @ value)
