"""Files that should be recordings: one that can be shown, or one sentence."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from tests.examples import sharp_transformer
from tests.fuzz.bounds import a_sentence, bounded
from tests.fuzz.cases import fuzzed
from tests.fuzz.files import Change, damages, in_header, of_safetensors, places, replaced, values
from viz_core.config import TransformerConfig
from viz_core.notebook import show
from viz_core.storing import UnusableRecording, load_recording, save

CONFIG = TransformerConfig(vocab_size=11, context=7, n_layer=2, n_head=2, d_model=4)
NUMBERS = ("<f4", "<f8", "<f2", ">f4", "<i8", "|b1", "|O", "<U5", "<c8", "|V4", "<M8[s]", "<f4,<f4")


def right(kind: Any) -> bytes:
    with torch.inference_mode():
        made = replace(sharp_transformer(CONFIG)(torch.arange(4)), tokens=("The", "dog", "bit", "me"))
    file = io.BytesIO()
    save(made, file, kind=kind, text="The dog bit me", model="tiny-gpt")
    return file.getvalue()


RIGHT = {kind: right(kind) for kind in ("npz", "safetensors")}


def in_entry(at: int, change: Callable[[bytes], bytes]) -> Change:
    """One array of an archive changed, the archive right."""

    def made(content: bytes) -> bytes:
        into = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(into, "w") as other:
            names = archive.namelist()
            for name in names:
                found = archive.read(name)
                other.writestr(name, change(found) if name == names[at % len(names)] else found)
        return into.getvalue()

    return made


def array(kind: str, shape: list[int]) -> Callable[[bytes], bytes]:
    """A header of another kind and shape before the same numbers."""

    def made(content: bytes) -> bytes:
        said = repr({"descr": kind, "fortran_order": False, "shape": tuple(shape)}).encode().ljust(118) + b"\n"
        return b"\x93NUMPY\x01\x00" + len(said).to_bytes(2, "little") + said + content[-64:]

    return made


def small(kind: str, shape: list[int]) -> Callable[[bytes], bytes]:
    """An array that is right, of another kind and shape."""

    def made(_content: bytes) -> bytes:
        file = io.BytesIO()
        np.save(file, np.zeros([min(abs(size), 5) for size in shape], kind), allow_pickle=False)
        return file.getvalue()

    return made


def in_metadata(at: int, put: Any) -> Change:
    """Of a safetensors file: what is said besides the numbers."""

    def made(header: dict[str, Any]) -> Any:
        said = replaced(json.loads(header["__metadata__"]["metadata"]), at, put)
        return header | {"__metadata__": {"metadata": json.dumps(said)}}

    return in_header(made)


plain = st.sampled_from([kind for kind in NUMBERS if kind not in {"|O", "<f4,<f4"}])
sizes = st.lists(st.sampled_from([0, 1, 2, 4, 7, 2**31, 2**62, -1]), max_size=4)
of_npz = st.one_of(
    damages,
    st.builds(in_entry, places, damages),
    st.builds(in_entry, places, st.builds(array, st.sampled_from(NUMBERS), sizes)),
    st.builds(in_entry, places, st.builds(small, plain, sizes)),
)
of_other = st.one_of(of_safetensors, of_safetensors, st.builds(in_metadata, places, values))


@pytest.mark.parametrize("kind", ["npz", "safetensors"])
@fuzzed("recordings: files", few=35, many=1_500, data=st.data())
def test_a_file_is_a_recording_or_told(kind: str, data: st.DataObject) -> None:
    change = data.draw(of_npz if kind == "npz" else of_other)
    content = change(RIGHT[kind])
    with bounded():
        try:
            found = load_recording(io.BytesIO(content))
        except UnusableRecording as error:
            a_sentence(error, 1_000)
            return
        for view in ("head", "heads", "chain", "row"):
            show(found, view)
