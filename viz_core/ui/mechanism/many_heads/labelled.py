"""Head roles as a labelled map, beside the heads' own maps, so that every label can be checked at once."""

import numpy as np
import streamlit as st

from viz_core.analysis.heads import ROLES
from viz_core.language import _
from viz_core.ui import every_head, head_roles, reading, settings, store
from viz_core.ui.components.head_map import head_map
from viz_core.ui.mechanism.many_heads import heads
from viz_core.ui.mechanism.many_heads.off import by_role
from viz_core.ui.roles import LETTERS, NONE, Roles, head_name, names
from viz_core.ui.scene import Scene


def roles(scene: Scene) -> list[str]:
    both = heads.roles_of(scene)
    asked = "here"
    if both.stored:
        asked = settings.one_of(
            "labels",
            _("Labels say what a head does"),
            {"known": _("in general (measured when the model was made)"), "here": _("on this text")},
        )
    labelled = both if asked == "known" else Roles({}, both.here)
    weights = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head).weights
    left, right = st.columns([1, 1.1], gap="large")
    with right:
        linked = reading.weights_map(scene, "map")
        head_roles.what_it_does(
            scene.model, scene.text, scene.recording, choice=scene.choice, weights=weights[0], roles=both
        )
    with left:
        _map(scene, labelled)
        st.markdown(_legend(scene, labelled))
        every_head.picture(scene.model, scene.text, scene.choice)
    return linked


def _map(scene: Scene, labelled: Roles) -> None:
    st.markdown("**" + _("Every head by its role") + "**")
    marks, tables = labelled.marks(), labelled.stored or labelled.here
    values = np.full(marks.shape, np.nan, np.float32)
    for place, mark in np.ndenumerate(marks):
        if mark != NONE:
            values[place] = tables[ROLES[mark]][place]
    head_map(
        values,
        unit="",
        says=heads.says(scene, labelled, {_("share of its weight {}"): values}),
        marks=marks,
        letters=heads.letters(),
        tinted=True,
        key="role-map",
    )


def _legend(scene: Scene, labelled: Roles) -> str:
    """Which role has which heads, in words; then how many have none."""
    found = by_role(labelled)
    looks = names(scene.model.both_sides)
    lines = [
        f"- **{LETTERS[role]}** {looks[role]}: " + ", ".join(head_name(*place) for place in sorted(members))
        for role, members in found.items()
    ]
    without = heads.count(scene) - sum(map(len, found.values()))
    rest = _("Without a letter: {count} heads, of which no simple pattern gets enough weight to be called a role.")
    return "\n".join([*lines, f"- {rest.format(count=without)}"]) if without else "\n".join(lines)
