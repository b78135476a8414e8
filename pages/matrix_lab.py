"""The matrix lab: type, paste or draw at random your own Q, K and V, and follow every number."""

import streamlit as st

from viz_core.language import _
from viz_core.ui import frame, state


@frame.live
def lab(_view: state.View) -> None:
    st.markdown("")


frame.start(_("Matrix lab"))
lab()
