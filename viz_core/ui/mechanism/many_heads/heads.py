"""What the parts of the page know of every head: its name and role, and what switching it off alone does."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from torch import Tensor

from viz_core.analysis.ablation import Effects, Removal, logits_without, removed_in_order
from viz_core.analysis.heads import ROLES
from viz_core.analysis.lens import logits_at
from viz_core.analysis.sweep import absences
from viz_core.edits import AS_IT_IS, Edits, Heads, Instead
from viz_core.language import _
from viz_core.ui import head_roles, long_work, settings
from viz_core.ui.components.head_map import head_map
from viz_core.ui.roles import LETTERS, NONE, Roles, head_name, names
from viz_core.ui.scene import Scene
from viz_core.ui.workshop import Progress

AT_ONCE = 2e10  # multiplications, some 0.3 s: more is measured only when the visitor asks
T = TypeVar("T")
Table = NDArray[np.float32]


def count(scene: Scene) -> int:
    return sum(scene.model.heads)


def roles_of(scene: Scene) -> Roles:
    return head_roles.roles_of(scene.model, scene.text)


def put_instead() -> Instead:
    """What stands in place of the context of a head that is off, as a row of buttons, and what that means."""
    choice, said = st.columns([1, 2.4], gap="medium", vertical_alignment="bottom")
    label = _("A head that is off puts out")
    with choice:
        asked = settings.one_of("instead", label, {"zero": _("0"), "mean": _("its mean on this text")})
    if asked == "mean":
        said.caption(
            _(
                "Off: at every token the head's context is its mean over this whole text, later tokens included (b_O "
                "stays), “mean ablation”: lost is only what it does otherwise for one token than for another. Wang et "
                "al. 2023 take the mean over many texts; that over one is rougher, and in a decoder it lets earlier "
                "tokens hear of later ones."
            )
        )
        return "mean"
    said.caption(
        _(
            "Off: the head's context is set to 0 (b_O stays), “zero ablation”, as in Michel et al. 2019. The model has "
            "never seen 0 there, and some of what changes may be due to that: compare with the mean."
        )
    )
    return "zero"


def edits(off: Heads, instead: Instead) -> Edits:
    return Edits(ablated=off, instead=instead) if off else AS_IT_IS


def effects(scene: Scene, row: int, instead: Instead = "zero") -> Effects | None:
    """Of switching each head off alone, on the prediction at `row`; None where that takes long and nobody asked."""
    row %= len(scene.tokens)
    return _measured(
        scene,
        ("each head off", row, instead),
        lambda note: _effects(scene, row, instead, note),
    )


def without(scene: Scene, row: int, instead: Instead) -> Callable[[int, int], Tensor]:
    """What runs the model with one head, (layer, head), switched off, and gives its logits [vocab] at `row`, from 0. A
    model that runs by its own code is run whole, ours from that head's layer on."""
    model, last = scene.model, row == len(scene.tokens) - 1 and not scene.model.both_sides

    def logits(layer: int, head: int) -> Tensor:
        if model.own:
            return logits_without(model.transformer, scene.recording, row, (layer, head), instead)
        made = Edits(ablated=frozenset({(layer, head)}), instead=instead)
        return model.record(scene.text, made, all_logits=not last).logits[-1 if last else row]

    return logits


def _effects(scene: Scene, row: int, instead: Instead, note: Callable[..., None]) -> Effects:
    """A head that a layer does not have, where layers differ, changes nothing."""
    model, logits = scene.model, scene.recording.logits
    before = (
        logits_at(model.transformer, scene.recording, row) if model.own else logits[-1 if len(logits) == 1 else row]
    )
    found = absences(without(scene, row, instead), before, model.heads, [int(before.argmax())], note)
    return Effects(found.divergence.nan_to_num(0.0), found.logit[..., 0].nan_to_num(0.0))


def removal(scene: Scene, row: int, instead: Instead, *, strongest_first: bool) -> Removal | None:
    """Of all heads switched off one after the other, by what each does alone; None as for `effects`."""
    row %= len(scene.tokens)
    found = effects(scene, row, instead)
    if found is None:
        return None
    order = found.order()[::-1] if strongest_first else found.order()
    return _measured(
        scene,
        ("in order", row, instead, strongest_first),
        lambda note: removed_in_order(scene.model.transformer, scene.recording, row, order, note, instead=instead),
    )


def _measured(scene: Scene, what: tuple[Hashable, ...], measure: Callable[[Callable[..., None]], T]) -> T | None:
    """Runs of the model for every head; None where they take long and nobody asked (`measure_button`)."""
    of = (scene.model.name, scene.model.revision, scene.text)
    at_once = _runs(scene) <= AT_ONCE
    return long_work.measured((*what, *of), measure, says=_measuring, at_once=at_once, asked=_asked(scene))


def _asked(scene: Scene) -> tuple[Hashable, ...]:
    return "every head off", scene.model.name, scene.model.revision, scene.text


def measure_button(scene: Scene) -> None:
    """For a model whose heads are not measured unasked."""
    long_work.ask(
        _asked(scene),
        _("Measure all {count} heads, each switched off alone").format(count=count(scene)),
        help=_("The model is run once for each head: for a large model this takes a while."),
    )


def _runs(scene: Scene) -> float:
    """Multiplications that measuring every head takes, about: from its layer on, so half of the model a head."""
    model = scene.model
    if not model.own:
        return float(count(scene) * model.card["parameters"] * len(scene.tokens))
    blocks = sum(weight.numel() for weight in model.transformer.blocks.parameters())
    return 0.5 * count(scene) * blocks * len(scene.tokens)


def _measuring(progress: Progress) -> str:
    words = _("Switching off one head at a time: {done} of {total}")
    if not progress.total:
        return _("Switching off one head at a time …")
    return words.format(done=progress.done + 1, total=progress.total)


def says(scene: Scene, roles: Roles, lines: dict[str, Table]) -> list[str]:
    """For every head its name, what it looks at, and a line for each table whose number is known."""
    marks, words = roles.marks(), names(scene.model.both_sides)
    told = []
    for (layer, head), mark in np.ndenumerate(marks):
        looks = [] if mark == NONE else [_("looks at {what}").format(what=words[ROLES[mark]])]
        known = {line: table[layer, head] for line, table in lines.items() if not np.isnan(table[layer, head])}
        numbers = [line.format(f"{number:.3g}".replace("-", "−")) for line, number in known.items()]
        told.append("\n".join([" · ".join([head_name(layer, head), *looks]), *numbers]))
    return told


def chooser(scene: Scene, values: Table, *, unit: str, line: str, signed: bool, key: str) -> None:
    """A map of all heads where a click chooses one; `line` says a value, e.g. "length {}"."""
    roles = roles_of(scene)
    head_map(
        values,
        unit=unit,
        says=says(scene, roles, {line: values}),
        marks=roles.marks(),
        letters=letters(),
        signed=signed,
        key=key,
    )


def letters() -> Sequence[str]:
    return [LETTERS[role] for role in ROLES]
