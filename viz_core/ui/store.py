"""What visitors share: one copy of each model's weights, and what was computed from a text, keyed by what it is of.

Nothing here knows who asked: everything depends on (model, revision, text) and on what was asked for, alone.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import plotly.graph_objects as go
import streamlit as st
from torch import Tensor

import viz_core
from viz_core import memory
from viz_core.analysis.links import Links, links_of
from viz_core.analysis.overview import Overview, Pool, overview, tile_side
from viz_core.analysis.walk import HeadWalk, head_walk
from viz_core.attention import Stages
from viz_core.edits import AS_IT_IS, Edits
from viz_core.language import _, spoken
from viz_core.models import (
    Model,
    SequenceToSequence,
    Translator,
    WeightsUnavailable,
    bundled,
    bundled_readers,
    is_here,
)
from viz_core.models.foreign import Foreign
from viz_core.models.room import cell_multiplications, multiplications
from viz_core.recording import Recording
from viz_core.recurrent import RecurrentRecording
from viz_core.ui import server
from viz_core.ui.shelf import Shelf, bytes_of, bytes_of_figure
from viz_core.ui.workshop import Lane, Note, Report, Workshop

if TYPE_CHECKING:
    from viz_core.models.hub import About, Snapshot

SHARES = {  # of what the server keeps
    "models": 0.5,
    "recordings": 0.25,
    "gradients": 0.06,
    "stages": 0.05,
    "walks": 0.04,
    "figures": 0.02,
    "overviews": 0.02,
    "findings": 0.015,
    "measurements": 0.015,
    "translations": 0.015,
    "links": 0.015,
}
HEAVY = 1e10  # multiplications, some 0.2 s: what takes more waits for its turn, and nothing else waits for it
BACK = 3  # passes that going through a model and back takes
T = TypeVar("T")
Reads = TypeVar("Reads", Model, Translator)


@dataclass(frozen=True)
class Shelves:
    heavy: Lane
    downloads: "Workshop[Snapshot | None]"
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

    def _giving(self) -> "tuple[Shelf[Any], ...]":
        """Those that let go where memory is short, first to last: what others are made of goes last."""
        return self.gradients, self.walks, self.stages, self.recordings, self.models

    @property
    def size(self) -> int:
        return sum(shelf.size for shelf in self._giving())

    def give(self, wanted: int) -> None:
        for shelf in self._giving():
            if wanted > 0:
                wanted -= shelf.give(wanted)


@st.cache_resource(show_spinner=False)
def shelves() -> Shelves:
    memory.keep_freed_memory()
    most = {name: int(share * server.current().memory) for name, share in SHARES.items()}
    made = Shelves(
        heavy=Lane("heavy", server.current().heavy),
        downloads=Workshop("downloads", workers=8),  # they wait for the network
        models=Shelf("models", most["models"], _bytes_of_model),
        abouts=Shelf("abouts", 100_000, bytes_of, workers=8),  # likewise
        courses=Shelf("courses", 100_000_000, _bytes_of_models),
        recordings=Shelf("recordings", most["recordings"], lambda recording: recording.nbytes),
        overviews=Shelf("overviews", most["overviews"], bytes_of),
        stages=Shelf("stages", most["stages"], bytes_of),
        links=Shelf("links", most["links"], bytes_of),
        gradients=Shelf("gradients", most["gradients"], bytes_of),
        figures=Shelf("figures", most["figures"], bytes_of_figure),
        walks=Shelf("walks", most["walks"], bytes_of),
        findings=Shelf("findings", most["findings"], bytes_of),
        measurements=Shelf("measurements", most["measurements"], bytes_of),
        companions=Shelf("companions", 100_000_000, _bytes_of_model),
        translators=Shelf("translators", 50_000_000, _bytes_of_model),
        translations=Shelf("translations", most["translations"], bytes_of),
    )
    memory.keeps(made)
    return made


def model(name: str, report: Report | None = None) -> Model:
    """The model of that name; `report` hears of (bytes, bytes in all, file). Raises what `viz_core.load` raises, and
    WeightsUnavailable for what the server does not let the visitor have."""
    key = name, permit = name.strip(), server.permit(name)
    kept = shelves().models.get(key)
    if kept is not None:
        return kept
    if permit.sources == ("bundled",):
        return shelves().models.take(key, lambda _note: _loaded(name, permit, None), report)
    # apart from reading it, which is heavy: whoever waits for the network must not hold up who would compute
    fetched = None
    if "hub" in permit.sources:  # a folder is read at once, and waits for nobody's download
        fetched = shelves().downloads.get(
            (
                spoken(),
                *key,
            ),  # as in `Shelf.take`; of two at the same file, huggingface_hub lets one wait
            lambda note: viz_core.models.fetch(name, progress=note, sources=permit.sources, largest=permit.largest),
            report,
        )
    return shelves().models.take(key, lambda _note: _loaded(name, permit, fetched), report, _heavily)


def companion(name: str) -> Model:
    """A bundled model that is shown beside the visitor's own, which must not lose its place for it."""
    return shelves().companions.take(name, lambda _note: _bundled(name))


def _bundled(name: str) -> Model:
    model = viz_core.load(name, sources=["bundled"])
    if not isinstance(model, Model):
        raise TypeError(f"{name} is a translator; expected a model that reads one text")
    return _taking(model)


def translator(name: str) -> Translator:
    """A bundled one."""
    return shelves().translators.take(name, lambda _note: _bundled_translator(name))


def _bundled_translator(name: str) -> Translator:
    model = viz_core.load(name, sources=["bundled"])
    if not isinstance(model, Translator):
        raise TypeError(f"{name} reads one text; expected a translator")
    return _taking(model)


def _taking(model: Reads) -> Reads:
    """The model, for texts no longer than the server takes: whatever a visitor types comes past its tokenizer."""
    if model.tokenizer is None:
        return model
    return replace(model, tokenizer=model.tokenizer.taking(server.current().longest_text))


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
    return tuple(found)


def about(name: str, report: Report | None = None) -> "About | None":
    """What downloading that model would mean; None where nothing need be downloaded. Raises WeightsUnavailable."""
    name, permit = name.strip(), server.permit(name)
    if shelves().models.get((name, permit)) is not None or is_here(name, permit.sources):
        return None
    found = shelves().abouts.take(
        (name, permit),
        lambda _note: (viz_core.about(name, sources=permit.sources, largest=permit.largest),),
        report,
    )
    return found[0]


def _loaded(name: str, permit: server.Permit, fetched: "Snapshot | None") -> Model:
    model = viz_core.load(name, sources=permit.sources, largest=permit.largest, fetched=fetched)
    if isinstance(model, SequenceToSequence):
        model = model.reader
    if isinstance(model, Model) and not model.own and len(set(model.heads)) > 1:
        message = _("The layers of {name} have {heads} heads; these pages draw as many in each. Python draws it too.")
        raise WeightsUnavailable(message.format(name=name, heads=", ".join(map(str, model.heads))))
    if isinstance(model, Translator):
        message = _("{name} reads one text and writes another. Choose a model that reads one: {names}.")
        raise WeightsUnavailable(message.format(name=name, names=", ".join(bundled_readers())))
    return _taking(model)


def _heavily() -> Lane:
    return shelves().heavy


def _lane(work: float) -> Lane | None:
    """Where what takes so many multiplications waits for its turn."""
    return shelves().heavy if work > HEAVY else None


def is_heavy(model: Model, n: int, times: float = 1) -> bool:
    """Whether to run it so many times over n tokens is heavy work."""
    return times * multiplications(model.network, n) > HEAVY


def is_heavy_to_derive(model: Model, n: int) -> bool:
    """Whether to derive the weights of all heads of a recording of n tokens is."""
    return cell_multiplications(model.network, n) > HEAVY


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
        lambda: _lane(multiplications(model.network, len(model.token_ids(text)))),
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
        lambda: _lane(cell_multiplications(model.network, len(recorded.token_ids))),
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
        lambda: _lane(BACK * multiplications(model.network, len(model.token_ids(text)))),
    )


def keeps_gradients(model: Model, n: int) -> bool:
    """Whether those of all layers, of n tokens, are kept; else only those of a layer that was asked for."""
    return 4 * sum(model.heads) * n * n <= shelves().gradients.most


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
        lambda: _lane(BACK * multiplications(model.network, len(model.token_ids(text)))),
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
    """The figure `make` draws, drawn once; `of` is all that it depends on, besides the language. Whoever takes it must
    not change it."""
    return shelves().figures.take((spoken(), *of), lambda _note: make())


def finding(of: tuple[Hashable, ...], find: Callable[[], T]) -> T:
    """Something small that `find` computes at once, computed once; `of` is all that it depends on, besides the
    language, and says what it is. What takes longer is a `measurement`: findings share two threads, and must not wait
    for it."""
    found: T = shelves().findings.take((spoken(), *of), lambda _note: find())
    return found


def measurement(
    of: tuple[Hashable, ...], measure: Callable[[Note], T], report: Report | None = None, *, heavy: bool = True
) -> T:
    """Likewise for what takes many runs of a model, and of numbers alone: where it holds words, `of` holds their
    language. `measure` is given a function note(done, total) to call as it goes, which is where it ends when nobody
    waits any more. heavy: whether it waits for its turn, among all that takes long."""
    measured: T = shelves().measurements.take(of, measure, report, lambda: shelves().heavy if heavy else None)
    return measured


def measured(of: tuple[Hashable, ...]) -> Any:
    """A measurement that was made before, or None."""
    return shelves().measurements.get(of)


def _bytes_of_model(model: Model | Translator) -> int:
    network = model.network
    return bytes_of(network.model if isinstance(network, Foreign) else network)


def _bytes_of_models(models: tuple[Model, ...]) -> int:
    return sum(map(_bytes_of_model, models))
