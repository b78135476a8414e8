"""Folders: found, half there, damaged, or meant to do harm."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import tokenizers
import torch

from tests.models.conftest import byte_level_tokenizer
from viz_core.models import UnusableText, WeightsUnavailable, load

Folder = Callable[..., Path]


def test_a_folder_is_a_model(gpt2_folder: Folder) -> None:
    folder = gpt2_folder()
    model = load(str(folder))
    assert (model.name, model.source) == (str(folder), "folder")
    assert model.record("The dog").tokens[:1] == ("T",) or model.record("The dog").tokens[0].startswith("T")


def test_a_folder_written_again_is_another_revision(gpt2_folder: Folder) -> None:
    folder = gpt2_folder()
    before = load(str(folder)).revision
    assert load(str(folder)).revision == before
    weights = folder / "model.safetensors"
    os.utime(weights, ns=(0, weights.stat().st_mtime_ns + 1))
    assert load(str(folder)).revision != before


def test_only_where_it_may_look(gpt2_folder: Folder) -> None:
    with pytest.raises(WeightsUnavailable, match="There is no model"):
        load(str(gpt2_folder()), sources=("bundled",))


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "x\x00y", "a" * 5000, "~nobody-at-all/x", "/nowhere/at/all", "a//b", "a\\b", "🙂"]
)
def test_a_malformed_name_says_what_is_expected(name: str) -> None:
    with pytest.raises(WeightsUnavailable, match=r"There is no model .*an existing folder, or a Hub id such as gpt2"):
        load(name)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=r"The folder .* has no config.json"):
        load(str(tmp_path))


def test_without_weights(gpt2_folder: Folder) -> None:
    folder = gpt2_folder()
    (folder / "model.safetensors").unlink()
    with pytest.raises(WeightsUnavailable, match=r"has no weights; expected model.safetensors"):
        load(str(folder))


def test_pickles_are_not_opened(gpt2_folder: Folder) -> None:
    folder = gpt2_folder()
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(WeightsUnavailable, match=r"only as a pickle file, which can run code .* pickles=True"):
        load(str(folder))


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda whole: whole[:-1],
    "cut in the header": lambda whole: whole[:50],
    "empty": lambda _: b"",
    "a header of 2^63 bytes": lambda _: struct.pack("<Q", 2**63) + b"{",
    "a header larger than the file": lambda whole: struct.pack("<Q", 10**7) + whole[8:],
    "a pointer": lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
    "no json": lambda whole: whole[:8] + b"x" * (len(whole) - 8),
    "tensors beyond the end": lambda _: _safetensors({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}, 8),
    "tensors that overlap": lambda _: _safetensors(
        {name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} for name in "ab"}, 8
    ),
    "a size that overflows": lambda _: _safetensors(
        {"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 8]}}, 8
    ),
}


def _safetensors(header: dict[str, object], n_bytes: int) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(n_bytes)


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_named(gpt2_folder: Folder, damage: Callable[[bytes], bytes]) -> None:
    path = gpt2_folder() / "model.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(WeightsUnavailable, match=r"model.safetensors is damaged or incomplete \("):
        load(str(path.parent))


# -- shards ------------------------------------------------------------------------------------------------


@pytest.fixture
def sharded(gpt2_folder: Folder) -> Path:
    return gpt2_folder(shard="40KB")


def index_changed(folder: Path, change: Callable[[dict[str, str]], object]) -> None:
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    change(index["weight_map"])
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def test_a_missing_shard_is_named(sharded: Path) -> None:
    shard = sorted(sharded.glob("model-*.safetensors"))[1]
    shard.unlink()
    with pytest.raises(WeightsUnavailable, match=f"lacks the file {shard.name}"):
        load(str(sharded))


@pytest.mark.parametrize(
    "name", ["../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "..\\x.safetensors", "x.bin"]
)
def test_an_index_cannot_point_elsewhere(sharded: Path, name: str) -> None:
    index_changed(sharded, lambda weights: weights.update({"transformer.wte.weight": name}))
    with pytest.raises(WeightsUnavailable) as error:
        load(str(sharded))
    assert name in str(error.value)
    assert "safetensors file beside it" in str(error.value)


@pytest.mark.parametrize("text", ["{}", '{"weight_map": {}}', '{"weight_map": []}', "[]", "{", "[" * 100_000])
def test_an_index_that_says_nothing(sharded: Path, text: str) -> None:
    (sharded / "model.safetensors.index.json").write_text(text)
    with pytest.raises(WeightsUnavailable, match=r"model.safetensors.index.json"):
        load(str(sharded))


def test_a_tensor_in_two_shards(sharded: Path) -> None:
    first = min(sharded.glob("model-*.safetensors"))
    (sharded / "again.safetensors").write_bytes(first.read_bytes())
    index_changed(sharded, lambda weights: weights.update({"again": "again.safetensors"}))
    with pytest.raises(WeightsUnavailable, match="in more than one file"):
        load(str(sharded))


# -- tokenizers --------------------------------------------------------------------------------------------


def test_without_a_tokenizer_it_takes_ids(gpt2_folder: Folder) -> None:
    folder = gpt2_folder()
    (folder / "tokenizer.json").unlink()
    model = load(str(folder))
    assert model.tokenizer is None
    assert model.record([5, 17]).tokens == ("5", "17")
    with pytest.raises(UnusableText, match="without a tokenizer"):
        model.record("The dog")


def test_vocabulary_and_merges_are_gpt2s_tokenizer(gpt2_folder: Folder) -> None:
    folder = gpt2_folder()
    expected = load(str(folder)).record("The dog 강<|endoftext|>")
    (folder / "tokenizer.json").unlink()
    byte_level_tokenizer().model.save(str(folder))
    recording = load(str(folder)).record("The dog 강<|endoftext|>")
    assert recording.tokens == expected.tokens
    assert torch.equal(recording.token_ids, expected.token_ids)


def test_any_other_tokenizer_comes_through_transformers(gpt2_folder: Folder) -> None:
    folder = gpt2_folder()
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dog", "the", "##s"]))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    assert load(str(folder)).record("the dogs").tokens == ("[CLS]", "·the", "·dog", "##s", "[SEP]")


@pytest.mark.parametrize("text", ["", "{", '{"model": {"type": "Magic"}}'])
def test_a_damaged_tokenizer_is_named(gpt2_folder: Folder, text: str) -> None:
    folder = gpt2_folder()
    (folder / "tokenizer.json").write_text(text)
    with pytest.raises(WeightsUnavailable, match=r"The file .*tokenizer\.json cannot be read .* Delete it"):
        load(str(folder))


def test_code_in_a_checkpoint_is_never_run(gpt2_folder: Folder, tmp_path: Path) -> None:
    folder = gpt2_folder()
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("a")
    (folder / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}}'
    )
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(WeightsUnavailable, match=r"The tokenizer in .* cannot be read"):
        load(str(folder))
    assert not (tmp_path / "ran").exists()


def test_the_tokenizers_file_of_transformers_is_read(gpt2_folder: Folder) -> None:
    """tokenizer.json as a PreTrainedTokenizerFast writes it, with truncation left on."""
    folder = gpt2_folder()
    backend = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    backend.enable_truncation(2)
    backend.save(str(folder / "tokenizer.json"))
    assert len(load(str(folder)).record("The dog bit the man").tokens) > 2
