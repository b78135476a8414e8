"""Head finder: what every head does on this text, in one table and one map."""

import streamlit as st

from viz_core.ui.scene import Scene


def main(_scene: Scene) -> list[str]:
    st.caption("Being built.")
    return []
