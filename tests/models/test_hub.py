"""The Hub, played by a server on this machine: what is asked of it, what is kept, and what a visitor is told."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file

from tests.models.checkpoints import saved
from tests.models.hub import COMMIT, Answer, Hub
from viz_core import memory
from viz_core.models import Model, WeightsUnavailable, about, checkpoint, load


def test_a_hub_model_is_the_one_that_was_saved(
    hub: Hub, repo: dict[str, bytes], gpt2_folder: Callable[..., Path]
) -> None:
    model, local = load("owner/tiny"), load(str(gpt2_folder("local")))
    assert (model.name, model.source, model.revision) == ("owner/tiny", "hub", COMMIT)
    assert model.card["licence"] == "mit"
    assert torch.equal(model.record("The dog").logits, local.record("The dog").logits)


def test_only_what_is_needed_is_downloaded_config_first(hub: Hub, repo: dict[str, bytes]) -> None:
    load("owner/tiny")
    downloaded = [path.rsplit("/", 1)[1] for path in hub.asked("GET") if "/resolve/" in path]
    assert downloaded == ["config.json", "tokenizer.json", "model.safetensors"]


def test_settings_are_refused_before_any_weight_is_downloaded(hub: Hub, repo: dict[str, bytes]) -> None:
    repo["config.json"] = json.dumps(json.loads(repo["config.json"]) | {"activation_function": "gelu_fast"}).encode()
    with pytest.raises(WeightsUnavailable, match="activation_function to gelu_fast"):
        load("owner/tiny")
    assert [path.rsplit("/", 1)[1] for path in hub.asked("GET") if "/resolve/" in path] == ["config.json"]


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_words_without_end_are_refused_before_anything_is_downloaded(
    hub: Hub, repo: dict[str, bytes], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "MOST_TEXT", 50_000)
    repo[name] = b" " * 50_001
    with pytest.raises(WeightsUnavailable, match=f"file {name} has 50,001 bytes; it is read up to 50,000"):
        load("owner/tiny")
    assert not [path for path in hub.asked("GET") if "/resolve/" in path]


def test_an_index_without_end_is_refused_where_it_would_be_read(
    hub: Hub, repo: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "MOST_TEXT", 50_000)
    repo["model.safetensors.index.json"] = b" " * 50_001
    assert about("owner/tiny")
    del repo["model.safetensors"]
    with pytest.raises(WeightsUnavailable, match=r"index.json has 50,001 bytes"):
        about("owner/tiny")


def test_the_short_names_of_the_gpt2_family(hub: Hub, repo: dict[str, bytes]) -> None:
    hub.repos = {"openai-community/gpt2": repo, "distilbert/distilgpt2": repo}
    assert load("gpt2").name == "gpt2"
    assert load("distilgpt2").revision == COMMIT


def test_shards(hub: Hub, gpt2_folder: Callable[..., Path]) -> None:
    folder = gpt2_folder("sharded", shard="40KB")
    hub.repos["owner/sharded"] = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert torch.equal(load("owner/sharded").record([5, 3]).logits, load(str(folder)).record([5, 3]).logits)


def test_an_index_cannot_make_us_download_something_else(hub: Hub, gpt2_folder: Callable[..., Path]) -> None:
    hub.repos["owner/sly"] = files = {path.name: path.read_bytes() for path in gpt2_folder(shard="40KB").iterdir()}
    files["model.safetensors.index.json"] = b'{"weight_map": {"a": "../../../x.safetensors"}}'
    with pytest.raises(WeightsUnavailable, match=r"\.\./\.\./\.\./x.safetensors"):
        load("owner/sly")


def test_progress_counts_every_byte(hub: Hub, repo: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 10_000)
    calls: list[tuple[int, int, str]] = []
    load("owner/tiny", progress=lambda *call: calls.append(call))
    total = len(repo["tokenizer.json"]) + len(repo["model.safetensors"])
    assert calls[0] == (0, total, "tokenizer.json")
    assert calls[-1] == (total, total, "model.safetensors")
    assert {call[1] for call in calls} == {total}
    assert [call[0] for call in calls] == sorted(call[0] for call in calls)
    assert len({call[0] for call in calls}) > 10
    calls.clear()
    load("owner/tiny", progress=lambda *call: calls.append(call))  # from the cache
    assert calls[-1] == (total, total, "model.safetensors")


def test_nothing_is_printed(hub: Hub, repo: dict[str, bytes], capfd: pytest.CaptureFixture[str]) -> None:
    load("owner/tiny")
    assert capfd.readouterr() == ("", "")


def test_a_download_that_breaks_goes_on_where_it_broke(
    hub: Hub, repo: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 10_000)
    hub.fault = "breaks once"
    done: list[int] = []
    load("owner/tiny", progress=lambda *call: done.append(call[0]))
    whole_chunks = (len(repo["model.safetensors"]) - 100) // 10_000 * 10_000
    assert [path.rsplit(" ", 1)[1] for path in hub.asked("GET") if "bytes=" in path] == [f"bytes={whole_chunks}-"]
    assert max(done) == len(repo["tokenizer.json"]) + len(repo["model.safetensors"])


def test_a_download_that_keeps_breaking(hub: Hub, repo: dict[str, bytes]) -> None:
    hub.fault = "breaks"
    assert "The download of owner/tiny broke off (peer closed connection" in refusal("owner/tiny")
    hub.fault = ""
    hub.requests.clear()
    load("owner/tiny")  # what had come is kept, the rest is fetched
    downloaded = [path.rsplit("/", 1)[1] for path in hub.asked("GET") if "/resolve/" in path]
    assert downloaded == ["model.safetensors"]


# -- what a visitor is told --------------------------------------------------------------------------------


def refusal(name: str, most_seconds: float = 3) -> str:
    start = time.perf_counter()
    with pytest.raises(WeightsUnavailable) as error:
        load(name)
    assert time.perf_counter() - start < most_seconds
    assert "bundled model" in str(error.value)
    return str(error.value)


def test_not_found(hub: Hub) -> None:
    assert "The Hub has no public model owner/none. Check the spelling" in refusal("owner/none")


def test_a_token_that_opens_nothing(hub: Hub, repo: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_none")
    assert "The Hub refuses access to owner/tiny. Check HF_TOKEN" in refusal("owner/tiny")


def test_gated(hub: Hub, repo: dict[str, bytes]) -> None:
    hub.fault = "gated"
    assert "owner/tiny is gated: accept its terms at https://huggingface.co/owner/tiny" in refusal("owner/tiny")


def test_down(hub: Hub, repo: dict[str, bytes]) -> None:
    hub.fault = "down"
    assert "The Hub answered with error 503" in refusal("owner/tiny")


@pytest.mark.parametrize("fault", ["slow", "silent"])
def test_no_answer(hub: Hub, repo: dict[str, bytes], fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.5)
    hub.fault = fault
    assert "The Hub did not answer in time" in refusal("owner/tiny")


def test_something_else_answers(hub: Hub, repo: dict[str, bytes]) -> None:
    hub.fault = "portal"
    assert "The Hub cannot be reached and owner/tiny is not on this machine" in refusal("owner/tiny")


def test_nobody_listens(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "The Hub cannot be reached" in refusal("owner/tiny")


def test_no_such_host(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://hub.invalid")
    assert "The Hub cannot be reached" in refusal("owner/tiny", most_seconds=10)


def test_no_checkpoint(hub: Hub, repo: dict[str, bytes]) -> None:
    del repo["config.json"]
    with pytest.raises(WeightsUnavailable, match=r"owner/tiny has no config.json"):
        load("owner/tiny")


def test_only_pickles(hub: Hub, repo: dict[str, bytes]) -> None:
    del repo["model.safetensors"]
    with pytest.raises(WeightsUnavailable, match="owner/tiny holds its weights only as a pickle file"):
        load("owner/tiny")


def test_a_file_that_vanished_meanwhile(hub: Hub, repo: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answer, "_describe", describe_one_more)
    assert "The Hub answered with error 404" in refusal("owner/tiny")


def describe_one_more(answer: Answer, repo: str) -> None:
    siblings = [{"rfilename": name, "size": 3} for name in ("config.json", "model.safetensors.index.json")]
    answer._send(200, json.dumps({"id": repo, "sha": COMMIT, "siblings": siblings}).encode())


# -- without network ---------------------------------------------------------------------------------------


def test_what_was_loaded_once_loads_without_network(
    hub: Hub, repo: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = load("owner/tiny").record("The dog").logits
    for change in ({"ENDPOINT": "http://127.0.0.1:9"}, {"HF_HUB_OFFLINE": True}):
        with monkeypatch.context() as patch:
            for name, value in change.items():
                patch.setattr(constants, name, value)
            model = load("owner/tiny")
        assert model.revision == COMMIT
        assert torch.equal(model.record("The dog").logits, expected)


def test_half_a_download_does_not_load_without_network(
    hub: Hub, repo: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.fault = "breaks"
    refusal("owner/tiny")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "owner/tiny is not on this machine, and HF_HUB_OFFLINE is set" in refusal("owner/tiny")


def test_the_environment_decides(
    hub: Hub, repo: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HF_HOME and HF_HUB_OFFLINE as a person sets them, in a process of its own."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
    load("owner/tiny")
    done = subprocess.run(
        [sys.executable, "-c", "import viz_core; print(viz_core.load('owner/tiny').revision)"],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == COMMIT


# -- before a download -------------------------------------------------------------------------------------


def test_what_a_download_would_be(hub: Hub, repo: dict[str, bytes]) -> None:
    found = about("owner/tiny")
    assert found is not None
    assert found.size == len(repo["tokenizer.json"]) + len(repo["model.safetensors"])
    assert found.memory == len(repo["model.safetensors"])
    assert found.licence == "mit"
    assert found.fits
    downloaded = [path.rsplit("/", 1)[1] for path in hub.asked("GET") if "/resolve/" in path]
    assert downloaded == ["config.json"], "nothing but its settings"
    load("owner/tiny")
    assert about("owner/tiny") is None, "it is here"
    assert about("tiny-gpt") is None, "it comes with the program"


def test_stored_at_half_precision_it_takes_twice_its_size(hub: Hub, repo: dict[str, bytes]) -> None:
    repo["config.json"] = json.dumps(json.loads(repo["config.json"]) | {"dtype": "bfloat16"}).encode()
    found = about("owner/tiny")
    assert found is not None
    assert found.memory == 2 * len(repo["model.safetensors"])


def test_too_large_for_this_machine(hub: Hub, repo: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 1000)
    found = about("owner/tiny")
    assert found is not None
    assert not found.fits
    with pytest.raises(WeightsUnavailable, match=r"owner/tiny takes 0\.\d GB of memory .* Choose a smaller model"):
        load("owner/tiny")
    downloaded = [path.rsplit("/", 1)[1] for path in hub.asked("GET") if "/resolve/" in path]
    assert set(downloaded) == {"config.json"}, "refused before any weight is downloaded"


def test_a_model_of_another_kind_is_downloaded_and_runs_by_its_own_code(hub: Hub, tmp_path: Path) -> None:
    hub.repos["owner/llama"] = {path.name: path.read_bytes() for path in saved(tmp_path, "llama").iterdir()}
    model = load("owner/llama")
    assert isinstance(model, Model)
    assert (model.own, model.revision) == (False, COMMIT)
    assert model.record("The dog").tokens == ("The", "·dog")


def test_what_could_not_be_shown_is_refused_before_any_weight_is_downloaded(hub: Hub, repo: dict[str, bytes]) -> None:
    repo["config.json"] = b'{"model_type": "warp-drive"}'
    with pytest.raises(WeightsUnavailable, match="of the kind warp-drive, which transformers"):
        about("owner/tiny")
    with pytest.raises(WeightsUnavailable, match="warp-drive"):
        load("owner/tiny")
    assert not [path for path in hub.asked("GET") if path.endswith("safetensors")]


def test_a_chat_template_comes_along(hub: Hub, tmp_path: Path) -> None:
    hub.repos["owner/chat"] = {path.name: path.read_bytes() for path in saved(tmp_path, "chat").iterdir()}
    model = load("owner/chat")
    assert isinstance(model, Model)
    assert model.chat is not None


def test_a_pickle_is_downloaded_only_when_it_may_be_opened(hub: Hub, tmp_path: Path) -> None:
    folder = saved(tmp_path, "bert")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    hub.repos["owner/old"] = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(WeightsUnavailable, match="pickles=True"):
        load("owner/old")
    assert not [path for path in hub.asked("GET") if path.endswith(".bin")]
    model = load("owner/old", pickles=True)
    assert isinstance(model, Model)
    assert model.record("The dog").blocks
    assert load("owner/old", pickles=True).name == "owner/old"  # from the cache
