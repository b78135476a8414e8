"""Long measurements: at once where they take no time, else when the visitor asks, with their progress and a way out."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st

from viz_core.models import Model, UnusableText
from viz_core.recording import Recording
from viz_core.ui import store, waiting
from viz_core.ui.scene import Scene
from viz_core.ui.workshop import Progress, Report

WORK = "asked of this page"
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
    if not at_once:
        if st.session_state.get(asked) == text:
            st.session_state[WORK] = text, asked, make, says
            st.rerun()  # the whole page: that run does it, and can be ended
        st.button(
            offer,
            key=f"measure-{kind}",
            icon=":material/timer:",
            on_click=lambda: st.session_state.update({asked: text}),
        )
        return None
    try:
        with telling(kind, says) as report:
            return make(report)
    except UnusableText as reason:
        st.info(str(reason), icon=":material/info:")
        return None


def prepare(model: Model, text: str, _recording: Recording) -> None:
    """In a run of the whole page: what was asked for, its progress shown, until it is done or somebody cancels (a part
    of a page that runs again would wait for the run before)."""
    of, asked, make, says = st.session_state.pop(WORK, (None, "", None, ""))
    if of != (model.name, model.revision, text):
        return
    place = st.container()
    try:
        with waiting.shown(
            place, asked, lambda progress: _said(says, progress), lambda: st.session_state.pop(asked, None)
        ) as report:
            make(report)
    except UnusableText as reason:
        st.session_state.pop(asked)
        place.info(str(reason), icon=":material/info:")


@contextmanager
def telling(kind: str, says: str) -> Iterator[Report]:
    """As `waiting.shown`, where the result will be."""
    with waiting.shown(st.container(), kind, lambda progress: _said(says, progress)) as report:
        yield report


def _said(words: str, progress: Progress) -> str:
    return words.format(done=min(progress.done + 1, progress.total or 1), total=progress.total or "…")
