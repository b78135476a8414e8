"""What visitors share: one copy of each model's weights, and what was computed from a text, keyed by what it is of.

Nothing here knows who asked: everything depends on (model, revision, text) and on what was asked for, alone.
"""

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from torch import Tensor

import viz_core
from viz_core.analysis.links import Links, links_of
from viz_core.analysis.overview import Overview, Pool, overview, tile_side
from viz_core.analysis.walk import HeadWalk, head_walk
from viz_core.attention import Stages
from viz_core.edits import AS_IT_IS, Edits
from viz_core.language import _
from viz_core.memory import keep_freed_memory
from viz_core.models import (
    SOURCES,
    Model,
    SequenceToSequence,
    Translator,
    WeightsUnavailable,
    bundled,
    bundled_readers,
    is_here,
)
from viz_core.recording import Recording
from viz_core.recurrent import RecurrentRecording
from viz_core.ui.workshop import Report, Workshop

if TYPE_CHECKING:
    from viz_core.models.hub import About

GRADIENTS = 200_000_000  # bytes of gradients that are kept
LOCAL = {"localhost", "127.0.0.1", "::1"}
T = TypeVar("T")
Note = Callable[..., None]


class Shelf(Generic[T]):
    """What was last asked for, together at most `most` of what `size` measures; made once however many ask."""

    def __init__(self, name: str, most: int, size: Callable[[T], int] = lambda _kept: 1) -> None:
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._most, self._size = most, size
        self._lock = threading.Lock()
        self._workshop: Workshop[T] = Workshop(name)

    def get(self, key: Hashable) -> T | None:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def take(self, key: Hashable, make: Callable[[Note], T], report: Report | None = None) -> T:
        """`make` tells `report` how far it is. Raises what `make` raises."""
        kept = self.get(key)
        return self._workshop.get(key, lambda note: self._made(key, make, note), report) if kept is None else kept

    def _made(self, key: Hashable, make: Callable[[Note], T], note: Note) -> T:
        kept = self.get(key)  # it may have come between looking and asking
        if kept is not None:
            return kept
        made = make(note)
        with self._lock:
            self._kept[key] = (made, self._size(made))
            while len(self._kept) > 1 and sum(size for _made, size in self._kept.values()) > self._most:
                self._kept.popitem(last=False)
        return made


@dataclass(frozen=True)
class Shelves:
    models: Shelf[Model]
    abouts: "Shelf[tuple[About | None]]"
    courses: Shelf[tuple[Model, ...]]
    recordings: Shelf[Recording]
    overviews: Shelf[Overview]
    stages: Shelf[Stages]
    links: Shelf[Links]
    gradients: Shelf[tuple[Tensor, ...]]
    figures: Shelf[go.Figure]
    walks: Shelf[HeadWalk]
    findings: Shelf[Any]
    measurements: Shelf[Any]
    companions: Shelf[Model]
    translators: Shelf[Translator]
    translations: Shelf[Recording | RecurrentRecording]


@st.cache_resource(show_spinner=False)
def shelves() -> Shelves:
    keep_freed_memory()
    return Shelves(
        models=Shelf("models", 3),
        abouts=Shelf("abouts", 16),
        courses=Shelf("courses", 1),  # a dozen models of 2 MB
        recordings=Shelf("recordings", 1_000_000_000, lambda recording: recording.nbytes),
        overviews=Shelf("overviews", 64),  # at most 0.6 MB each
        stages=Shelf("stages", 150_000_000, lambda stages: sum(tensor.nbytes for tensor in stages)),
        links=Shelf("links", 32),  # at most 0.9 MB each
        gradients=Shelf("gradients", GRADIENTS, bytes_of),
        figures=Shelf("figures", 64),  # of maps, at most 0.6 MB each
        walks=Shelf("walks", 8),  # some 12 MB each at 1,024 tokens of GPT-2 small
        findings=Shelf("findings", 30_000_000, bytes_of),
        measurements=Shelf("measurements", 30_000_000, bytes_of),
        companions=Shelf("companions", 8),  # bundled, some 5 MB each
        translators=Shelf("translators", 3),  # likewise
        translations=Shelf("translations", 30_000_000, bytes_of),
    )


def model(name: str, report: Report | None = None) -> Model:
    """The model of that name; `report` hears of (bytes, bytes in all, file). Raises what `viz_core.load` raises."""
    return shelves().models.take(name, lambda note: _loaded(name, note), report)


def companion(name: str) -> Model:
    """A bundled model that is shown beside the visitor's own, which must not lose its place for it."""
    return shelves().companions.take(name, lambda _note: _bundled(name))


def _bundled(name: str) -> Model:
    model = viz_core.load(name, sources=["bundled"])
    if not isinstance(model, Model):
        raise TypeError(f"{name} is a translator; expected a model that reads one text")
    return model


def translator(name: str) -> Translator:
    """A bundled one."""
    return shelves().translators.take(name, lambda _note: _bundled_translator(name))


def _bundled_translator(name: str) -> Translator:
    model = viz_core.load(name, sources=["bundled"])
    if not isinstance(model, Translator):
        raise TypeError(f"{name} reads one text; expected a translator")
    return model


def translation(name: str, text: str) -> Recording | RecurrentRecording:
    """What a translator leaves behind to write `text` in its own words. Raises UnusableText."""
    return shelves().translations.take((name, text), lambda _note: translator(name).record(text))


def course(name: str, report: Report | None = None) -> tuple[Model, ...]:
    """A bundled model at every moment of its training that ships, the last one last; `report` hears of (done, all)."""
    return shelves().courses.take(name, lambda note: _course(name, note), report)


def _course(name: str, note: Note) -> tuple[Model, ...]:
    moments = [*(f"{name}@{step}" for step in bundled.steps(name)), name]
    found = []
    for done, moment in enumerate(moments):
        note(done, len(moments))
        found.append(_bundled(moment))
    _freeze()
    return tuple(found)


def about(name: str, report: Report | None = None) -> "About | None":
    """What downloading that model would mean; None where nothing need be downloaded. Raises WeightsUnavailable."""
    if shelves().models.get(name) is not None or is_here(name):
        return None
    return shelves().abouts.take(name, lambda _note: (viz_core.about(name),), report)[0]


def _freeze() -> None:
    """Streamlit collects garbage after every rerun; what is frozen is not walked again (5× faster reruns)."""
    gc.collect()
    gc.freeze()


def _loaded(name: str, note: Note) -> Model:
    # visitors from elsewhere must not ask about this machine's disk
    local = st.get_option("server.address") in LOCAL
    sources = SOURCES if local else [source for source in SOURCES if source != "folder"]
    model = viz_core.load(name, progress=note, sources=sources)
    if isinstance(model, SequenceToSequence):
        model = model.reader
    if isinstance(model, Model) and not model.own and len(set(model.heads)) > 1:
        message = _("The layers of {name} have {heads} heads; these pages draw as many in each. Python draws it too.")
        raise WeightsUnavailable(message.format(name=name, heads=", ".join(map(str, model.heads))))
    if isinstance(model, Translator):
        message = _("{name} reads one text and writes another. Choose a model that reads one: {names}.")
        raise WeightsUnavailable(message.format(name=name, names=", ".join(bundled_readers())))
    _freeze()
    return model


def recording(
    model: Model,
    text: str,
    report: Report | None = None,
    *,
    edits: Edits = AS_IT_IS,
    all_logits: bool = False,
) -> Recording:
    """The recording of a text, with `edits` made in it; `report` hears of (layers, layers in all). An encoder predicts
    at every row, a decoder at the last one, or, with `all_logits`, at every one too.

    Raises UnusableText.
    """
    every_row = all_logits or model.both_sides
    return shelves().recordings.take(
        (model.name, model.revision, text, edits, every_row),
        lambda note: model.record(text, edits, all_logits=every_row, progress=note),
        report,
    )


def all_heads(model: Model, text: str, pool: Pool = "max", report: Report | None = None) -> Overview:
    """Every head on this text, small, and what it does there; `report` hears of (layers, layers in all).

    Raises UnusableText.
    """
    recorded = recording(model, text)
    return shelves().overviews.take(
        (model.name, model.revision, text, pool),
        lambda note: overview(recorded, tile_side(recorded), both_sides=model.both_sides, pool=pool, progress=note),
        report,
    )


def stages(model: Model, text: str, layer: int, head: int, edits: Edits = AS_IT_IS) -> Stages:
    """Every stage of one head, each tensor [1, query, key] or [1, query, d_value]. Raises UnusableText."""
    attention = recording(model, text, edits=edits).blocks[layer].attention
    key = (model.name, model.revision, text, layer, head, edits)
    return shelves().stages.take(key, lambda _note: attention.head(head).stages())


def walk(model: Model, text: str, layer: int, head: int) -> HeadWalk:
    """One head's whole path. Raises UnusableText."""
    recorded = recording(model, text)
    key = (model.name, model.revision, text, layer, head)
    return shelves().walks.take(key, lambda _note: head_walk(model.transformer, recorded, layer, head))


def gradients(model: Model, text: str, row: int, token_id: int, report: Report | None = None) -> tuple[Tensor, ...]:
    """Gradient × attention of all layers and heads, [head, query, key] a layer: one backward pass for all of them;
    `report` hears of (layers, layers in all). Raises UnusableText."""
    return shelves().gradients.take(
        (model.name, model.revision, text, row, token_id),
        lambda note: tuple(model.gradients(text, row, token_id, note)),
        report,
    )


def keeps_gradients(model: Model, n: int) -> bool:
    """Whether those of all layers, of n tokens, are kept; else only those of a layer that was asked for."""
    return 4 * sum(model.heads) * n * n <= GRADIENTS


def kept_gradients(model: Model, text: str, row: int, token_id: int, layer: int) -> Tensor | None:
    """Those of one layer, [head, query, key], where they were computed before."""
    key = (model.name, model.revision, text, row, token_id)
    every, of_layer = shelves().gradients.get(key), shelves().gradients.get((*key, layer))
    return every[layer] if every is not None else of_layer[0] if of_layer is not None else None


def gradients_of_layer(
    model: Model, text: str, row: int, token_id: int, layer: int, *, report: Report | None = None
) -> Tensor:
    """Likewise, computed where they were not. Raises UnusableText."""
    if keeps_gradients(model, len(recording(model, text).token_ids)):
        return gradients(model, text, row, token_id, report)[layer]
    return shelves().gradients.take(
        (model.name, model.revision, text, row, token_id, layer),
        lambda note: (model.gradients(text, row, token_id, note)[layer].clone(),),
        report,
    )[0]


def links(model: Model, text: str, layer: int, head: int | None = None) -> Links:
    """Who looks at whom in one head, or in all heads of a layer. Raises UnusableText."""
    attention = recording(model, text).blocks[layer].attention
    key = (model.name, model.revision, text, layer, head)
    return shelves().links.take(
        key,
        lambda _note: links_of(attention.weights if head is None else stages(model, text, layer, head).weights),
    )


def figure(of: tuple[Hashable, ...], make: Callable[[], go.Figure]) -> go.Figure:
    """The figure `make` draws, drawn once; `of` is all that it depends on. Whoever takes it must not change it."""
    return shelves().figures.take(of, lambda _note: make())


def finding(of: tuple[Hashable, ...], find: Callable[[], T]) -> T:
    """Something small that `find` computes at once, computed once; `of` is all that it depends on, and says what it
    is. What takes longer is a `measurement`: findings share two threads, and must not wait for it."""
    found: T = shelves().findings.take(of, lambda _note: find())
    return found


def measurement(of: tuple[Hashable, ...], measure: Callable[[Note], T], report: Report | None = None) -> T:
    """Likewise for what takes many runs of a model; `measure` is given a function note(done, total) to call as it
    goes, which is where it ends when nobody waits any more."""
    measured: T = shelves().measurements.take(of, measure, report)
    return measured


def measured(of: tuple[Hashable, ...]) -> Any:
    """A measurement that was made before, or None."""
    return shelves().measurements.get(of)


def bytes_of(found: object) -> int:
    """The memory that something keeps alive, about: all of what a view looks into, and 100 bytes for what is small."""
    if isinstance(found, Tensor):
        return found.untyped_storage().nbytes()
    if isinstance(found, np.ndarray):
        return int(getattr(found.base, "nbytes", found.nbytes))
    inside: Iterable[object] = ()
    if isinstance(found, dict):
        inside = found.values()
    elif isinstance(found, list | tuple | set | frozenset):
        inside = found
    elif is_dataclass(found):
        inside = (getattr(found, field.name) for field in fields(found))
    return 100 + (len(found) if isinstance(found, str | bytes) else 0) + sum(map(bytes_of, inside))
