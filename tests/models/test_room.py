"""What a model takes of memory is known before it is taken, and refused where there is not so much."""

from collections.abc import Callable
from pathlib import Path

import pytest

import viz_core
from tests.models.checkpoints import folder, loaded
from viz_core import memory
from viz_core.models import Model, UnusableText, WeightsUnavailable
from viz_core.models.room import gradient_bytes, most_tokens, recording_bytes

__all__ = ["folder"]  # a fixture


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pages that other tests opened have kept would be let go of, and counts as free."""
    monkeypatch.setattr(memory, "_store", None)


def test_weights_that_do_not_fit(folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 10_000)
    with pytest.raises(WeightsUnavailable, match=r"0\.0 GB free\. Choose a smaller model"):
        viz_core.load(str(folder("llama")))


@pytest.mark.parametrize("name", ["tiny-gpt", "llama", "gemma2"])
def test_a_recording_that_does_not_fit(
    name: str, folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = viz_core.load(name) if name == "tiny-gpt" else loaded(folder(name))
    assert isinstance(model, Model)
    room = recording_bytes(model.network, 20)
    assert most_tokens(model.network, room) == 20
    monkeypatch.setattr(memory, "available", lambda: room)
    text = "dog " * 40
    with pytest.raises(UnusableText, match="at most 20 tokens fit") as error:
        model.record(text)
    assert error.value.limit == 20
    assert model.record(model.cut(text)).tokens


@pytest.mark.parametrize("name", ["tiny-gpt", "llama", "gemma2", "bert"])
def test_a_recording_takes_no_more_than_was_said(name: str, folder: Callable[[str], Path]) -> None:
    model = viz_core.load(name) if name == "tiny-gpt" else loaded(folder(name))
    assert isinstance(model, Model)
    recording = model.record([5] * 60, all_logits=True)
    assert recording.nbytes < recording_bytes(model.network, 60) * 1.3 + recording.logits.nbytes


def test_logits_are_counted_too(folder: Callable[[str], Path]) -> None:
    model = loaded(folder("llama"))
    causes = sum(t.nbytes for b in model.record([5] * 10).blocks for t in (b.attention.query, b.attention.key))
    assert recording_bytes(model.network, 10) >= causes + 10 * 307 * 4


def test_the_gradients_of_a_long_text_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = viz_core.load("tiny-gpt")
    assert isinstance(model, Model)
    monkeypatch.setattr(memory, "available", lambda: gradient_bytes(model.network, 40) - 1)
    assert model.record([5] * 40).blocks
    with pytest.raises(UnusableText, match="The gradients of all weights of 40 tokens"):
        model.gradients([5] * 40, 3, 5)
    assert model.gradients([5] * 30, 3, 5)
