"""Gradient × attention: how much a logit hangs on each weight, for small changes."""

import streamlit as st
from torch import Tensor

from viz_core.analysis.gradients import HeadTotals, head_totals
from viz_core.figures import limits_of
from viz_core.figures.labels import unspaced
from viz_core.language import _
from viz_core.ui import settings, show, store
from viz_core.ui.questions.beyond_weights import pictures
from viz_core.ui.questions.beyond_weights.asked import Asked, asked, subject
from viz_core.ui.questions.beyond_weights.measuring import measured, telling
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

AT_ONCE = 2e10  # multiplications, some 0.3 s


def gradients(scene: Scene) -> list[str]:
    pictures.definition(
        r"\alpha_{ij}\cdot\frac{\partial\,\mathrm{logit}_t}{\partial\,\alpha_{ij}}",
        _(
            "A weight matters to a prediction as far as the logit would move with it. The gradient says how fast, the "
            "weight says how much there is to lose: their product is, to first order, what the logit would **lose** if "
            "this one look were taken away, in logits. Orange holds the token up, blue holds it back."
        ),
        _(
            "Gradients as explanations: Simonyan et al. 2014, “Deep Inside Convolutional Networks”, section 3. Times "
            "the attention: Barkan et al. 2021, “Grad-SAM”; Chefer et al. 2021, “Generic Attention-model "
            "Explainability”, section 3. Both drop what is below 0; here it is drawn."
        ),
        _(
            "what happens when the weight is really gone: that is no small change, and the other weights of its row, "
            "with which it sums to 1, are held as they are."
        ),
    )
    ask = asked(scene)
    found = totals(scene, ask)
    if found is None:
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
        st.markdown(_said(scene, ask, found))
    with right:
        key = _map(scene, ask)
    return [key]


def totals(scene: Scene, ask: Asked) -> HeadTotals | None:
    """Of all heads; None where it takes long and nobody asked."""
    return measured(
        scene,
        "gradients",
        (ask.row, ask.token),
        lambda note: head_totals(scene.model.gradients(scene.text, ask.row, ask.token, progress=note)),
        says=_says(),
        at_once=at_once(scene, passes=3),
        offer=_("Go back through the model from this logit"),
    )


def _says() -> str:
    return _("Going through the model and back: layer {done} of {total}")


def at_once(scene: Scene, *, passes: float) -> bool:
    """Whether so many forward passes take no time to speak of."""
    parameters = scene.model.card.get("parameters")
    return parameters is not None and passes * int(parameters) * len(scene.tokens) <= AT_ONCE


def _map(scene: Scene, ask: Asked) -> str:
    layer, head = scene.choice.layer, scene.choice.head
    of = settings.one_of(
        "gradient_of",
        _("The map shows"),
        {"head": head_name(layer, head), "layer": _("all heads of L{layer}, added up").format(layer=layer)},
    )
    cells = _of_layer(scene, ask, layer)
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


def _of_layer(scene: Scene, ask: Asked, layer: int) -> Tensor:
    """[head, query, key]: of one layer alone, for those of all layers can be hundreds of megabytes."""
    key = ("gradients of a layer", *ask.identity(scene), layer)
    with telling("gradients of a layer", _says()) as report:
        return store.measurement(
            key,
            lambda note: scene.model.gradients(scene.text, ask.row, ask.token, progress=note)[layer].clone(),
            report,
        )


def _said(scene: Scene, ask: Asked, found: HeadTotals) -> str:
    """The head with most, the chosen one, and what is left of it with signs."""
    layer, head = scene.choice.layer, scene.choice.head
    largest = divmod(int(found.size.nan_to_num(-1).argmax()), found.size.shape[1])
    here, net = float(found.size[layer, head]), float(found.net[layer, head])
    said = [
        _("{subject}: most goes through {head} ({size} logits up and down).").format(
            subject=subject(scene, ask), head=head_name(*largest), size=number(float(found.size[largest]))
        )
    ]
    cell = _of_layer(scene, ask, layer)[head]
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
