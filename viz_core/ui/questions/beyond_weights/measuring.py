"""Long measurements: at once where they take no time, else when the visitor asks, with their progress and a way out."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st

from viz_core.language import _
from viz_core.ui import state, store, waiting
from viz_core.ui.scene import Scene
from viz_core.ui.workshop import Progress, Report

PAGE = "pages/beyond_weights.py"
T = TypeVar("T")


def measured(
    scene: Scene,
    kind: str,
    of: tuple[Hashable, ...],
    measure: Callable[[store.Note], T],
    *,
    says: str,
    at_once: bool,
    offer: str,
) -> T | None:
    """What `measure` finds, or None, with a button that says `offer`, where that takes long and nobody asked.

    kind  what is measured, `of` which
    says  what is being done, with {done} and {total}
    """
    text = (scene.model.name, scene.model.revision, scene.text)
    key, wanted = (kind, *text, *of), f"measure {kind}"
    kept: T | None = store.measured(key)
    if kept is not None:
        return kept
    if not at_once and st.session_state.pop(wanted, None) != text:
        st.button(
            offer,
            key=f"measure-{kind}",
            icon=":material/timer:",
            on_click=lambda: st.session_state.update({wanted: text}),
        )
        return None
    with telling(kind, says, way_out=not at_once) as report:
        found = store.measurement(key, measure, report)
    if not at_once:
        st.session_state[wanted] = text  # asked once for this text: others of its rows and layers follow
    return found


@contextmanager
def telling(kind: str, says: str, *, way_out: bool = False) -> Iterator[Report]:
    """As `waiting.shown`, with a link as a way out: a part of a page that runs again waits for the run before, and only
    the whole page, which a link opens, ends it."""
    with waiting.shown(st.container(), kind, lambda progress: _said(says, progress)) as report:
        place, links = st.empty(), [_("Cancel")] if way_out else []

        def reported(progress: Progress) -> None:
            report(progress)
            if links:
                address = state.address_of(state.current())
                place.page_link(PAGE, label=links.pop(), icon=":material/close:", query_params=address)

        yield reported
        place.empty()


def _said(words: str, progress: Progress) -> str:
    return words.format(done=min(progress.done + 1, progress.total or 1), total=progress.total or "…")
