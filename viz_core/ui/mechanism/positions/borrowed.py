"""Another model on the visitor's sentence, where the loaded one has nothing of what a part shows."""

from dataclasses import replace

import streamlit as st

from viz_core.language import _
from viz_core.models import Model, UnusableText
from viz_core.models.model import MASK
from viz_core.ui import show, store
from viz_core.ui.choice import chosen_in
from viz_core.ui.scene import Scene
from viz_core.ui.state import View

KINDS = {  # how a model is told positions: the bundled one that is told them so
    "learned": "positions-learned",
    "sinusoidal": "positions-sinusoidal",
    "rotary": "positions-rotary",
    "alibi": "positions-alibi",
    "none": "positions-none",
}


def scene_with(scene: Scene, kind: str) -> Scene | None:
    """The scene itself where its model is of that kind, else the bundled model of that kind on the same text: which
    one is said. None, said too, where that model cannot take the text."""
    if scene.config.positions == kind:
        return scene
    model = store.companion(KINDS[kind])
    names = {"own": how_positions_enter(scene), "other": show.literal(model.name)}
    try:
        recording = store.recording(model, scene.text)
    except UnusableText as error:
        words = _("{own}, and {other} cannot be shown in its place: {reason}")
        st.info(words.format(reason=show.literal(str(error)), **names))
        return None
    st.info(
        _("{own}. Shown instead, on your sentence: **{other}**, which comes with the program.").format(**names),
        icon=":material/swap_horiz:",
    )
    if scene.model.mask_id in scene.recording.token_ids.tolist():
        st.caption(_("This model knows no {mask}: it reads its letters.").format(mask=f"`{MASK}`"))
    at = scene.choice
    view = View(layer=at.layer, head=at.head, query=at.query, key=at.key)
    choice = chosen_in(view, model, recording)
    return replace(scene, model=model, recording=recording, choice=choice, window=None)


def trained_length(model: Model) -> int | None:
    """Tokens of the texts that one of the five was trained on: half of its context, which is made for texts of twice
    that length. None of a model that was not measured so."""
    return model.context // 2 if "held_out_loss_doubled" in model.card.get("figures", {}) else None


def how_positions_enter(scene: Scene) -> str:
    """A sentence about the loaded model, without its full stop."""
    words = {
        "learned": _("**{model}** adds a learned vector for each position to the tokens"),
        "sinusoidal": _("**{model}** adds waves to the tokens, which nobody trained"),
        "rotary": _("**{model}** adds nothing to the tokens: it turns queries and keys (rotary positions)"),
        "alibi": _("**{model}** adds nothing to the tokens: its scores fall with the distance (ALiBi)"),
        "none": _("**{model}** is told nothing about positions"),
    }
    return words[scene.config.positions].format(model=show.literal(scene.model.name))
