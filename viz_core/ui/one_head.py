"""One head in a picture: its map, or lines from word to word."""

from collections.abc import Hashable

import streamlit as st

from viz_core.figures.palette import ThemeName
from viz_core.language import _
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import reading, settings, show, state, store, window
from viz_core.ui.choice import Choice
from viz_core.ui.components.attention_lines import attention_lines
from viz_core.ui.scene import Scene


def picture(model: Model, text: str, recording: Recording, *, choice: Choice, theme: ThemeName) -> list[str]:
    """Draw the one the visitor wants; returns the maps that the page's bridge links."""
    part = window.of(model.name, text, choice.size)
    scene = Scene(model=model, text=text, recording=recording, choice=choice, theme=theme, window=part)
    plain = reading.now(predicts=model.predicts).plain
    if _lines():
        _heading(scene)
        if not plain:
            st.caption(_("Lines, the sentence and the squares show the weights as they are, whatever a map shows."))
        attention_lines(recording.tokens, store.links(model, text, choice.layer), layer=choice.layer, key="lines")
        return []
    linked = reading.weights_map(scene, "map", scores=True, above=lambda: _heading(scene))
    if not plain:
        st.caption(_("The sentence and the squares show the weights as they are."))
    return linked


def badge(recording: Recording, *, choice: Choice, of: tuple[Hashable, ...]) -> None:
    """Of what the picture shows, where that is the weights themselves."""
    if _lines() or reading.now(predicts=len(recording.logits) > 0).plain:
        show.badge(recording.blocks[choice.layer].attention.head(choice.head), of)


def _lines() -> bool:
    return state.setting("picture") == "lines"


def _heading(scene: Scene) -> None:
    """With the control of what a map shows."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**" + _("One head") + "**", width="stretch")
        reading.control(scene, of_map=not _lines())
        words = {"map": _("Map"), "lines": _("Lines")}
        settings.one_of("picture", _("Picture of the head"), words, hidden=True)
