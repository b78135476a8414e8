"""What all visitors share."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations, product
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPT2Config

import viz_core
from viz_core.edits import Edits
from viz_core.language import speak, spoken
from viz_core.masks import causal
from viz_core.models import Model, WeightsUnavailable, bundled_names, bundled_readers
from viz_core.models.gpt2 import transformer_config
from viz_core.recording import Recording
from viz_core.transformer import Transformer
from viz_core.ui import store
from viz_core.ui.shelf import Shelf, bytes_of


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


def test_companions_leave_the_visitors_own_model_where_it_is():
    own = store.model("tiny-gpt")
    for name in ("positions-none", "positions-alibi", "positions-rotary", "positions-learned"):
        store.companion(name)
    assert store.model("tiny-gpt") is own


@settings(max_examples=8)
@given(st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=4), min_size=3, max_size=4), st.randoms())
def test_answers_of_the_store_are_those_of_a_fresh_computation(asks: list[list[int]], order: Random) -> None:
    """Several visitors at once, with texts, edits and heads of their own, on shelves too small for all."""
    model = viz_core.load("tiny-gpt")
    texts = ["The dog bit the man", "The man bit the dog", "Once upon a time", "같은 말 같은 말"]
    made = [Edits(), Edits(temperature=0.5), Edits(ablated=frozenset({(1, 2)})), Edits(dropout=0.5, seed=3)]
    cases = [(order.choice(texts), order.choice(made), order.randrange(4), order.randrange(6)) for _ in range(8)]

    def visitor(numbers: list[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        found = []
        for number in numbers:
            text, edits, layer, head = cases[number]
            logits = store.recording(model, text, edits=edits).logits
            found.append((logits, store.stages(model, text, layer, head, edits).weights))
        return found

    whole = store.shelves()
    small = replace(
        whole,
        recordings=Shelf("recordings", 400_000, lambda recording: recording.nbytes),
        stages=Shelf("stages", 5_000, bytes_of),
    )
    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(len(asks)) as visitors:
        patched.setattr(store, "shelves", lambda: small)
        answers = list(visitors.map(visitor, asks))
    for numbers, found in zip(asks, answers, strict=True):
        for number, (logits, weights) in zip(numbers, found, strict=True):
            text, edits, layer, head = cases[number]
            fresh = model.record(text, edits)
            torch.testing.assert_close(logits, fresh.logits)
            torch.testing.assert_close(weights, fresh.blocks[layer].attention.head(head).weights)


@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert", "positions-alibi", "positions-rotary", "positions-learned"])
def test_recordings_share_no_memory_but_the_models_own(name: str) -> None:
    """And hold none that is not theirs, which a view of something larger would."""
    model = viz_core.load(name)
    edits = Edits(temperature=2.0, ablated=frozenset({(0, 1)}))
    runs = [
        model.record("The dog bit the man"),
        model.record("The dog bit the man", edits),
        model.record("A girl named Lily"),
    ]
    masks = [
        causal(len(recording.token_ids), "cpu") for recording in runs
    ]  # of all texts of one length, and nobody's own
    shared = [*model.transformer.state_dict().values(), *masks]
    own = {tensor.untyped_storage().data_ptr() for tensor in shared}
    memories = [_memory(recording) for recording in runs]
    for one, other in combinations(memories, 2):
        assert one.keys() & other.keys() <= own
    for seen in memories:
        for address, (held, used) in seen.items():
            assert address in own or used >= held
    assert all(torch.equal(mask, torch.ones_like(mask).tril()) for mask in masks), "nobody wrote to them"


def _memory(recording: Recording) -> dict[int, tuple[int, int]]:
    """Of each block of memory, by its address: its bytes, and those that the recording's tensors use of it."""
    found: dict[int, tuple[int, int]] = {}
    for tensor in recording.tensors:
        storage = tensor.untyped_storage()
        _held, used = found.get(storage.data_ptr(), (0, 0))
        found[storage.data_ptr()] = (storage.nbytes(), used + tensor.nbytes)
    return found


def test_a_recording_is_kept_by_model_moment_text_edits_and_rows() -> None:
    early, late = store.companion("formation@100"), store.companion("formation")
    texts, edits = ("The dog", "The dog "), (Edits(), Edits(temperature=2.0))
    runs = [
        store.recording(model, text, edits=edit, all_logits=every)
        for model, text, edit, every in product((early, late), texts, edits, (False, True))
    ]
    assert len({id(run) for run in runs}) == len(runs)


def test_words_are_kept_for_each_language_and_numbers_for_all() -> None:
    found = {}
    for language in ("en", "ko"):
        speak(language)
        found[language] = (
            store.finding(("said",), spoken),
            store.measurement(("counted",), lambda _note: spoken(), heavy=False),
        )
    speak("en")
    assert found == {"en": ("en", "en"), "ko": ("ko", "en")}


def test_whoever_waits_is_told_of_an_error_in_his_own_language() -> None:
    shelf, both = store.Shelf[str]("test", 3), threading.Barrier(2, timeout=30)

    def fail(_note: Any) -> str:
        both.wait()
        raise WeightsUnavailable(spoken())

    def ask(language: str) -> str:
        speak(language)
        with pytest.raises(WeightsUnavailable) as caught:
            shelf.take("x", fail)
        return str(caught.value)

    with ThreadPoolExecutor(2) as visitors:
        assert list(visitors.map(ask, ("en", "ko"))) == ["en", "ko"]


def test_so_is_whoever_waits_for_the_same_download(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=30)

    def fetch(_name: str, **_others: Any) -> None:
        both.wait()
        raise WeightsUnavailable(spoken())

    def ask(language: str) -> str:
        speak(language)
        with pytest.raises(WeightsUnavailable) as caught:
            store.model("gpt2")
        return str(caught.value)

    monkeypatch.setattr(viz_core.models, "fetch", fetch)
    with ThreadPoolExecutor(2) as visitors:
        assert list(visitors.map(ask, ("en", "ko"))) == ["en", "ko"]


SHAPES = {"small": (12, 12, 768), "xl": (48, 25, 1600)}  # of GPT-2: layers, heads, d_model


def _of_shape(name: str) -> Model:
    """Without weights, which no estimate looks at."""
    layers, heads, d_model = SHAPES[name]
    settings_of = {"n_layer": layers, "n_head": heads, "n_embd": d_model}
    config = transformer_config(GPT2Config(**settings_of).to_dict())
    with torch.device("meta"):
        return Model(name, Transformer(config), None, "hub")


@pytest.mark.parametrize(
    ("name", "n", "heavy"), [("small", 8, False), ("small", 64, False), ("small", 1024, True), ("xl", 5, True)]
)
def test_what_is_heavy(name: str, n: int, heavy: bool) -> None:
    assert store.is_heavy(_of_shape(name), n) == heavy


@pytest.mark.parametrize("name", [name for name in bundled_names() if name in bundled_readers()])
def test_nothing_that_comes_with_the_program_is_heavy_to_read(name: str) -> None:
    model = store.companion(name)
    assert not store.is_heavy(model, model.context, store.BACK)
    assert not store.is_heavy_to_derive(model, model.context)


def test_heavy_work_waits_in_one_line_and_light_work_in_none() -> None:
    """The lane is held: what is light goes on."""
    go_on, begun = threading.Event(), threading.Event()

    def hold(_note: Any) -> str:
        begun.set()
        assert go_on.wait(30)
        return "held"

    model = store.companion("tiny-gpt")
    text = "Nobody has asked for this text before"
    with ThreadPoolExecutor(2) as visitors:
        held = visitors.submit(store.measurement, ("held",), hold)
        assert begun.wait(30)
        waiting = visitors.submit(store.measurement, ("waiting",), lambda _note: "waited")
        try:
            assert store.all_heads(model, text).size == 1
            assert len(store.stages(model, text, 1, 2).weights) == 1
            assert len(store.gradients(model, text, -1, 5)) == model.n_layer
            assert store.measurement(("light",), lambda _note: "light", heavy=False) == "light"
            assert not waiting.done()
        finally:
            go_on.set()
        assert [held.result(30), waiting.result(30)] == ["held", "waited"]


def test_reading_weights_is_heavy_and_waiting_for_the_network_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: dict[str, str] = {}

    def fetch(name: str, **_others: Any) -> str:
        threads["fetch"] = threading.current_thread().name
        return f"files of {name}"

    def load(name: str, *, fetched: str, **_others: Any) -> Model:
        threads["load"] = threading.current_thread().name
        assert fetched == f"files of {name}"
        return viz_core.models.load("tiny-gpt")

    monkeypatch.setattr(viz_core.models, "fetch", fetch)
    monkeypatch.setattr(viz_core, "load", load)
    store.shelves.clear()
    store.model("gpt2")
    store.shelves.clear()
    assert threads["fetch"].startswith("downloads")
    assert threads["load"].startswith("heavy")


def test_models_are_weighed_by_their_weights() -> None:
    model = store.model("tiny-gpt")
    shelf = store.shelves().models
    assert shelf.size >= 4 * model.card["parameters"]
    assert bytes_of(model.network) == sum(weight.nbytes for weight in set(model.transformer.parameters()))
