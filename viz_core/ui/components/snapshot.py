"""Buttons that make a picture of a figure of the page, in the browser: no server draws it."""

import streamlit as st

from viz_core.language import _
from viz_core.ui.components.mounting import read

_component = st.components.v2.component(
    "snapshot", html=read("snapshot.html"), css=read("snapshot.css"), js=read("snapshot.js")
)


def snapshot(*, of: str, name: str, background: str, key: str) -> None:
    """Buttons PNG and SVG for the figure in st.container(key=of), which is drawn as large as it is on the page, twice
    as fine, on `background`; the file is called `name`. Only reads the figure: nothing on the page changes."""
    words = {"label": _("Picture of the figure"), "failed": _("This browser could not draw it.")}
    _component(key=key, data={"of": of, "name": name, "background": background, "words": words})
