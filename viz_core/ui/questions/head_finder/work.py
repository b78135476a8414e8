"""What takes long on a large model: at once where it takes no time, else when the visitor asks, with a way out."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

from viz_core.ui import store, waiting
from viz_core.ui.workshop import Progress

ASKED = "asked of heads"
T = TypeVar("T")


@dataclass(frozen=True)
class Work(Generic[T]):
    """key     all that the result depends on
    measure   given a function note(done, total)
    quick     whether it may be done unasked
    ask       what stands on the button that asks for it
    says      how far it is
    """

    key: tuple[Hashable, ...]
    measure: Callable[[Callable[..., None]], T]
    quick: bool
    ask: str
    says: Callable[[Progress], str]


def result(work: Work[T]) -> T | None:
    """What was measured; None, and a button, where that takes long and nobody asked."""
    kept: T | None = store.measured(work.key)
    if kept is not None:
        return kept
    if work.quick:
        return store.measurement(work.key, work.measure)
    if st.session_state.get(ASKED) == work.key:
        st.rerun()  # the whole page: that run does it, and can be ended
    st.button(
        work.ask,
        key="ask-of-heads",
        icon=":material/timer:",
        type="primary",
        on_click=lambda: st.session_state.update({ASKED: work.key}),
    )
    return None


def do(work: Work[Any]) -> None:
    """In a run of the whole page: what was asked for, its progress shown, until it is done or somebody cancels."""
    if work.quick or st.session_state.get(ASKED) != work.key or store.measured(work.key) is not None:
        return
    with waiting.shown(st.empty(), "of-heads", work.says, lambda: st.session_state.pop(ASKED, None)) as report:
        store.measurement(work.key, work.measure, report)
