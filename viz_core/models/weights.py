"""safetensors files, looked at before they are read, and how tensors become a network."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, overload

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from viz_core.config import TransformerConfig
from viz_core.language import _
from viz_core.models.errors import WeightsUnavailable
from viz_core.recurrent import Recurrent, RecurrentConfig
from viz_core.transformer import Transformer

FLOATS = ("F32", "F16", "BF16", "F64")


class Weights:
    """The tensors of one or several files, by name. Only `read` touches the numbers."""

    def __init__(self, files: Mapping[str, Any]) -> None:
        self._file_of = files

    def __iter__(self) -> Iterator[str]:
        return iter(self._file_of)

    def __len__(self) -> int:
        return len(self._file_of)

    def __contains__(self, name: object) -> bool:
        return name in self._file_of

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._file_of[name].get_slice(name).get_shape())

    def count(self) -> int:
        """How many numbers there are in all."""
        return sum(math.prod(self.shape(name)) for name in self)

    def check(self, name: str, shape: tuple[int, ...], kinds: Sequence[str] = FLOATS) -> None:
        """Raises WeightsUnavailable, naming the tensor, when it is missing or not of this shape and kind."""
        if name not in self:
            raise WeightsUnavailable(_("The weights lack the tensor {name}.").format(name=name))
        if self.shape(name) != shape:
            message = _("The tensor {name} is {actual}; its settings ask for {expected}.")
            raise WeightsUnavailable(message.format(name=name, actual=list(self.shape(name)), expected=list(shape)))
        kind = self._file_of[name].get_slice(name).get_dtype()
        if kind not in kinds:
            message = _("The tensor {name} holds numbers of kind {actual}; {expected} can be read.")
            raise WeightsUnavailable(message.format(name=name, actual=kind, expected=", ".join(kinds)))

    def read(self, name: str) -> Tensor:
        """float32, in memory of its own (the file is only mapped). Raises WeightsUnavailable on NaN or infinity."""
        tensor: Tensor = self._file_of[name].get_tensor(name).to(torch.float32, copy=True)
        if not tensor.isfinite().all():
            message = _("The tensor {name} holds values that are not finite numbers.")
            raise WeightsUnavailable(message.format(name=name))
        return tensor


@contextmanager
def open_weights(paths: Sequence[Path]) -> Iterator[Weights]:
    """Raises WeightsUnavailable, naming the file, when one is missing, incomplete or no safetensors file."""
    file_of: dict[str, Any] = {}
    with ExitStack() as stack:
        for path in paths:
            try:
                file = stack.enter_context(safe_open(path, framework="pt"))
            except (SafetensorError, OSError) as error:
                message = _("The file {file} is damaged or incomplete ({reason}). Delete it and load the model again.")
                # the file itself: without its link alone, the Hub's cache would link to it again
                raise WeightsUnavailable(message.format(file=os.path.realpath(path), reason=error)) from error
            for name in file.keys():  # noqa: SIM118  no dict: it cannot be iterated
                if name in file_of:
                    message = _("The tensor {name} is in more than one file; expected one.")
                    raise WeightsUnavailable(message.format(name=name))
                file_of[name] = file
        yield Weights(file_of)


def bytes_in_float32(paths: Sequence[Path]) -> int:
    """That the files' weights take in memory, whatever kind of number they are stored as. Raises as `open_weights`."""
    with open_weights(paths) as weights:
        return 4 * weights.count()


@overload
def outline(config: TransformerConfig) -> Transformer: ...
@overload
def outline(config: RecurrentConfig) -> Recurrent: ...
def outline(config: TransformerConfig | RecurrentConfig) -> Transformer | Recurrent:
    """A network of shapes only, on the meta device: no memory, no numbers."""
    with torch.device("meta"), _Unfilled():
        return Transformer(config) if isinstance(config, TransformerConfig) else Recurrent(config)


_RANDOM = (nn.init.normal_, nn.init.kaiming_uniform_, nn.init.uniform_, Tensor.normal_, Tensor.uniform_)


class _Unfilled(TorchFunctionMode):
    """Leaves out random numbers: nobody will see them, and on the meta device they make PyTorch import sympy (2 s)."""

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        return (args or (named["tensor"],))[0] if function in _RANDOM else function(*args, **named)


@overload
def assemble(config: TransformerConfig, state: dict[str, Tensor]) -> Transformer: ...
@overload
def assemble(config: RecurrentConfig, state: dict[str, Tensor]) -> Recurrent: ...
def assemble(config: TransformerConfig | RecurrentConfig, state: dict[str, Tensor]) -> Transformer | Recurrent:
    """A network that owns the tensors of `state` as they are, without a copy: evaluation mode, no gradients.

    What is tied is stored once, under the name that comes first. Raises KeyError on a tensor too many or too few.
    """
    network = outline(config)
    if odd := set(state) ^ set(dict(network.named_parameters())):
        raise KeyError(f"tensors that do not match: {', '.join(sorted(odd))}")
    network.load_state_dict(state, assign=True, strict=False)
    network.tie()
    return network.eval().requires_grad_(False)


def parameter_shapes(config: TransformerConfig | RecurrentConfig) -> dict[str, tuple[int, ...]]:
    """Name → shape of everything that is stored of such a network; what is tied is named once."""
    network: nn.Module = outline(config)
    return {name: tuple(parameter.shape) for name, parameter in network.named_parameters()}
