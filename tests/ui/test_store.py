"""What all visitors share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

import viz_core
from viz_core.models import Model, WeightsUnavailable
from viz_core.ui import store


def test_what_was_made_is_kept_and_the_longest_unused_goes_first() -> None:
    shelf: store.Shelf[str] = store.Shelf("test", 3)
    made: list[str] = []

    def make(name: str) -> Callable[[Any], str]:
        return lambda _note: made.append(name) or f"the {name}"

    for name in ("a", "b", "c", "a", "d"):
        assert shelf.take(name, make(name)) == f"the {name}"
    assert made == ["a", "b", "c", "d"]
    assert shelf.get("b") is None
    assert shelf.get("a") == "the a"


def test_a_shelf_is_bounded_in_what_it_measures() -> None:
    shelf: store.Shelf[str] = store.Shelf("test", 10, len)
    made: list[str] = []
    for text in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        shelf.take(text, lambda _note, text=text: made.append(text) or text)
    assert made == ["aaaa", "bbbb", "cccc", "bbbb"]


def test_something_larger_than_all_room_is_still_given() -> None:
    assert store.Shelf("test", 1, len).take("x", lambda _note: "long text") == "long text"


def test_what_failed_can_be_tried_again() -> None:
    shelf: store.Shelf[str] = store.Shelf("test", 3)

    def fail(_note: Any) -> str:
        raise WeightsUnavailable("not here")

    with pytest.raises(WeightsUnavailable):
        shelf.take("x", fail)
    assert shelf.take("x", lambda _note: "it") == "it"


@pytest.mark.parametrize(("address", "asked"), [("localhost", True), ("0.0.0.0", False), (None, False)])  # noqa: S104
def test_only_a_local_server_looks_into_folders(
    address: str | None, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(viz_core, "load", lambda _name, sources, **_others: seen.extend(sources) or "a model")
    monkeypatch.setattr(store.st, "get_option", lambda _name: address)
    store.shelves.clear()
    store.model("x")
    store.shelves.clear()
    assert ("folder" in seen) == asked
    assert "hub" in seen


@pytest.fixture(scope="module")
def model() -> Model:
    return viz_core.load("tiny-gpt")


def test_recording_tells_how_far_it_is_and_is_made_once(model: Model) -> None:
    store.shelves.clear()
    heard: list[tuple[int, int]] = []
    first = model.record("The dog bit the man", progress=lambda done, total: heard.append((done, total)))
    assert heard == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert store.recording(model, "The dog bit the man") is store.recording(model, "The dog bit the man")
    assert torch.equal(store.recording(model, "The dog bit the man").logits, first.logits)


def test_derived_stages_are_made_once_and_are_the_record_s(model: Model) -> None:
    text = "The dog bit the man"
    stages = store.stages(model, text, 2, 5)
    assert store.stages(model, text, 2, 5) is stages
    assert torch.equal(stages.weights, store.recording(model, text).blocks[2].attention.head(5).weights)
    one, layer = store.links(model, text, 2, 5), store.links(model, text, 2)
    assert one.shape == (1, 5, 5)
    assert layer.shape == (6, 5, 5)


@dataclass
class Something:
    table: torch.Tensor
    words: str


def test_what_is_kept_is_weighed_with_all_that_it_keeps_alive():
    whole = torch.zeros(1000)
    assert store.bytes_of(whole[:1]) == 4000, "a view keeps all of it"
    assert store.bytes_of(np.zeros(1000, dtype=np.float32)[:1]) == 4000
    assert store.bytes_of(Something(whole, "x" * 50)) == 100 + 4000 + 150
    assert store.bytes_of([1.0, {"a": (whole,)}]) == 100 + 100 + 100 + 100 + 4000


def test_findings_are_bounded_by_bytes():
    shelf: store.Shelf[object] = store.Shelf("test", 10_000, store.bytes_of)
    for number in range(5):
        shelf.take(number, lambda _note: torch.zeros(1000))
    assert [number for number in range(5) if shelf.get(number) is not None] == [3, 4]


def test_companions_leave_the_visitors_own_model_where_it_is():
    own = store.model("tiny-gpt")
    for name in ("positions-none", "positions-alibi", "positions-rotary", "positions-learned"):
        store.companion(name)
    assert store.shelves().models.get("tiny-gpt") is own
