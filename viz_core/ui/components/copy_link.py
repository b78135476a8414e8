"""An address to copy, in a field for the hand and under a button, and its QR code, which fills the screen of a room."""

import streamlit as st

from viz_core.figures.qr import Code
from viz_core.language import _
from viz_core.ui.components.mounting import read

_component = st.components.v2.component(
    "copy_link", html=read("copy_link.html"), css=read("copy_link.css"), js=read("copy_link.js")
)


def copy_link(address: str, code: Code | None, *, key: str) -> None:
    """code: None where the address is too long for one."""
    words = {
        "field": _("Address of this page as it is now"),
        "copy": _("Copy link"),
        "copied": _("Copied."),
        "failed": _("This browser does not let it be copied: the address is marked, copy it by hand."),
        "enlarge": _("QR code of this address. Press to fill the screen."),
        "code": _("QR code of the address below it"),
        "close": _("Close"),
    }
    drawn = None if code is None else {"side": code.side, "path": code.path}
    _component(key=key, data={"address": address, "code": drawn, "words": words})
