"""What visitors share: one copy of each model's weights, and recordings keyed by what they are of.

Nothing here knows who asked: a recording depends on (model, revision, text) alone.
"""

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import streamlit as st

import viz_core
from viz_core.analysis.overview import Overview, overview, tile_side
from viz_core.language import _
from viz_core.memory import keep_freed_memory
from viz_core.models import SOURCES, Model, Translator, WeightsUnavailable, bundled_readers
from viz_core.recording import Recording

MOST_MODELS = 3
MOST_BYTES = 1_000_000_000  # of all recordings kept
MOST_OVERVIEWS = 64  # pictures of all heads, at most 200 kB each
LOCAL = {"localhost", "127.0.0.1", "::1"}


class ModelShelf:
    """The models last asked for. Loading runs in a worker thread, so that a page can show its progress."""

    def __init__(self) -> None:
        self._models: OrderedDict[str, Model] = OrderedDict()
        self._loading: dict[str, tuple[Future[Model], dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._workers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="model-loader")

    def get(self, name: str) -> Model | None:
        with self._lock:
            if name in self._models:
                self._models.move_to_end(name)
            return self._models.get(name)

    def load(self, name: str, report: Callable[[dict[str, Any]], None], every: float = 0.2) -> Model:
        """The model, loaded once however many ask at a time; `report` is called on the caller's thread while
        waiting, with the progress so far: {"done": bytes, "total": bytes, "file": name} or {}.

        Raises what `viz_core.load` raises.
        """
        ready = self.get(name)
        if ready is not None:
            return ready
        with self._lock:
            if name in self._models:  # it came while we waited for the lock
                return self._models[name]
            if name not in self._loading:
                progress: dict[str, Any] = {}
                self._loading[name] = (self._workers.submit(self._load, name, progress), progress)
            future, progress = self._loading[name]
        while True:
            try:
                return future.result(timeout=every)
            except TimeoutError:
                if future.done():  # the load itself timed out
                    raise
                report(dict(progress))

    def _load(self, name: str, progress: dict[str, Any]) -> Model:
        try:
            # visitors from elsewhere must not ask about this machine's disk
            local = st.get_option("server.address") in LOCAL
            sources = SOURCES if local else [source for source in SOURCES if source != "folder"]
            model = viz_core.load(name, progress=lambda *said: _note(progress, *said), sources=sources)
            if isinstance(model, Translator):
                message = _("{name} reads one text and writes another. Choose a model that reads one: {names}.")
                raise WeightsUnavailable(message.format(name=name, names=", ".join(bundled_readers())))
            with self._lock:
                self._models[name] = model
                while len(self._models) > MOST_MODELS:
                    self._models.popitem(last=False)
            # Streamlit collects garbage after every rerun; what is frozen is not walked again (5× faster reruns)
            gc.collect()
            gc.freeze()
            return model
        finally:
            with self._lock:
                del self._loading[name]


def _note(progress: dict[str, Any], done: int, total: int, file: str) -> None:
    progress.update(done=done, total=total, file=file)


class RecordingShelf:
    """The recordings last asked for, together at most `most_bytes`. A recording depends on nothing but its key."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._recordings: OrderedDict[tuple[str, str, str], Recording] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, model: Model, text: str) -> Recording:
        """Raises UnusableText."""
        key = (model.name, model.revision, text)
        with self._lock:
            if key in self._recordings:
                self._recordings.move_to_end(key)
                return self._recordings[key]
        # outside the lock: a long text must not hold up the others; an encoder predicts at every row
        recording = model.record(text, all_logits=model.both_sides)
        with self._lock:
            self._recordings[key] = recording
            while len(self._recordings) > 1 and self._bytes() > self._most_bytes:
                self._recordings.popitem(last=False)
        return recording

    def _bytes(self) -> int:
        return sum(recording.nbytes for recording in self._recordings.values())


@st.cache_resource(show_spinner=False)
def shelf() -> ModelShelf:
    keep_freed_memory()
    return ModelShelf()


@st.cache_resource(show_spinner=False)
def _recordings() -> RecordingShelf:
    return RecordingShelf(MOST_BYTES)


def recording(model: Model, text: str) -> Recording:
    """The recording of a text, made once for all who ask. Raises UnusableText."""
    return _recordings().get(model, text)


@st.cache_resource(show_spinner=False, max_entries=MOST_OVERVIEWS)
def _all_heads(name: str, revision: str, text: str, _recording: Recording, both_sides: bool) -> Overview:
    return overview(_recording, tile_side(_recording), both_sides=both_sides)


def all_heads(model: Model, text: str) -> Overview:
    """Every head on this text, small, and what it does there. Raises UnusableText."""
    return _all_heads(model.name, model.revision, text, recording(model, text), model.both_sides)
