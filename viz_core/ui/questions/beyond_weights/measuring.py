"""Long measurements: at once where they take no time, else when the visitor asks, with their progress and a way out."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st

from viz_core.language import _
from viz_core.models import UnusableText
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
    """What `measure` finds, or None, as `wanted`, of a measurement; `of` says which one of its kind."""
    key = (kind, scene.model.name, scene.model.revision, scene.text, *of)
    return wanted(
        scene,
        kind,
        lambda: store.measured(key),
        lambda report: store.measurement(key, measure, report),
        says=says,
        at_once=at_once,
        offer=offer,
    )


def wanted(
    scene: Scene,
    kind: str,
    kept: Callable[[], T | None],
    make: Callable[[Report], T],
    *,
    says: str,
    at_once: bool,
    offer: str,
) -> T | None:
    """What was `kept`, or what `make` finds; or None, with a button that says `offer`, where that takes long and nobody
    asked, or with the reason, where the text is too long for it.

    kind  what is found: asked for once, it is found for all of this text
    says  what is being done, with {done} and {total}
    """
    text, asked = (scene.model.name, scene.model.revision, scene.text), f"measure {kind}"
    found = kept()
    if found is not None:
        return found
    if not at_once and st.session_state.pop(asked, None) != text:
        st.button(
            offer,
            key=f"measure-{kind}",
            icon=":material/timer:",
            on_click=lambda: st.session_state.update({asked: text}),
        )
        return None
    try:
        with telling(kind, says, way_out=not at_once) as report:
            found = make(report)
    except UnusableText as reason:
        st.info(str(reason), icon=":material/info:")
        return None
    if not at_once:
        st.session_state[asked] = text  # asked once for this text: others of its rows and layers follow
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

        try:
            yield reported
        finally:
            place.empty()


def _said(words: str, progress: Progress) -> str:
    return words.format(done=min(progress.done + 1, progress.total or 1), total=progress.total or "…")
