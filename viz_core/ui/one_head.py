"""One head in a picture: its map, or lines from word to word."""

import plotly.graph_objects as go
import streamlit as st

from viz_core.attention import Stages
from viz_core.figures import attention_heatmap
from viz_core.figures.palette import ThemeName
from viz_core.language import _, spoken
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import settings, show, state, store, window
from viz_core.ui.choice import Choice
from viz_core.ui.components.attention_lines import attention_lines


def picture(model: Model, text: str, recording: Recording, *, choice: Choice, stages: Stages, theme: ThemeName) -> None:
    """Draw the one the visitor wants; the page's bridge links the map, "map"."""
    if state.setting("picture") == "lines":
        _heading()
        attention_lines(recording.tokens, store.links(model, text, choice.layer), layer=choice.layer, key="lines")
        return
    part = window.of(model.name, text, choice.size)

    def drawn() -> go.Figure:
        allowed = recording.blocks[choice.layer].attention.head(choice.head).allowed
        return attention_heatmap(
            stages.weights[0].numpy(),
            recording.tokens,
            title=choice.name + " · " + _("weights"),
            subtitle=_("row looks at column; each row sums to 1"),
            theme=theme,
            weights=True,
            allowed=allowed.expand(1, *choice.size)[0].numpy(),
            unit=_("weight"),
            also={_("score"): stages.scores[0].numpy(), _("scaled"): stages.scaled_scores[0].numpy()},
            window=part,
        )

    heatmap = store.figure(("map", *choice.identity(model, text), theme, part, spoken()), drawn)
    _heading()  # only now: what comes in one go is laid out in one go
    show.figure(heatmap, "map", _("Attention weights of one head: rows look at columns"))


def _heading() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown("**" + _("One head") + "**", width="stretch")
        words = {"map": _("Map"), "lines": _("Lines")}
        settings.one_of("picture", _("Picture of the head"), words, hidden=True)
