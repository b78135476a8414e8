"""The switch between languages."""

import streamlit as st

from viz_core.language import LANGUAGES, _, is_whole, spoken
from viz_core.ui import settings, state


def switch(key: str) -> None:
    settings.put(key, spoken())
    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=key,
        required=True,
        label_visibility="collapsed",
        on_change=lambda: state.show_setting("lang", st.session_state[key]),
    )
    if not is_whole(spoken()):
        st.caption(
            "The words of this language are damaged on this server; until it is installed again, they are English."
        )
