"""The models that all visitors share."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

import viz_core
from viz_core.models import WeightsUnavailable
from viz_core.ui import store


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace loading by a note of what was loaded."""
    noted: list[str] = []

    def load(name: str, progress: Any, sources: Any) -> str:
        noted.append(name)
        if name == "missing":
            raise WeightsUnavailable("not here")
        progress(5, 10, "model.safetensors")
        return f"the model {name}"

    monkeypatch.setattr(viz_core, "load", load)
    return noted


def test_a_model_is_loaded_once_for_all(loads: list[str]) -> None:
    shelf = store.ModelShelf()
    assert shelf.load("a", lambda _progress: None) == shelf.load("a", lambda _progress: None) == "the model a"
    assert loads == ["a"]


def test_the_model_not_used_for_longest_goes_first(loads: list[str]) -> None:
    shelf = store.ModelShelf()
    for name in ("a", "b", "c"):
        shelf.load(name, lambda _progress: None)
    shelf.get("a")
    shelf.load("d", lambda _progress: None)
    assert shelf.get("b") is None
    assert shelf.get("a") == "the model a"


def test_a_failed_load_can_be_tried_again(loads: list[str]) -> None:
    shelf = store.ModelShelf()
    for _attempt in range(2):
        with pytest.raises(WeightsUnavailable):
            shelf.load("missing", lambda _progress: None)
    assert loads == ["missing", "missing"]


def test_two_who_ask_at_once_share_one_load_and_hear_of_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    may_finish, noted, heard = threading.Event(), [], threading.Event()

    def load(name: str, progress: Any, sources: Any) -> str:
        noted.append(name)
        progress(5, 10, "model.safetensors")
        assert may_finish.wait(30)
        return "it"

    def report(progress: dict[str, Any]) -> None:
        if progress == {"done": 5, "total": 10, "file": "model.safetensors"}:
            heard.set()

    monkeypatch.setattr(viz_core, "load", load)
    shelf = store.ModelShelf()
    answers: list[Any] = []
    askers = [threading.Thread(target=lambda: answers.append(shelf.load("x", report, every=0.01))) for _ in range(2)]
    for asker in askers:
        asker.start()
    assert heard.wait(30)
    may_finish.set()
    for asker in askers:
        asker.join()
    assert answers == ["it", "it"]
    assert noted == ["x"]


@pytest.mark.parametrize(("address", "asked"), [("localhost", True), ("0.0.0.0", False), (None, False)])  # noqa: S104
def test_only_a_local_server_looks_into_folders(
    address: str | None, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(viz_core, "load", lambda _name, sources, **_others: seen.extend(sources))
    monkeypatch.setattr(store.st, "get_option", lambda _name: address)
    store.ModelShelf().load("x", lambda _progress: None)
    assert ("folder" in seen) == asked
    assert "hub" in seen


class Recorder:
    """A model whose recordings have a size."""

    name, revision, both_sides = "recorder", "", False

    def __init__(self) -> None:
        self.recorded: list[str] = []

    def record(self, text: str, *, all_logits: bool) -> Any:
        assert all_logits is self.both_sides
        self.recorded.append(text)
        return SimpleNamespace(text=text, nbytes=len(text))


def test_recordings_are_made_once_and_bounded_in_bytes() -> None:
    shelf, model = store.RecordingShelf(most_bytes=10), Recorder()
    for text in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        assert shelf.get(model, text).text == text
    assert model.recorded == ["aaaa", "bbbb", "cccc", "bbbb"]


def test_a_recording_larger_than_all_room_is_still_given() -> None:
    assert store.RecordingShelf(most_bytes=1).get(Recorder(), "long text").text == "long text"
