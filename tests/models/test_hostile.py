"""What fuzzing has found in checkpoints (tests/fuzz), as small examples: told in a sentence, for little memory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.bounds import bounded
from tests.models.checkpoints import saved
from tests.models.conftest import byte_level_tokenizer, transformer
from viz_core.models import WeightsUnavailable, bundled, checkpoint, load
from viz_core.models import checkpoint_of_transformers as theirs


def with_settings(folder: Path, **changes: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    bundled.save(tmp_path / "own", transformer(), byte_level_tokenizer())
    return tmp_path / "own"


def refused(opened: Callable[[], object], says: str) -> None:
    with bounded(), pytest.raises(WeightsUnavailable, match=says):
        opened()


@pytest.mark.parametrize("name", ["history.jsonl", "words.json", "README.md"])
@pytest.mark.parametrize("content", [b"\xff\xfe", b'{"a', b"1" * 5_000, b"[" * 100_000])
def test_what_lies_beside_our_own_weights(own: Path, name: str, content: bytes) -> None:
    (own / name).write_bytes(content)
    if name == "README.md" and content[0] != 0xFF:
        assert bundled.load(own).card["readme"] == content.decode()
    else:
        refused(lambda: bundled.load(own), f"{name} cannot be read")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"n_layer": 10**9}, "n_layer is 1000000000; the weights are"),
        ({"n_layer": 2.0}, "n_layer is 2.0; expected a whole number"),
        ({"vocab_size": True}, "vocab_size is True; expected a whole number"),
        ({"d_feed_forward": "x"}, "d_feed_forward is 'x'; expected a whole number"),
        ({"norm_epsilon": "x"}, "norm_epsilon is 'x'; expected a number"),
        ({"rotary_base": None}, "rotary_base is None; expected a number"),
        ({"tied": "no"}, "tied is 'no'; expected True or False"),
        ({"vocab_size": 10**30}, "does not describe a model of this program"),
        ({"context": 2**62}, "does not describe a model of this program"),
        ({"d_feed_forward": 10**8}, r"is \[60, 15\]; its settings ask for \[100000000, 15\]"),
    ],
    ids=str,
)
def test_settings_of_our_own(own: Path, changes: dict[str, Any], says: str) -> None:
    shape = json.loads((own / "config.json").read_text(encoding="utf-8"))["transformer"]
    with_settings(own, transformer=shape | changes)
    refused(lambda: bundled.load(own), says)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"num_hidden_layers": 10**9}, "sets num_hidden_layers to 1,000,000,000; at most 1,000"),
        ({"num_hidden_layers": float("inf")}, "sets num_hidden_layers to inf"),
        ({"num_labels": 10**9}, "sets num_labels to 1,000,000,000; at most 100,000"),
        ({"text_config": {"num_hidden_layers": 10**9}}, "sets num_hidden_layers"),
        ({"intermediate_size": 10**8}, "ask for .* GB of numbers, and its files hold 0.0 GB"),
        ({"max_position_embeddings": 10**9, "model_type": "gpt_neox"}, "."),
    ],
    ids=str,
)
def test_settings_that_ask_for_memory(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    folder = with_settings(saved(tmp_path, "llama"), **changes)
    refused(lambda: load(str(folder)), says)


def test_what_a_head_that_was_not_saved_would_take_is_spared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(tmp_path, "sentence")
    assert load(str(folder)).record("the dog").logits.isfinite().all()
    monkeypatch.setattr(theirs, "SPARE", 0)
    monkeypatch.setattr(theirs, "WIDENED", 0)
    refused(lambda: load(str(folder)), "its files hold")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_link_that_leads_to_itself(own: Path, name: str) -> None:
    (own / name).unlink()
    (own / name).symlink_to(own / name)
    refused(lambda: bundled.load(own), name)


def test_settings_of_no_end(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "MOST_TEXT", 10)
    refused(lambda: bundled.load(own), "it is read up to 10")


@pytest.mark.parametrize(
    "changes",
    [
        {"decoder_start_token_id": 2**31},
        {"decoder_start_token_id": "x"},
        {"decoder_start_token_id": -1},
        {"eos_token_id": "x"},
        {"eos_token_id": [2**70]},
        {"pad_token_id": 2**63},
        {"num_return_sequences": 5},
    ],
    ids=str,
)
def test_settings_of_writing_that_cannot_be_followed(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder = saved(tmp_path, "t5")
    (folder / "generation_config.json").write_text(
        json.dumps({"decoder_start_token_id": 0} | changes), encoding="utf-8"
    )
    refused(lambda: load(str(folder)), "settings of writing cannot be followed|cannot be loaded")
