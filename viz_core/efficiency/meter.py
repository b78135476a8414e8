"""Counting what a computation really does: bytes its operations move, the most bytes alive at once, and arithmetic.

Every operation of PyTorch passes by here, and so does every request to its allocator: nothing is estimated.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor
from torch._C._autograd import _disable_profiler_legacy, _enable_profiler_legacy
from torch._C._profiler import ProfilerConfig, ProfilerState, _ExperimentalConfig
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

# of what they are given they read nothing but its shape
SHAPE_ALONE = {"new_full", "new_zeros", "new_ones", "full_like", "zeros_like", "ones_like", "new_empty", "empty_like"}
LEFT_BLANK = {"empty", "empty_strided", "new_empty", "empty_like", "new_empty_strided"}  # nor do they write
OVERWRITES = {"copy_", "fill_", "zero_"}  # in place, without reading what was there
_ONE_AT_A_TIME = threading.Lock()  # what listens to operations sets flags of the whole process as it comes and goes


@dataclass(frozen=True)
class Measured:
    """moved  bytes that operations read and wrote, all together
    kept   the most bytes alive at one time of what was allocated, the result included
    flops  multiplications and additions of matrix products
    """

    moved: int
    kept: int
    flops: int


def measured(work: Callable[[], Tensor], fast: int = 0) -> Measured:
    """Run `work`, which returns its result, and count.

    fast  bytes: tensors that `work` makes and that are no larger stay in fast memory, as within one GPU kernel, so
          moving them costs nothing. 0: each operation reads its operands from memory and writes its result there, once.
    """
    meter = _Meter(fast)
    with _ONE_AT_A_TIME, meter:
        result = work()
    moved = meter.moved + (result.nbytes if meter.is_fast(result) else 0)  # it has to be brought out in the end
    del result
    return Measured(moved, most_kept(work), meter.flops)


def most_kept(work: Callable[[], Tensor]) -> int:
    """Run `work`; the most bytes that PyTorch's allocator had given it at one time, scratch of fused kernels included.

    Of this thread alone: what others allocate meanwhile is not seen.
    """
    watched = ProfilerConfig(
        ProfilerState.CPU,
        False,  # no shapes
        True,  # memory
        False,  # no stacks
        False,  # no flops
        False,  # no modules
        _ExperimentalConfig(),
    )
    _enable_profiler_legacy(watched)
    try:
        result = work()
        del result  # while it is watched: else its place would be remembered as taken
    finally:
        threads = _disable_profiler_legacy()
    alive = most = 0
    for event in (event for events in threads for event in events if str(event.kind()) == "memory_alloc"):
        alive += event.cpu_memory_usage()
        most = max(most, alive)
    return most


class _Meter(TorchDispatchMode):
    def __init__(self, fast: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.moved = self.flops = 0
        self._fast = fast
        self._near: WeakSet[torch.UntypedStorage] = WeakSet()  # what stays in fast memory

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Iterable[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        args, named = tuple(args), kwargs or {}
        count = flop_registry.get(func.overloadpacket)
        if count is None:  # one that is made of others, as matmul is of mm, is counted as these
            with self:
                made = func.decompose(*args, **named)
            if made is not NotImplemented:
                return made
        result = func(*args, **named)
        self.flops += 0 if count is None else count(*args, **named, out_val=result)
        name = func.overloadpacket.__name__
        written = _written(func, args, named)
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        places = {_place(tensor) for tensor in given}
        new = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor) and _place(leaf) not in places]
        if new or written:  # a view moves nothing
            read = [] if name in SHAPE_ALONE else given
            if name in OVERWRITES:
                read = [tensor for tensor in given if not any(tensor is other for other in written)]
            out = [] if name in LEFT_BLANK else [*new, *written]
            self._near.update(storage for tensor in new if (storage := tensor.untyped_storage()).nbytes() <= self._fast)
            self.moved += sum(_bytes(tensor) for tensor in (*read, *out) if not self.is_fast(tensor))
        return result

    def is_fast(self, tensor: Tensor) -> bool:
        return tensor.untyped_storage() in self._near


def _written(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor]:
    """The operands that an operation changes in place."""
    found = []
    for index, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            value = args[index] if index < len(args) else kwargs.get(argument.name)
            found += [leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)]
    return found


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _bytes(tensor: Tensor) -> int:
    """What there is to be read: of an expanded tensor each number once."""
    count = 1
    for size, stride in zip(tensor.shape, tensor.stride(), strict=True):
        count *= size if stride else min(size, 1)
    return count * tensor.element_size()
