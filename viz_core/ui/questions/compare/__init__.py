"""Compare: A beside B and the difference between them."""

import streamlit as st

from viz_core.ui.scene import Scene


def main(_scene: Scene) -> list[str]:
    st.caption("Being built.")
    return []
