import io
import json
import os
import re
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file

import viz_core
from tests.examples import configs, records, sharp_transformer
from viz_core.attention import AttentionRecord
from viz_core.config import TransformerConfig
from viz_core.edits import AS_IT_IS, Edits
from viz_core.recording import BlockRecord, Recording, Unrecorded
from viz_core.storing import UnusableRecording, load_recording, load_stored, names, save

KINDS = ("npz", "safetensors")
N = 7
ODD = ("The", "‹space›dog", "남자", "", "\ud83d", '"', "\x00")


def recording(edits: Edits = AS_IT_IS, **shape) -> Recording:
    config = TransformerConfig(**({"vocab_size": 17, "context": 11, "n_layer": 3, "n_head": 6, "d_model": 12} | shape))
    with torch.inference_mode():
        return replace(sharp_transformer(config)(torch.arange(N), edits=edits), tokens=ODD)


def square(n: int) -> AttentionRecord:
    everyone = torch.ones(n, n, dtype=torch.bool)
    return AttentionRecord(torch.randn(2, n, 3), torch.randn(1, n, 3), torch.randn(1, n, 5), everyone, 0.5)


def stored(made: Recording, kind: str, **said) -> io.BytesIO:
    file = io.BytesIO()
    save(made, file, kind=kind, **said)
    file.seek(0)
    return file


def the_same(one: object, other: object) -> bool:
    """To the last bit, and of the same types, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        bits = [tensor.contiguous().numpy().tobytes() for tensor in (one, other)]
        return one.dtype == other.dtype and one.shape == other.shape and bits[0] == bits[1]
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(the_same, one, other))
    if is_dataclass(one):
        return all(the_same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return one == other


# -- there and back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@given(config=configs())
@settings(max_examples=15)
def test_every_variant_returns_to_the_last_bit(kind: str, config: TransformerConfig):
    with torch.inference_mode():
        made = sharp_transformer(config)(torch.arange(5), last_only=True)
    assert the_same(load_recording(stored(made, kind)), made)


@pytest.mark.parametrize("kind", KINDS)
@given(record=records(), cap=st.sampled_from([None, 30.0, torch.tensor([2.0, torch.e]).reshape(2, 1, 1)]))
@settings(max_examples=40)
def test_every_record_returns_to_the_last_bit(kind: str, record: AttentionRecord, cap: float | torch.Tensor | None):
    """Grouped heads, a mask or a scale for each head, bias, dropout, a cap or one for each head, another text's keys,
    no residuals."""
    n_query, n_key = record.query.shape[-2], record.key.shape[-2]
    read = (BlockRecord(square(n_key)),)
    encoder = Recording(torch.arange(n_key), torch.rand(n_key, 3), None, read, torch.rand(0, 4))
    block = BlockRecord(replace(square(n_query), cap=cap), record)
    made = Recording(torch.arange(n_query), torch.rand(n_query, 3), None, (block,), torch.rand(1, 4), encoder=encoder)
    returned = load_recording(stored(made, kind))
    assert the_same(returned, made)
    with pytest.raises(Unrecorded):
        _ = returned.blocks[0].residual_in


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_compare_oddly_return_too(kind: str):
    made = recording()
    odd = torch.tensor([torch.nan, -0.0, torch.inf, 1e-42]).repeat(N, 3)
    made = replace(made, embeddings=odd)
    assert the_same(load_recording(stored(made, kind)), made)


@pytest.mark.parametrize("kind", KINDS)
def test_edits_are_in_the_causes(kind: str):
    edits = Edits(scale=1.0, dropout=0.3, ablated=frozenset({(1, 2)}), at=frozenset({(0, 0), (1, 1)}))
    made = recording(edits)
    returned = load_recording(stored(made, kind))
    assert the_same(returned, made)
    assert returned.blocks[1].attention.context[2].abs().max() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundled_encoder_decoder_returns_whole(kind: str, tmp_path: Path):
    made = viz_core.load("tiny-translator").record("The dog does not eat the apple.")
    path = tmp_path / f"translated.{kind}"
    viz_core.save(made, path)
    returned = viz_core.load_recording(path)
    assert the_same(returned, made)
    assert returned.encoder.tokens == made.encoder.tokens


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_said_of_it_returns(kind: str):
    file = stored(recording(), kind, model="tiny-gpt", text="a \ud83d 남", about={"edits": {"scale": 1.0}})
    said = load_stored(file)
    assert (said.model, said.text, said.about) == ("tiny-gpt", "a \ud83d 남", {"edits": {"scale": 1.0}})
    assert said.recording.tokens == ODD


@pytest.mark.parametrize("kind", KINDS)
def test_equal_recordings_make_equal_files(kind: str):
    torch.manual_seed(1)
    one = stored(recording(), kind).getvalue()
    torch.manual_seed(1)
    assert stored(recording(), kind).getvalue() == one


# -- without this program ----------------------------------------------------------------------------------


def test_numpy_alone_finds_the_same_weights(tmp_path: Path):
    """By the lines of the README."""
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    lines = next(block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "np.load(" in block)
    made = viz_core.load("tiny-gpt").record("The dog bit the man")
    save(made, tmp_path / "dog.npz", model="tiny-gpt")
    check = """
import json, sys
print(json.loads(str(file["metadata"]))["tokens"])
np.save("weights.npy", weights)
assert not {"viz_core", "torch", "safetensors"} & set(sys.modules)
"""
    code = [sys.executable, "-c", lines + check]
    done = subprocess.run(code, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == str(list(made.tokens))
    weights = made.blocks[0].attention.weights.numpy()
    np.testing.assert_allclose(np.load(tmp_path / "weights.npy"), weights, atol=1e-6)
    assert weights.max() > 0.9  # something to find


def test_other_programs_open_safetensors(tmp_path: Path):
    made = recording()
    path = tmp_path / "made.safetensors"
    save(made, path, model="other")
    tensors = load_file(path)
    assert torch.equal(tensors["layers.2.query"], made.blocks[2].attention.query)
    with safe_open(path, framework="pt") as file:
        metadata = json.loads(file.metadata()["metadata"])
    assert metadata["axes"]["query"] == "[head, query, d_head]"
    assert metadata["shared"]["layers.2.allowed"] == "layers.0.allowed"
    plain = {name.removeprefix("layers.0.") for name in tensors if name.startswith("layers.0.")}
    assert plain >= {"query", "key", "value", "allowed", "scale", "residual_in", "residual_mid", "residual_out"}
    assert {name.split(".")[-1] for name in tensors} <= set(metadata["axes"])


# -- size --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_what_layers_share_is_stored_once(kind: str):
    """A mask, a bias, and the residual that one block hands to the next; masks that are equal and no more, too."""
    made = recording(positions="alibi")
    blocks = [
        replace(block, attention=replace(block.attention, allowed=block.attention.allowed.clone()))
        for block in made.blocks
    ]
    apart = replace(made, blocks=tuple(blocks))
    assert names.once(names.named(apart))[0].keys() == names.once(names.named(made))[0].keys()
    per_layer = 4 * N * 12 * 3 + 4 * N * 12 * 2 + 8  # q, k, v, two residuals, scale
    rest = 8 * N + 4 * N * 12 + 4 * N * 17 + N * N + 4 * 6 * N * N  # ids, embeddings, logits, mask, bias
    assert storing_bytes(made) == storing_bytes(apart) == 3 * per_layer + rest
    assert len(stored(apart, kind).getvalue()) < storing_bytes(made) + 12_000
    returned = load_recording(stored(apart, kind))
    assert returned.nbytes <= made.nbytes
    assert returned.blocks[2].attention.allowed is returned.blocks[0].attention.allowed


def storing_bytes(made: Recording) -> int:
    return viz_core.storing.nbytes(made)


def test_masks_that_differ_are_kept_apart():
    made = recording()
    other = made.blocks[1].attention.allowed.clone()
    other[3, 0] = False
    blocks = list(made.blocks)
    blocks[1] = replace(blocks[1], attention=replace(blocks[1].attention, allowed=other))
    made = replace(made, blocks=tuple(blocks))
    assert the_same(load_recording(stored(made, "npz")), made)


# -- writing -----------------------------------------------------------------------------------------------


def test_a_file_takes_its_place_only_when_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "made.npz"
    path.write_bytes(b"before")
    monkeypatch.setattr(np.lib.format, "write_array", lambda *_arguments, **_named: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(recording(), path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_may_be_read_as_others_may(tmp_path: Path):
    (tmp_path / "plain").touch()
    save(recording(), tmp_path / "made.npz")
    assert (tmp_path / "made.npz").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path):
    pipe = tmp_path / "pipe.npz"
    os.mkfifo(pipe)
    code = "import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())"
    with subprocess.Popen([sys.executable, "-c", code, str(pipe)], stdout=subprocess.PIPE) as reader:
        save(recording(), pipe)
        read = reader.stdout.read()
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert load_recording(io.BytesIO(read)).tokens == ODD


def test_only_the_two_kinds_are_written(tmp_path: Path):
    with pytest.raises(ValueError, match=r"stored as \.npz or \.safetensors; .*made\.pt ends in neither"):
        save(recording(), tmp_path / "made.pt")
    assert not list(tmp_path.iterdir())


def test_numbers_numpy_does_not_have():
    made = recording()
    made = replace(made, logits=made.logits.to(torch.bfloat16))
    with pytest.raises(ValueError, match=r"logits is bfloat16, which NumPy does not have: .* as \.safetensors"):
        stored(made, "npz")
    assert load_recording(stored(made, "safetensors")).logits.dtype == torch.bfloat16


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_no_recording_has(kind: str):
    made = replace(recording(), token_ids=torch.arange(N, dtype=torch.int32))
    with pytest.raises(ValueError, match=r"token_ids is int32; expected one of float64, float32, .*int64, bool"):
        stored(made, kind)


def test_only_recordings_are_written(tmp_path: Path):
    for other in (3, viz_core.load("gru-plain").record("The dog barks.")):
        with pytest.raises(TypeError, match=f"recording is a {type(other).__name__}; expected a Recording"):
            save(other, tmp_path / "made.npz")
    assert not list(tmp_path.iterdir())


# -- files that are no recordings --------------------------------------------------------------------------


def refused(content: bytes, tmp_path: Path) -> str:
    path = tmp_path / "some.npz"
    path.write_bytes(content)
    with pytest.raises(UnusableRecording) as caught:
        load_recording(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def changed(kind: str, change: Callable[[dict, dict], None]) -> bytes:
    """The file of a recording whose tensors or metadata were changed."""
    tensors, shared = names.once(names.named(recording()))
    metadata = {"format": "viz_core recording", "version": 1, "tokens": list(ODD), "shared": shared}
    change(tensors, metadata)
    file = io.BytesIO()
    write = viz_core.storing.containers.write_npz if kind == "npz" else viz_core.storing.containers.write_safetensors
    write(file, tensors, json.dumps(metadata))
    return file.getvalue()


def spoil(tensors: dict, name: str, number: float) -> None:
    tensors[name] = tensors[name].clone(memory_format=torch.contiguous_format)
    tensors[name].view(-1)[0] = number


def test_a_bias_may_forbid():
    made = recording(positions="alibi")
    attention = made.blocks[0].attention
    bias = attention.bias.clone()
    bias[:, 3, 1] = -torch.inf
    made = replace(made, blocks=(replace(made.blocks[0], attention=replace(attention, bias=bias)), *made.blocks[1:]))
    assert the_same(load_recording(stored(made, "npz")), made)


def test_no_file(tmp_path: Path):
    with pytest.raises(UnusableRecording, match=r"There is no file .*none\.npz"):
        load_recording(tmp_path / "none.npz")


def test_a_folder(tmp_path: Path):
    with pytest.raises(UnusableRecording, match=f"^{tmp_path} is a folder; expected a file.$"):
        load_recording(tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it begins with nothing; expected an .npz or .safetensors"),
        (b"hello, world", "it begins with b'hello, wo'; expected"),
        (b"\x80\x04\x95\x00\x00\x00\x00\x00\x00", "expected an .npz"),  # a pickle
        (struct.pack("<Q", 2**62) + b"{}", "expected an .npz"),  # a header of exabytes
        (struct.pack("<Q", 9_999_999) + b"{}", "it ends within its header"),
        (struct.pack("<Q", 2) + b"{}", "it has no metadata that say so; it holds nothing"),
        (struct.pack("<Q", 2) + b"{]", "cannot be read: it is damaged"),
        (npz(b=np.zeros(3), a=np.zeros(2)), "it has no metadata that say so; it holds a, b"),
        (npz(metadata=np.array('{"format": "other"}')), "the format is 'other'; expected 'viz_core recording'"),
        (npz(metadata=np.array("[]")), "the format is []; expected 'viz_core recording'"),
        (npz(metadata=np.array("no json")), "cannot be read"),
        (npz(metadata=np.array("[" * 100_000)), "cannot be read"),
        (npz(metadata=np.array([{"a": 1}], dtype=object)), "holds pickled Python objects, which can run code"),
    ],
)
def test_what_was_found_and_expected_is_said(content: bytes, says: str, tmp_path: Path):
    assert says in refused(content, tmp_path)


def test_a_pickle_is_never_run(tmp_path: Path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    array = np.empty((), dtype=object)
    array[()] = Bomb()
    tensors = {name: tensor.numpy() for name, tensor in names.once(names.named(recording()))[0].items()}
    metadata = np.array(json.dumps({"format": "viz_core recording", "version": 1}))
    refused(npz(**{**tensors, "layers.0.query": array}, metadata=metadata), tmp_path)
    refused(npz(metadata=array), tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda tensors, _: tensors.pop("layers.1.key"), "it lacks layers.1.key"),
        (lambda tensors, _: tensors.pop("token_ids"), "it lacks token_ids"),
        (lambda tensors, _: tensors.pop("layers.0.residual_mid"), "it lacks layers.0.residual_mid"),
        (lambda tensors, _: tensors.update(more=torch.zeros(1)), "holds 'more', which no recording has"),
        (lambda tensors, _: tensors.update({"layers.7.query": torch.zeros(1)}), "holds 'layers.7.query', which no"),
        (lambda tensors, _: tensors.update(token_ids=torch.zeros(N)), "token_ids is float32 [7]; expected int64 [seq]"),
        (lambda tensors, _: tensors.update(embeddings=torch.zeros(5)), "embeddings is float32 [5]; expected [7, 5]"),
        (lambda tensors, _: tensors.update(logits=torch.zeros(3, 4)), "logits is float32 [3, 4]; expected [7, vocab]"),
        (
            lambda tensors, _: tensors.update({"layers.2.query": torch.zeros(6, 8, 2)}),
            "layers.2.query is float32 [6, 8",
        ),
        (lambda tensors, _: tensors.update({"layers.2.key": torch.zeros(4, N, 2)}), "layers.2.key has 4 heads"),
        (
            lambda tensors, _: tensors.update({"layers.2.key": torch.zeros(0, N, 2)}),
            "layers.2.key is float32 [0, 7, 2]",
        ),
        (
            lambda tensors, _: tensors.update({"layers.0.allowed": torch.zeros(N, N)}),
            "layers.0.allowed is torch.float32",
        ),
        (lambda tensors, _: tensors.update({"layers.0.scale": torch.zeros(3)}), "layers.0.scale is [3]"),
        (lambda tensors, _: tensors.update({"layers.0.residual_out": torch.zeros(3, 1)}), "residual_out is float32 [3"),
        (lambda tensors, _: tensors.update({"layers.0.cross.query": torch.zeros(1)}), "no encoder to look at"),
        (lambda tensors, _: spoil(tensors, "layers.1.query", torch.nan), "layers.1.query holds NaN or infinity"),
        (lambda tensors, _: spoil(tensors, "layers.0.key", torch.inf), "layers.0.key holds NaN or infinity"),
        (lambda tensors, _: spoil(tensors, "layers.2.value", -torch.inf), "layers.2.value holds NaN or infinity"),
        (lambda tensors, _: spoil(tensors, "layers.2.scale", torch.nan), "layers.2.scale holds NaN or infinity"),
        (lambda tensors, _: tensors.update({"layers.0.cap": torch.tensor(torch.nan)}), "layers.0.cap holds NaN"),
        (
            lambda tensors, _: tensors.update({"layers.0.kept": torch.full((6, 1, 1), torch.inf)}),
            "layers.0.kept holds NaN",
        ),
        (
            lambda tensors, _: tensors.update({"layers.0.bias": torch.full((6, N, N), torch.inf)}),
            "layers.0.bias holds NaN or +infinity; expected numbers or −infinity",
        ),
        (lambda _, metadata: metadata.update(model=["a"]), "its model is ['a']; expected a text"),
        (lambda _, metadata: metadata.update(text=None), "its text is None; expected a text"),
        (lambda _, metadata: metadata.update(about=3), "its about is 3; expected an object"),
        (lambda _, metadata: metadata.update(tokens=["a"]), "it has 1 labels for 7 tokens"),
        (lambda _, metadata: metadata.update(tokens=[1] * N), "its tokens are [1, 1"),
        (lambda _, metadata: metadata.update(shared=[]), "its table of shared names is list"),
        (lambda _, metadata: metadata["shared"].update(more="nothing"), "'more' is said to be stored as 'nothing'"),
        (
            lambda _, metadata: metadata.update(version=2),
            "a newer program wrote it, in version 2 of the format; this one",
        ),
        (lambda _, metadata: metadata.update(version="x"), "its version is 'x'; expected a whole number"),
    ],
)
def test_what_does_not_fit_is_named(change: Callable[[dict, dict], None], says: str, kind: str, tmp_path: Path):
    assert says in refused(changed(kind, change), tmp_path)


def test_a_small_archive_of_huge_arrays_is_not_unpacked(tmp_path: Path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as entry:
        np.lib.format.write_array(entry, np.zeros(10_000_000, dtype=np.uint8))
    assert "would unpack to 10,000,128" in refused(file.getvalue(), tmp_path)


def test_an_array_that_declares_more_than_it_holds_is_not_believed(tmp_path: Path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        header = io.BytesIO()
        said = {"descr": "<f4", "fortran_order": False, "shape": (1_000_000_000, 1_000)}
        np.lib.format.write_array_header_1_0(header, said)
        archive.writestr("metadata.npy", header.getvalue() + b"1234")
    assert "metadata.npy declares 4,000,000,000,000 bytes and holds 4" in refused(file.getvalue(), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
@settings(max_examples=150)
def test_no_damage_raises_anything_else(kind: str, data: st.DataObject):
    """Cut anywhere, or with bytes changed: either the same kind of recording, or the one error."""
    content = bytearray(WHOLE[kind])
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    for _ in range(data.draw(st.integers(0, 4))):
        if content:
            place = data.draw(st.integers(0, min(len(content), data.draw(st.sampled_from([100, 3_000, 1 << 30]))) - 1))
            content[place] = data.draw(st.integers(0, 255))
    with suppress(UnusableRecording):
        assert load_recording(io.BytesIO(content)).blocks


torch.manual_seed(0)
WHOLE = {kind: stored(recording(), kind).getvalue() for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_of_a_megabyte_that_json_writes_in_seven_returns(kind: str):
    text = "\x1f" * 1_000_000
    assert load_stored(stored(recording(), kind, text=text, about={"text": text})).text == text


def test_more_than_a_reader_takes_is_not_written(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("viz_core.storing.containers.MOST_HEADER", 100)
    with pytest.raises(ValueError, match="a safetensors file takes 100"):
        stored(recording(), "safetensors")
