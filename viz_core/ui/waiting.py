"""Long work shows itself, where its result will be: how far it is, and a way out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from viz_core.language import _
from viz_core.ui.workshop import Progress, Report


def place_in_line(progress: Progress) -> str:
    """What is said while other work comes first; "" once it has begun."""
    return _("Waiting: {count} before you").format(count=progress.ahead) if progress.ahead else ""


def aside() -> Report | None:
    """For work that has no place of its own on the page: says where it stands in line, beside the page."""
    if not st.runtime.exists():
        return None
    held: list[DeltaGenerator] = []

    def report(progress: Progress) -> None:
        if words := place_in_line(progress):
            held[:] = [(held[0] if held else st).toast(words)]
        else:
            st.session_state.get("view")  # where Streamlit ends a run that nobody looks at any more

    return report


@contextmanager
def shown(
    place: DeltaGenerator, key: str, says: Callable[[Progress], str], cancel: Callable[[], None] | None = None
) -> Iterator[Report]:
    """What to give to long work as `report`: a bar appears in `place` when it is first called, so never for work
    that is soon done, and goes with the work. `cancel` is called when the visitor has enough, before the page runs
    again; that the whole page runs again, whatever made it, is what ends the waiting, and with it the work (a fragment
    that runs again waits for the one before).
    """
    held = place.empty()
    bar: list[DeltaGenerator] = []

    def report(progress: Progress) -> None:
        words = place_in_line(progress) or says(progress)
        if not bar:
            with held.container(horizontal=True, vertical_alignment="center"):
                bar.append(st.progress(0.0, words))
                if cancel is not None:
                    st.button(_("Cancel"), key=f"cancel-{key}", icon=":material/close:", on_click=cancel)
        share = progress.done / progress.total if progress.total else 0.0
        bar[0].progress(min(share, 1.0), words)

    try:
        yield report
    finally:
        held.empty()
