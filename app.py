"""Explore, the landing page: type a sentence, see every head, choose one, see what comes next."""

import streamlit as st

from viz_core.language import _
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import controls, every_head, frame, head_roles, one_head, predictions, state, store, themes, window
from viz_core.ui.choice import chosen_in
from viz_core.ui.components.bridge import bridge
from viz_core.ui.components.token_strip import token_strip


@frame.live
def explore(view: state.View, model: Model, text: str, recording: Recording) -> None:
    choice = chosen_in(view, model, recording)
    stages = store.stages(model, text, choice.layer, choice.head)
    theme = themes.theme()

    with right:  # first: it is what a click on a head waits for
        linked = one_head.picture(model, text, recording, choice=choice, theme=theme)
    with sentence:
        token_strip(recording.tokens, store.links(model, text, choice.layer, choice.head), key="strip")
    with left:
        roles = every_head.picture(model, text, choice)
        if model.both_sides:
            predictions.hidden_token(model, text, recording, choice, theme)
    with right:
        head_roles.what_it_does(model, text, recording, choice=choice, weights=stages.weights[0], roles=roles)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "pages/inside_one_head.py",
                label=_("Walk through this head's computation"),
                icon=":material/arrow_forward:",
                query_params=state.address_of(view),
            )
            head_roles.scores(choice, roles, model.both_sides, theme)
        one_head.badge(recording, choice=choice, of=choice.identity(model, text))
    bridge(
        linked,
        of=f"{model.name} {text}",
        chosen=choice.chosen,
        limits=choice.limits(recording),
        window=window.of(model.name, text, choice.size),
        role=head_roles.picked(),
        on_choose=state.show,
        on_window=lambda part: window.keep(model.name, text, part),
    )


with frame.page("explore") as seen:
    model, text, recording = controls.model_and_recording(seen, examples=True)
    sentence = st.container()
    left, right = st.columns([1, 1.15], gap="medium")
    every_head.prepare(model, text, left)
    explore(model, text, recording)
    if not model.both_sides:
        with left:
            predictions.next_token(model, text, recording, themes.theme())
