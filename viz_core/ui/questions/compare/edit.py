"""B is the same model on the same text, run again with something changed."""

import math
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from viz_core import masks
from viz_core.edits import AS_IT_IS, Cells, Edits, Heads
from viz_core.language import _
from viz_core.ui import controls, settings, state, store, whatif
from viz_core.ui.choice import chosen_in
from viz_core.ui.questions.compare import heads, layout, nexts, ranking
from viz_core.ui.questions.compare.ranking import Ranking
from viz_core.ui.questions.compare.sides import Pair, first_side, with_head
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene
from viz_core.ui.show import number

TEMPERATURES = [0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0]
HALF = 0.5


def an_edit(scene: Scene) -> list[str]:
    edits, says, at, chooser = _asked(scene)
    place = st.container()
    first = first_side(scene, _("as it is"))
    changed = store.recording(scene.model, scene.text, edits=edits)
    second = replace(first, letter="B", says=says, recording=changed, edits=edits)
    values = ranking.changes(Pair.of(first, second), place)
    scene = heads.looked_at(scene, ranking.most_changed(values))
    looked = (scene.choice.layer, scene.choice.head)
    pair = Pair.of(with_head(first, looked), with_head(second, looked))
    with chooser, st.container(gap=None):
        st.caption(_("Shown in the maps:"))
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    unmoved = ranking.most_changed(values) is None
    none = _("The weights of no head change.") if unmoved else ""
    st.caption(" ".join(filter(None, (_said(pair, edits, at), _of_windows(scene, edits), none))))
    every = Ranking(
        values=values,
        chosen=looked,
        choose=layout.choose_head,
        title=_("Every head: how far the edit moves it"),
        subtitle=_("The distance of each head’s rows with the edit from those without. Click one for its maps."),
    )
    return layout.drawn(scene, pair, every, lambda seen: _next(seen, edits, says))


def _next(scene: Scene, edits: Edits, says: str) -> None:
    whatif.prediction(scene, edits, key=nexts.KEY, name=says)


def _asked(scene: Scene) -> tuple[Edits, str, Heads | None, DeltaGenerator]:
    """The edit, what it is called, the heads that it is made in, and where the head to look at is chosen."""
    kinds = _kinds(scene)
    choice, amount = st.columns([1.4, 1], gap="medium")
    with choice:
        kind = settings.one_of("edit", _("B: the same, but"), kinds)
    temperature = 1.0
    if kind == "temperature":
        with amount:
            temperature = settings.slider(
                "edit_temperature",
                _("Scores divided by a temperature"),
                TEMPERATURES,
                default=HALF,
                says=lambda value: f"T = {value:g}",
            )
    *places, chooser = st.columns([1.1, 0.6, 0.6, 1], gap="medium", vertical_alignment="bottom")
    scope, made_in = _made_in(scene, places, seen_later=kind == "off")
    words = {
        "scale": _("without √dₖ in {where}"),
        "temperature": _("T = {temperature} in {where}"),
        "mask": _("causal mask put on in {where}") if scene.model.both_sides else _("causal mask lifted in {where}"),
        "off": _("{where} switched off"),
    }
    says = words[kind].format(temperature=f"{temperature:g}", where=_where(scope, made_in))
    return _edits(scene, kind, temperature, made_in), says, made_in, chooser


def _kinds(scene: Scene) -> dict[str, str]:
    """What can be done to this model: a model that does not divide its scores has nothing to take away."""
    scales = {_scale(block.attention.scale) for block in scene.recording.blocks}
    kinds = {} if scales == {1.0} else {"scale": _("without √dₖ")}
    mask = _("causal mask put on") if scene.model.both_sides else _("causal mask lifted")
    return kinds | {"temperature": _("temperature"), "mask": mask, "off": _("switched off")}


def _scale(scale: object) -> float:
    return float(scale) if isinstance(scale, int | float) else math.nan


def _made_in(scene: Scene, places: Sequence[DeltaGenerator], *, seen_later: bool) -> tuple[str, Heads | None]:
    """The scope of the edit and its heads: chosen apart from the head that is looked at, else a click would move it.
    What shows in later layers alone starts in one that has a layer after it."""
    blocks = scene.recording.blocks
    scopes = {"head": _("one head"), "layer": _("a layer"), "all": _("all heads")}
    place, of_layer, of_head = places
    with place:
        scope = settings.one_of("edit_in", _("The edit is in"), scopes)
    if scope == "all":
        return scope, None
    start = chosen_in(state.View(), scene.model, scene.recording)
    with of_layer:
        options = {str(layer): str(layer) for layer in range(len(blocks))}
        first = min(start.layer, max(len(blocks) - 2, 0)) if seen_later else start.layer
        layer = int(settings.choice("edit_layer", _("edited layer"), options, default=str(first)))
    count = blocks[layer].attention.n_head
    if scope == "layer":
        return scope, frozenset((layer, head) for head in range(count))
    with of_head:
        options = {str(head): str(head) for head in range(count)}
        head = int(settings.choice("edit_head", _("edited head"), options, default=str(min(start.head, count - 1))))
    return scope, frozenset({(layer, head)})


def _where(scope: str, made_in: Heads | None) -> str:
    if made_in is None:
        return _("all heads")
    layer, head = min(made_in)
    return head_name(layer, head) if scope == "head" else f"L{layer}"


def _edits(scene: Scene, kind: str, temperature: float, made_in: Heads | None) -> Edits:
    if kind == "scale":
        return Edits(scale=1.0, at=made_in)
    if kind == "temperature":
        return Edits(temperature=temperature, at=made_in)
    if kind == "mask":
        one = torch.stack([allowed for _layer, allowed in _other_masks(scene, made_in)]).any(0)
        return Edits(allowed=Cells.of(one), at=made_in)
    every = [
        (layer, head) for layer, block in enumerate(scene.recording.blocks) for head in range(block.attention.n_head)
    ]
    return Edits(ablated=frozenset(every) if made_in is None else made_in)


def _other_masks(scene: Scene, made_in: Heads | None) -> list[tuple[int, Tensor]]:
    """For each mask of the edited heads: its layer, and what the heads may look at when the causal mask alone is lifted
    or put on, [query, key]. A window stays a window."""
    causal = masks.causal(len(scene.tokens))
    found = []
    for layer, block in enumerate(scene.recording.blocks):
        allowed = block.attention.allowed
        heads = [head for head in range(block.attention.n_head) if made_in is None or (layer, head) in made_in]
        own = [allowed[head] for head in heads] if allowed.dim() > 2 else [allowed] if heads else []
        found += [(layer, mask & causal if scene.model.both_sides else mask | ~causal) for mask in own]
    return found


def _of_windows(scene: Scene, edits: Edits) -> str:
    """One mask is put in place of all: where theirs differ, it lets some look further than the causal mask alone."""
    if edits.allowed is None:
        return ""
    put = edits.allowed.tensor
    wider = sorted({layer for layer, mask in _other_masks(scene, edits.at) if not mask.equal(put)})
    if not wider:
        return ""
    words = _(
        "The masks of these heads differ and one is put in place of all, so the window of {layers} is lifted as well; "
        "of one layer at a time it would stay."
    )
    return words.format(layers=", ".join(f"L{layer}" for layer in wider))


def _said(pair: Pair, edits: Edits, made_in: Heads | None) -> str:
    """What the edit can and cannot reach, for the head that is looked at."""
    looked = (pair.first.layer, pair.first.head)
    if edits == AS_IT_IS:
        return ""
    first = 0 if made_in is None else min(made_in)[0]
    here = made_in is None or looked in made_in
    name = pair.first.name
    if edits.ablated and here:
        said = _(
            "{name} is switched off: its context is 0. Its weights are still computed, and differ only by what it is "
            "handed."
        )
    elif made_in is None:
        said = _("All heads are edited, and each is handed what those before it then put out.")
    elif here:
        said = _("{name} is edited itself.")
    elif looked[0] <= first:
        said = _("{name} stands before the edit or beside it: nothing of it changes, its distance is exactly 0.")
    else:
        said = _("{name} stands after the edit: it changes by what it is handed.")
    told = said.format(name=name)
    if edits.scale is not None:
        record = pair.first.recording.blocks[looked[0]].attention.head(looked[1])
        told += " " + _("As it is, scores are divided by {divisor}.").format(divisor=number(record.divisor))
    return told
