"""Tensors by name, and a text, in one file: NPZ (numpy.lib.format in a ZIP archive) or safetensors.

Both are written piece by piece, so that no second copy of the numbers is in memory, and both are looked at before
anything of theirs is believed: a header that declares more than the file holds is refused before memory is asked for.
"""

import json
import math
import struct
import zipfile
from collections.abc import Mapping
from typing import BinaryIO, Protocol

import numpy as np
import torch
from numpy.lib import format as npy
from numpy.typing import NDArray
from safetensors.torch import load
from torch import Tensor

from viz_core.language import _
from viz_core.storing.errors import NoRecording

METADATA = "metadata"
MOST_EXPANSION = 64  # times its size that an archive may unpack to: of what is in one, only masks shrink much
MOST_HEADER = 100_000_000  # bytes of a safetensors header, as its own library has it
_KINDS = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.bool: "BOOL",
}


class Container(Protocol):
    """metadata  the text, or None where there is none
    names     of the tensors
    """

    metadata: str | None
    names: list[str]

    def tensors(self) -> dict[str, Tensor]: ...


def open_container(file: BinaryIO) -> Container:
    """Raises NoRecording when it is neither kind; when it is damaged, whatever the library at work raises."""
    start = file.read(9)
    file.seek(0)
    if start[:4] == b"PK\x03\x04":
        return Npz(file)
    if start[8:] == b"{" and struct.unpack("<Q", start[:8])[0] <= MOST_HEADER:
        return Safetensors(file)
    message = _("it begins with {start}; expected an .npz or .safetensors file")
    raise NoRecording(message.format(start=repr(bytes(start)) if start else _("nothing")))


def write_npz(file: BinaryIO, tensors: Mapping[str, Tensor], metadata: str) -> None:
    """Raises ValueError on numbers that NumPy does not have, or no recording."""
    _check(tensors)
    for name, tensor in tensors.items():
        if tensor.dtype == torch.bfloat16:
            message = _("{name} is bfloat16, which NumPy does not have: store this recording as .safetensors.")
            raise ValueError(message.format(name=name))
    with zipfile.ZipFile(file, "w") as archive:
        _write_array(archive, METADATA, np.array(metadata))
        for name, tensor in tensors.items():
            _write_array(archive, name, _array(tensor))


def _write_array(archive: zipfile.ZipFile, name: str, array: NDArray[np.generic]) -> None:
    entry = zipfile.ZipInfo(f"{name}.npy")  # of no date: equal recordings make equal files
    with archive.open(entry, "w", force_zip64=True) as file:
        npy.write_array(file, array, allow_pickle=False)


def write_safetensors(file: BinaryIO, tensors: Mapping[str, Tensor], metadata: str) -> None:
    """Raises ValueError on numbers that no recording has, and metadata that no reader takes."""
    _check(tensors)
    header: dict[str, object] = {"__metadata__": {METADATA: metadata}}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.nbytes
        header[name] = {"dtype": _KINDS[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # what follows is aligned
    if len(text) > MOST_HEADER:
        message = _("What is said of the recording takes {size:,} bytes; a safetensors file takes {most:,}.")
        raise ValueError(message.format(size=len(text), most=MOST_HEADER))
    file.write(struct.pack("<Q", len(text)) + text)
    for tensor in tensors.values():
        file.write(_array(tensor.contiguous().reshape(-1).view(torch.uint8)).data)


def _check(tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.dtype not in _KINDS:
            actual, known = (
                ", ".join(str(kind).removeprefix("torch.") for kind in kinds) for kinds in ([tensor.dtype], _KINDS)
            )
            raise ValueError(
                _("{name} is {actual}; expected one of {known}.").format(name=name, actual=actual, known=known)
            )


def _array(tensor: Tensor) -> NDArray[np.generic]:
    return tensor.detach().cpu().numpy()


class Npz:
    """Files named NAME.npy, one array each; the metadata are a text without axes."""

    def __init__(self, file: BinaryIO) -> None:
        size = file.seek(0, 2)
        self._archive = zipfile.ZipFile(file)
        self._entries = {info.filename.removesuffix(".npy"): info for info in self._archive.infolist()}
        unpacked = sum(info.file_size for info in self._archive.infolist())
        if unpacked > MOST_EXPANSION * size:
            message = _("its {size} bytes would unpack to {unpacked}")
            raise NoRecording(message.format(size=f"{size:,}", unpacked=f"{unpacked:,}"))
        self.metadata = None
        if (entry := self._entries.pop(METADATA, None)) is not None:
            self.metadata = str(self._read(entry))
        self.names = sorted(self._entries)

    def tensors(self) -> dict[str, Tensor]:
        return {name: torch.from_numpy(self._read(entry)) for name, entry in self._entries.items()}

    def _read(self, entry: zipfile.ZipInfo) -> NDArray[np.generic]:
        with self._archive.open(entry) as file:
            read_header = npy.read_array_header_1_0 if npy.read_magic(file) == (1, 0) else npy.read_array_header_2_0
            shape, _fortran, dtype = read_header(file)
            if dtype.hasobject:
                message = _("{name} holds pickled Python objects, which can run code and are not opened")
                raise NoRecording(message.format(name=entry.filename))
            declared, held = math.prod(shape) * dtype.itemsize, entry.file_size - file.tell()
            if declared != held:
                message = _("{name} declares {declared} bytes and holds {held}")
                raise NoRecording(message.format(name=entry.filename, declared=f"{declared:,}", held=f"{held:,}"))
        with self._archive.open(entry) as file:
            return npy.read_array(file, allow_pickle=False)


class Safetensors:
    """Eight bytes that say how long the header is, the header, which is JSON, and the numbers."""

    def __init__(self, file: BinaryIO) -> None:
        self._content = file.read()
        length = struct.unpack("<Q", self._content[:8])[0]
        if len(self._content) < 8 + length:
            raise ValueError(_("it ends within its header"))
        header = json.loads(self._content[8 : 8 + length])
        self.metadata = header.pop("__metadata__", {}).get(METADATA)
        self.names = sorted(header)

    def tensors(self) -> dict[str, Tensor]:
        return load(self._content)
