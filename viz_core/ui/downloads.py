"""Before a model is downloaded the visitor is told what that would be, and asked."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from viz_core import memory
from viz_core.language import _
from viz_core.ui import show, store, waiting
from viz_core.ui.workshop import Progress

MOST_AGREED = 20  # downloads of one visitor that are remembered


def wanted(name: str, place: DeltaGenerator, cancel: Callable[[], None], *, key: str = "download") -> bool:
    """Whether nothing need be downloaded, or the visitor knows what would be and wants it; else asks, in `place`.

    cancel  called when the visitor has enough of waiting for the Hub's answer

    Raises WeightsUnavailable for a model that cannot be had, or could not be shown.
    """
    agreed: list[str] = st.session_state.setdefault("downloads", [])
    if name in agreed:
        return True

    def agree(name: str) -> None:
        agreed[:] = [*agreed[1 - MOST_AGREED :], name]

    def asking(_progress: Progress) -> str:
        return _("Asking the Hugging Face Hub about {name} …").format(name=show.literal(name))

    with waiting.shown(place, f"{key}-about", asking, cancel) as report:
        found = store.about(name, report)
    if found is None:
        return True
    found = replace(found, free=memory.available())  # what was free when somebody asked first says little now
    words = _("**{name}** is {size} to download; licence: {licence}. It takes {memory} of memory; {free} are free.")
    told = words.format(
        name=show.literal(name),
        size=show.in_bytes(found.size),
        licence=show.literal(found.licence or _("not told")),
        memory=show.in_bytes(found.memory),
        free=show.in_bytes(found.free),
    )
    if not found.fits:
        place.error(told + " " + _("It does not fit. Choose a smaller model."), icon=":material/memory:")
        return False
    place.info(told, icon=":material/cloud_download:")
    place.button(_("Download it"), key=key, type="primary", on_click=lambda: agree(name))
    return False
