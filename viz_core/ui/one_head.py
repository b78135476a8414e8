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
    if _lines():
        _heading()
        attention_lines(recording.tokens, store.links(model, text, choice.layer), layer=choice.layer, key="lines")
        return []
    part = window.of(model.name, text, choice.size)
    scene = Scene(model=model, text=text, recording=recording, choice=choice, theme=theme, window=part)
    return reading.weights_map(scene, "map", scores=True, above=lambda: _heading(scene))


def badge(recording: Recording, *, choice: Choice, of: tuple[Hashable, ...]) -> None:
    """Of what the picture shows, where that is the weights themselves."""
    if _lines() or reading.now().plain:
        show.badge(recording.blocks[choice.layer].attention.head(choice.head), of)


def _lines() -> bool:
    return state.setting("picture") == "lines"


def _heading(scene: Scene | None = None) -> None:
    """With the control of what a map shows, where there is a map."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**" + _("One head") + "**", width="stretch")
        if scene is not None:
            reading.control(scene)
        words = {"map": _("Map"), "lines": _("Lines")}
        settings.one_of("picture", _("Picture of the head"), words, hidden=True)
