"""Models that come with the program: written, read, and refused when anything is off."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.models.conftest import byte_level_tokenizer, transformer
from viz_core.models import WeightsUnavailable, bundled, bundled_names, load


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    return tmp_path


def put(shelf: Path, name: str = "small", **settings: object) -> Path:
    bundled.save(shelf / name, transformer(**settings), byte_level_tokenizer(), {"licence": "MIT", "purpose": "tests"})
    return shelf / name


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"tied": False},
        {"positions": "rotary", "n_head": 3, "d_model": 18},
        {"norm": "rmsnorm", "bias": False},
        {"activation": "swiglu"},
        {"n_kv_head": 1},
        {"norm_place": "post", "positions": "alibi"},
    ],
    ids=str,
)
def test_what_was_saved_comes_back(shelf: Path, settings: dict[str, object]) -> None:
    put(shelf, **settings)
    model = load("small")
    saved = transformer(**settings).half().float()
    assert model.transformer.config == saved.config
    torch.testing.assert_close(
        model.record([3, 200, 4]).logits, saved(torch.tensor([3, 200, 4]), last_only=True).logits
    )
    assert (model.name, model.source, model.revision) == ("small", "bundled", "")
    assert {weight.dtype for weight in model.transformer.parameters()} == {torch.float32}
    assert model.record("The dog").tokens[0]


def test_a_tied_unembedding_is_stored_once(shelf: Path) -> None:
    folder = put(shelf)
    assert "unembedding.weight" not in load_file(folder / "model.safetensors")
    assert {tensor.dtype for tensor in load_file(folder / "model.safetensors").values()} == {torch.float16}
    made = load("small").transformer
    assert made.unembedding.weight is made.embedding.weight


def test_everyone_may_read_the_files(shelf: Path) -> None:
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in put(shelf).iterdir())


def test_the_card(shelf: Path) -> None:
    folder = put(shelf)
    (folder / "README.md").write_text("# Small\n한국어", encoding="utf-8")
    card = load("small").card
    assert card["licence"] == "MIT"
    assert card["readme"] == "# Small\n한국어"
    assert card["parameters"] == sum(weight.numel() for weight in transformer().parameters())


def test_names(shelf: Path) -> None:
    assert bundled_names() == []
    put(shelf, "b")
    put(shelf, "a")
    (shelf / "unfinished").mkdir()
    assert bundled_names() == ["a", "b"]


def test_weights_beyond_float16_are_not_saved(shelf: Path) -> None:
    wild = transformer()
    wild.embedding.weight[0, 0] = 1e6
    with pytest.raises(ValueError, match=r"embedding.weight holds values beyond float16"):
        bundled.save(shelf / "wild", wild, byte_level_tokenizer())


def settings_changed(**change: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        settings = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(settings | change))

    return damage


def tensors_changed(name: str, tensor: torch.Tensor | None) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        state = load_file(folder / "model.safetensors")
        state.pop(name, None)
        if tensor is not None:
            state[name] = tensor
        save_file(state, folder / "model.safetensors")

    return damage


def truncated(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (truncated, r"model.safetensors is damaged or incomplete"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), r"model.safetensors"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").write_text("{"), r"tokenizer.json cannot be read"),
    "format": (settings_changed(format=2), "format 2; this program reads format 1"),
    "unknown setting": (settings_changed(transformer={"experts": 8}), "experts"),
    "no transformer": (settings_changed(transformer=None), "does not describe a model"),
    "bad json": (lambda folder: (folder / "config.json").write_text("{"), r"config.json cannot be read"),
    "a list": (lambda folder: (folder / "config.json").write_text("[]"), "JSON object"),
    "missing": (tensors_changed("final_norm.bias", None), "lack the tensor final_norm.bias"),
    "unknown": (tensors_changed("extra", torch.zeros(1).half()), "unknown tensor extra"),
    "shape": (tensors_changed("final_norm.bias", torch.zeros(16).half()), r"final_norm.bias is \[16\].*\[15\]"),
    "kind": (tensors_changed("final_norm.bias", torch.zeros(15)), "final_norm.bias holds .* F32; F16"),
    "not finite": (tensors_changed("final_norm.bias", torch.full([15], torch.inf).half()), "final_norm.bias .*finite"),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_named(shelf: Path, damage: Callable[[Path], object], words: str) -> None:
    damage(put(shelf))
    with pytest.raises(WeightsUnavailable, match=words):
        load("small")
