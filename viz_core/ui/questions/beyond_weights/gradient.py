"""Gradient × attention: how much a logit hangs on each weight, for small changes."""

from typing import Any

import streamlit as st
from torch import Tensor

from viz_core.analysis.gradients import HeadTotals, head_totals
from viz_core.figures import limits_of
from viz_core.figures.labels import unspaced
from viz_core.language import _
from viz_core.models import Model
from viz_core.models.room import gradient_bytes
from viz_core.ui import long_work, settings, show, store
from viz_core.ui.questions.beyond_weights import pictures
from viz_core.ui.questions.beyond_weights.asked import Asked, asked, identity, subject
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

AT_ONCE = 2e10  # multiplications, some 0.3 s
LIGHT = 200_000_000  # bytes that gradients take until the last is known


def gradients(scene: Scene) -> list[str]:
    st.markdown(_("How much does a prediction hang on each weight? Orange holds the token up, blue holds it back."))
    linked = _drawn(scene)
    pictures.definition(
        r"\alpha_{ij}\cdot\frac{\partial\,\mathrm{logit}_t}{\partial\,\alpha_{ij}}",
        _(
            "A weight matters to a prediction as far as the logit would move with it. The gradient says how fast, the "
            "weight says how much there is to lose: their product is, to first order, what the logit would **lose** if "
            "this one look were taken away, in logits."
        ),
        _(
            "Gradient × input, with the weight as the input: Shrikumar et al. 2017, “Learning Important Features "
            "Through Propagating Activation Differences”, section 2; the gradient alone as an explanation: Simonyan et "
            "al. 2014, “Deep Inside Convolutional Networks”, section 3. Of attention: Barkan et al. 2021, “Grad-SAM”; "
            "Chefer et al. 2021, “Generic Attention-model Explainability”, section 3. These two drop what is below 0; "
            "here it is drawn."
        ),
        _(
            "what happens when the weight is really gone: that is no small change, and the other weights of its row, "
            "with which it sums to 1, are held as they are."
        ),
    )
    return linked


def _drawn(scene: Scene) -> list[str]:
    ask = asked(scene)
    found = totals(scene, ask)
    cells = None if found is None else _of_layer(scene, ask, scene.choice.layer)
    if found is None or cells is None:
        return []
    left, right = st.columns([1, 1.1], gap="large")
    with left:
        pictures.grid(
            scene,
            found.size,
            title=_("Every head: Σ |α · gradient|"),
            unit=_("logits, up and down"),
            line=_("gradient × attention, added up by size: {} logits"),
            signed=False,
            key="gradient-grid",
        )
        st.markdown(_said(scene, ask, found, cells[scene.choice.head]))
    with right:
        key = _map(scene, ask, cells)
    return [key]


def totals(scene: Scene, ask: Asked) -> HeadTotals | None:
    """Of all heads; None where it takes long and nobody asked."""
    return long_work.measured(
        ("gradients", *ask.identity(scene)),
        lambda note: head_totals(
            store.gradients(*_which(scene, ask))
            if store.keeps_gradients(scene.model, len(scene.tokens))
            else scene.model.gradients(scene.text, ask.row, ask.token, progress=note)
        ),
        **_asking(scene),
    )


def _of_layer(scene: Scene, ask: Asked, layer: int) -> Tensor | None:
    """[head, query, key]; None as for all heads."""
    return long_work.found(
        ("gradients of a layer", *ask.identity(scene), layer),
        lambda: store.kept_gradients(*_which(scene, ask), layer),
        lambda report: store.gradients_of_layer(*_which(scene, ask), layer, report=report),
        **_asking(scene),
    )


def _which(scene: Scene, ask: Asked) -> tuple[Model, str, int, int]:
    return scene.model, scene.text, ask.row, ask.token


def _asking(scene: Scene) -> Any:
    light = gradient_bytes(scene.model.network, len(scene.tokens)) <= LIGHT
    return {
        "says": long_work.told(_("Going through the model and back: layer {done} of {total}")),
        "asked": ("gradients", *identity(scene)),
        "at_once": light and at_once(scene, passes=3),
        "offer": _("Go back through the model from this logit"),
    }


def at_once(scene: Scene, *, passes: float) -> bool:
    """Whether so many forward passes take no time to speak of."""
    parameters = scene.model.card.get("parameters")
    return parameters is not None and passes * int(parameters) * len(scene.tokens) <= AT_ONCE


def _map(scene: Scene, ask: Asked, cells: Tensor) -> str:
    """`cells` are the layer's, [head, query, key]."""
    layer, head = scene.choice.layer, scene.choice.head
    of = settings.one_of(
        "gradient_of",
        _("The map shows"),
        {"head": head_name(layer, head), "layer": _("all heads of L{layer}, added up").format(layer=layer)},
    )
    values = cells[head] if of == "head" else cells.sum(0)
    record = scene.recording.blocks[layer].attention
    allowed = record.head(head).allowed.expand(1, *scene.choice.size)[0]
    if of == "layer" and record.allowed.dim() == 3:
        allowed = record.allowed.any(0)
    name = head_name(layer, head) if of == "head" else _("L{layer}, all heads").format(layer=layer)
    weights = store.stages(scene.model, scene.text, layer, head).weights[0] if of == "head" else None
    return pictures.cells(
        scene,
        "gradient-map",
        values,
        _("{name} · gradient × attention").format(name=name),
        _("what the logit of “{token}” owes to row's look at column").format(token=unspaced(ask.label)),
        of=(ask.row, ask.token, layer, head, of),
        unit=_("logits"),
        allowed=allowed.numpy(),
        limit=max(limits_of(values.numpy()), 1e-9),
        also=None if weights is None else {_("weight"): weights.numpy()},
    )


def _said(scene: Scene, ask: Asked, found: HeadTotals, cell: Tensor) -> str:
    """The head with most, the chosen one, whose cells are `cell`, and what is left of it with signs."""
    layer, head = scene.choice.layer, scene.choice.head
    largest = divmod(int(found.size.nan_to_num(-1).argmax()), found.size.shape[1])
    here, net = float(found.size[layer, head]), float(found.net[layer, head])
    said = [
        _("{subject}: most goes through {head} ({size} logits up and down).").format(
            subject=subject(scene, ask), head=head_name(*largest), size=number(float(found.size[largest]))
        )
    ]
    if here:
        row, key = divmod(int(cell.abs().argmax()), cell.shape[1])
        said.append(
            _(
                "In {name} most hangs on {query} (token {row}) looking at {key} (token {column}): {value} logits; with "
                "their signs its cells add up to {net}."
            ).format(
                name=scene.choice.name,
                query=quoted(scene.tokens[row]),
                row=row,
                key=quoted(scene.tokens[key]),
                column=key,
                value=show.signed(float(cell[row, key])),
                net=show.signed(net),
            )
        )
        said.append(
            _(
                "By that sum, says a straight line through here, the logit would fall without the head, or rise where "
                "it is below 0; its size, of a loss and over many texts, is the head importance of Michel et al. 2019, "
                "section 4.1. “Every head off” measures what really happens."
            )
        )
    else:
        said.append(_("{name} has no way to this prediction: its cells are all 0.").format(name=scene.choice.name))
    if not scene.model.both_sides and ask.row < len(scene.tokens) - 1:
        said.append(_("Rows below token {row} come after it and play no part.").format(row=ask.row))
    return " ".join(said)
