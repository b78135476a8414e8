"""Beyond weights: what else can be read off a head, and what none of it says."""

import streamlit as st

from viz_core.ui.scene import Scene


def main(_scene: Scene) -> list[str]:
    st.caption("Being built.")
    return []
