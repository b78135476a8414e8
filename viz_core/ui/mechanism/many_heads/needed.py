"""How many heads a prediction needs: switched off one after the other, and left off."""

import numpy as np
import streamlit as st

from viz_core.analysis.ablation import Effects, Removal
from viz_core.edits import AS_IT_IS
from viz_core.figures import Curve, curves, palette
from viz_core.language import _
from viz_core.ui import settings, show, whatif
from viz_core.ui.components.head_map import head_map
from viz_core.ui.mechanism.many_heads import heads
from viz_core.ui.scene import Scene
from viz_core.ui.show import quoted


def needed(scene: Scene) -> list[str]:
    row, instead = whatif.row_of(scene), heads.put_instead()
    effects = heads.effects(scene, row, instead)
    weakest, strongest = (heads.removal(scene, row, instead, strongest_first=first) for first in (False, True))
    if effects is None or weakest is None or strongest is None:
        st.markdown(
            _(
                "All heads are switched off one after the other, in the order of what each does alone, and left off. "
                "This model is large, so that is done when you ask."
            )
        )
        whatif.prediction(scene, AS_IT_IS, key="change", name="")
        heads.measure_button(scene)
        return []
    count, first = _asked(scene, weakest)
    order = effects.order() if first == "weakest" else effects.order()[::-1]
    off = frozenset(order[:count])
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        _curves(scene, weakest, strongest, count)
        st.markdown(_said(scene, weakest, strongest))
    with right:
        edits = heads.edits(off, instead)
        whatif.prediction(scene, edits, key="change", name=_("{count} heads off").format(count=count))
        _grid(scene, effects, off)
    st.caption(
        _(
            "The order is that of each head's effect alone, measured once. What a head does changes as others go, so "
            "another order may keep the prediction longer. Other sentences need other heads (Michel et al. 2019 found "
            "the same of whole tasks: many heads can go, some cannot)."
        )
    )
    return []


def _asked(scene: Scene, weakest: Removal) -> tuple[int, str]:
    order, number = st.columns([1, 1.6], gap="medium")
    with order:
        first = settings.one_of(
            "first_off",
            _("Switch off first"),
            {"weakest": _("the least important"), "strongest": _("the most important")},
        )
    with number:
        counts = list(range(heads.count(scene) + 1))
        count = settings.slider(
            "heads_off", _("Heads off"), counts, default=weakest.halved(), says=lambda n: f"{n:.0f}"
        )
    return int(count), first


def _curves(scene: Scene, weakest: Removal, strongest: Removal, count: int) -> None:
    place = np.arange(len(weakest.probability))
    drawn = curves(
        [
            Curve(_("the least important first"), place, weakest.probability.numpy(), ink=palette.KEY),
            Curve(_("the most important first"), place, strongest.probability.numpy(), ink=palette.QUERY),
        ],
        title=_("What is left of the prediction"),
        subtitle=_("probability of the token that is likeliest with all heads on"),
        x_title=_("heads off; line: chosen above"),
        y_title=_("probability"),
        theme=scene.theme,
        zero=True,
        mark=count,
    )
    show.figure(drawn, "removal", _("Probability of the likeliest token as heads are switched off one by one"))


def _said(scene: Scene, weakest: Removal, strongest: Removal) -> str:
    count, kept = heads.count(scene), weakest.kept()
    token = quoted(scene.model.labels([int(scene.recording.logits[whatif.row_of(scene)].argmax())])[0])
    said = _(
        "{token} keeps at least half of its probability while the **{half} of {count}** least important heads are "
        "switched off, and stays likeliest up to {kept}."
    ).format(token=token, half=weakest.halved(), kept=kept, count=count)
    if strongest.kept() == count:
        return said
    other = (
        _("With the most important first, it is another token once {first} of them are off.")
        if strongest.kept()
        else _("With the most important first, it is another token as soon as one is off.")
    )
    return said + " " + other.format(first=strongest.kept() + 1)


def _grid(scene: Scene, effects: Effects, off: frozenset[tuple[int, int]]) -> None:
    roles = heads.roles_of(scene)
    values = effects.divergence.numpy()
    head_map(
        values,
        unit=_("KL in nats, this head alone off"),
        says=heads.says(scene, roles, {_("off alone: KL {} nats"): values}),
        marks=roles.marks(),
        letters=heads.letters(),
        off=off,
        key="needed-map",
    )
