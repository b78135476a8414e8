"""Light or dark, as the browser shows the page now."""

import streamlit as st

from viz_core.figures.palette import ThemeName


def theme() -> ThemeName:
    return "dark" if st.context.theme.type == "dark" else "light"
