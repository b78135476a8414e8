"""Downloads that are killed, stand still or trickle, and a cache that was damaged: never half a model."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from tests.models.hub import COMMIT, Hub
from viz_core.models import Model, WeightsUnavailable, load

ROOT = Path(__file__).parents[2]
LOAD = "import viz_core; print(viz_core.load('owner/tiny').record('The dog').logits.sum().item())"


def logits() -> torch.Tensor:
    model = load("owner/tiny")
    assert isinstance(model, Model)
    return model.record("The dog").logits


def cached(kind: str) -> list[Path]:
    return sorted(path for path in Path(constants.HF_HUB_CACHE).rglob(kind) if path.is_file())


@contextmanager
def loading(hub: Hub) -> Iterator[subprocess.Popen[str]]:
    """Another process that loads the model into the same cache."""
    told = {"HF_ENDPOINT": hub.address, "HF_HUB_CACHE": constants.HF_HUB_CACHE, "HF_HUB_OFFLINE": "0"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")} | told
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(happened: Callable[[], object], most: float = 30) -> None:
    until = time.monotonic() + most
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def test_killed_half_way_nothing_half_is_loaded_and_the_rest_is_tidied(hub: Hub, repo: dict[str, bytes]) -> None:
    hub.fault = "stands still"
    weights = len(repo["model.safetensors"])
    with loading(hub) as process:
        wait_for(lambda: any(half.stat().st_size for half in cached("*.incomplete")))
        process.send_signal(signal.SIGKILL)
        process.wait()
    (half,) = cached("*.incomplete")
    assert 0 < half.stat().st_size < weights
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(WeightsUnavailable, match="owner/tiny is not on this machine"):
            load("owner/tiny")
    hub.fault = ""
    os.utime(half, (0, 0))  # long ago
    assert logits().isfinite().all()
    assert not half.exists()
    assert [path for path in cached("*.safetensors") if path.stat().st_size == weights]


def test_what_another_process_is_fetching_is_left_alone(hub: Hub, repo: dict[str, bytes]) -> None:
    load("owner/tiny")
    half = cached("model.safetensors")[0].resolve().with_name("x.1234.incomplete")
    half.write_bytes(b"half")
    load("owner/tiny")
    assert half.exists()


def test_two_processes_fetch_it_at_once(hub: Hub, repo: dict[str, bytes]) -> None:
    with loading(hub) as one, loading(hub) as other:
        told = [process.communicate(timeout=60) for process in (one, other)]
    assert [float(out) for out, _errors in told] == [pytest.approx(float(logits().sum()))] * 2, told
    assert not cached("*.incomplete")


# -- slow, and worse -----------------------------------------------------------------------------------------


class GivenUp(BaseException):
    """As the workshop's."""


@pytest.mark.parametrize("fault", ["trickles", "stands still"])
def test_whoever_gives_up_a_slow_download_is_soon_free(
    hub: Hub, repo: dict[str, bytes], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes are told as they come, so that the work ends at the next one, or at the network's own time-out."""
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 1)
    hub.fault = fault
    half = len(repo["tokenizer.json"]) + len(repo["model.safetensors"]) // 2
    seen: list[int] = []

    def progress(done: int, _total: int, file: str) -> None:
        if file == "model.safetensors":
            seen.append(done)
        if done > half:
            raise GivenUp

    started = time.monotonic()
    with pytest.raises(GivenUp if fault == "trickles" else WeightsUnavailable):
        load("owner/tiny", progress=progress)
    assert time.monotonic() - started < 15
    assert max(seen) >= half
    assert not cached("*.incomplete"), "what had come is thrown away"


def test_packets_that_are_dropped(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port whose queue is full answers no one, as a firewall that drops packets does."""
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        full = [socket.socket() for _ in range(4)]
        for one in full:
            one.setblocking(False)
            one.connect_ex(silent.getsockname())
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(WeightsUnavailable, match=r"did not answer in time|cannot be reached"):
            load("owner/tiny")
        for one in full:
            one.close()


def test_a_page_in_place_of_the_file(hub: Hub, repo: dict[str, bytes]) -> None:
    hub.fault = "page"
    with pytest.raises(WeightsUnavailable, match=r"broke off \(Consistency check failed|cannot be reached"):
        load("owner/tiny")
    hub.fault = ""
    assert logits().isfinite().all(), "nothing of the page was kept"


# -- a damaged cache -----------------------------------------------------------------------------------------


def snapshot() -> Path:
    return cached("config.json")[0].parent


def truncated(name: str) -> Callable[[], None]:
    def damage() -> None:
        blob = (snapshot() / name).resolve()
        blob.write_bytes(blob.read_bytes()[:-7])

    return damage


def garbled(name: str) -> Callable[[], None]:
    def damage() -> None:
        blob = (snapshot() / name).resolve()
        blob.write_bytes(b"\xff\x00" * (blob.stat().st_size // 2) + b"x" * (blob.stat().st_size % 2))

    return damage


def of_another_model() -> None:
    (snapshot() / "config.json").resolve().write_text('{"model_type": "gpt2", "n_layer": 99}')


def broken_link() -> None:
    (snapshot() / "model.safetensors").resolve().unlink()


def refs(content: bytes) -> Callable[[], None]:
    return lambda: (snapshot().parents[1] / "refs" / "main").write_bytes(content) and None


FILES = ("config.json", "tokenizer.json", "model.safetensors")
MENDED = {
    **{f"{name} cut short": truncated(name) for name in FILES},
    "another config.json": of_another_model,
    "a link to nothing": broken_link,
    "a branch that points nowhere": refs(b"0" * 40),
    "an empty branch": refs(b""),
}


@pytest.mark.parametrize("damage", MENDED.values(), ids=MENDED)
def test_with_the_hub_at_hand_damage_is_mended(
    hub: Hub, repo: dict[str, bytes], damage: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = logits()
    damage()
    with monkeypatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(WeightsUnavailable):
            load("owner/tiny")
        assert load("tiny-gpt").name == "tiny-gpt"
    assert torch.equal(logits(), expected)


@pytest.mark.parametrize("name", FILES)
def test_damage_that_has_the_right_length_is_told_with_the_file_to_delete(
    hub: Hub, repo: dict[str, bytes], name: str
) -> None:
    expected = logits()
    garbled(name)()
    with pytest.raises(WeightsUnavailable) as error:
        load("owner/tiny")
    blob = (snapshot() / name).resolve()
    assert str(blob) in str(error.value)
    assert "Delete it and load the model again" in str(error.value)
    blob.unlink()
    assert torch.equal(logits(), expected), "it was enough to do what was said"


def test_a_branch_that_is_no_text(hub: Hub, repo: dict[str, bytes]) -> None:
    load("owner/tiny")
    folder = snapshot().parents[1]
    refs(b"\xff\xfe\x00")()
    with pytest.raises(WeightsUnavailable, match="Delete the folder") as error:
        load("owner/tiny")
    assert str(folder) in str(error.value)


# -- a cache that cannot be written --------------------------------------------------------------------------


def test_a_cache_that_may_not_be_written(hub: Hub, repo: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", "/dev/null/hub")
    with pytest.raises(WeightsUnavailable, match=r"/dev/null/hub may not be written\. Set HF_HOME"):
        load("owner/tiny")
    assert load("tiny-gpt").name == "tiny-gpt"


def test_a_full_disk(hub: Hub, repo: dict[str, bytes]) -> None:
    """A process that may write no file as large as the weights; the tokenizer fits."""
    most = len(repo["model.safetensors"]) // 2
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most})); "
    code = limited + "import viz_core; viz_core.load('owner/tiny')"
    told = {"HF_ENDPOINT": hub.address, "HF_HUB_CACHE": constants.HF_HUB_CACHE, "HF_HUB_OFFLINE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | told, capture_output=True, text=True, check=False
    )
    assert "The disk is full: there is no room for owner/tiny. Make room in" in done.stderr
    assert not cached("*.incomplete")
    assert logits().isfinite().all()
    assert snapshot().name == COMMIT
