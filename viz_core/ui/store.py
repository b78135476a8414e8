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
from viz_core.analysis.overview import head_tiles, tile_side
from viz_core.analysis.walk import HeadWalk, head_walk
from viz_core.models import Model
from viz_core.recording import Recording

MOST_MODELS = 3
MOST_RECORDINGS = 12


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
            model = viz_core.load(
                name, progress=lambda done, total, file: progress.update(done=done, total=total, file=file)
            )
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


@st.cache_resource(show_spinner=False)
def shelf() -> ModelShelf:
    return ModelShelf()


@st.cache_resource(show_spinner=False, max_entries=MOST_RECORDINGS)
def _recording(name: str, revision: str, text: str, _model: Model) -> Recording:
    return _model.record(text)


def recording(model: Model, text: str) -> Recording:
    """The recording of a text, made once for all who ask. Raises UnusableText."""
    return _recording(model.name, model.revision, text, model)


@st.cache_resource(show_spinner=False, max_entries=MOST_RECORDINGS)
def _tiles(name: str, revision: str, text: str, _recording: Recording) -> tuple[Any, Any]:
    tiles, allowed = head_tiles(_recording, tile_side(_recording))
    return tiles.numpy(), allowed.numpy()


def tiles(model: Model, text: str) -> tuple[Any, Any]:
    """All heads, small: uint8 [layer, head, side, side] and which cells are allowed, bool [side, side]."""
    return _tiles(model.name, model.revision, text, recording(model, text))


@st.cache_resource(show_spinner=False, max_entries=4 * MOST_RECORDINGS)
def _walk(name: str, revision: str, text: str, layer: int, head: int, _model: Model) -> HeadWalk:
    return head_walk(_model.transformer, recording(_model, text), layer, head)


def walk(model: Model, text: str, layer: int, head: int) -> HeadWalk:
    """One head's whole chain on a text."""
    return _walk(model.name, model.revision, text, layer, head, model)
