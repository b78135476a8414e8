"""Work that takes long: at once where it takes no time, else when the visitor asks, with its progress and a way out.

It is done in a run of the whole page, before its parts are drawn: such a run ends as soon as the visitor does something
else, where a part of a page that runs again by itself would wait for it.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import streamlit as st

from viz_core.models import UnusableText
from viz_core.ui import state, store, waiting
from viz_core.ui.workshop import Note, Progress, Report

ASKED, NEXT, MADE = "long work asked for", "long work to be done", "long work that is kept nowhere else"
Key = tuple[Hashable, ...]  # what work is, and all that it depends on
Says = Callable[[Progress], str]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class _Work:
    key: Key
    of: tuple[str, str]  # the model and the text that were looked at
    kept: Callable[[], Any]
    make: Callable[[Report], Any]
    says: Says
    cancel: Callable[[], None]


def measured(key: Key, measure: Callable[[Note], T], *, at_once: bool, **how: Any) -> T | None:
    """As `found`, of a measurement of the store."""
    return found(
        key,
        lambda: store.measured(key),
        lambda report: store.measurement(key, measure, report, heavy=not at_once),
        at_once=at_once,
        **how,
    )


def found(
    key: Key,
    kept: Callable[[], T | None],
    make: Callable[[Report], T],
    *,
    says: Says,
    at_once: bool,
    offer: str = "",
    asked: Key = (),
    help: str | None = None,  # noqa: A002  Streamlit's
) -> T | None:
    """What is `kept`, or what `make` makes. None, with a button that says `offer`, where that takes long and nobody
    asked; and with the reason, where the text is too long for it.

    asked  what the button asks for: `key` unless said otherwise; of one kind (its first word) one thing at a time
    """
    place = st.container()  # in any case: what stands below must not move up when it is no longer needed
    known = kept()
    if known is None:
        known = st.session_state.get(MADE, {}).get(key)
    if known is not None:
        return known
    if at_once:
        try:
            with waiting.shown(place, str(key[0]), says) as report:
                return make(report)
        except UnusableText as reason:
            place.info(str(reason), icon=":material/info:")
            return None
    asked = asked or key
    kind = str(asked[0])
    wanted: dict[str, Key] = st.session_state.setdefault(ASKED, {})
    if wanted.get(kind) == asked:
        do_next(key, kept, make, says=says, cancel=lambda: _forget(kind))
    if offer:
        with place:
            ask(asked, offer, help=help)
    return None


def _forget(kind: str) -> None:
    st.session_state[ASKED].pop(kind, None)


def ask(asked: Key, words: str, help: str | None = None) -> None:  # noqa: A002  Streamlit's
    """A button that asks for it."""
    wanted: dict[str, Key] = st.session_state.setdefault(ASKED, {})
    st.button(
        words,
        key=f"ask-{asked[0]}",
        icon=":material/timer:",
        help=help,
        on_click=lambda: wanted.update({str(asked[0]): asked}),
    )


def do_next(
    key: Key, kept: Callable[[], Any], make: Callable[[Report], Any], *, says: Says, cancel: Callable[[], None]
) -> NoReturn:
    """Run the whole page again, and do it there; `cancel` must see to it that it is not asked for again."""
    view = state.current()
    st.session_state[NEXT] = _Work(key, (view.model, view.text), kept, make, says, cancel)
    st.rerun()


def do() -> None:
    """For a run of the whole page: what was asked for, its progress shown, until it is done or somebody cancels."""
    work: _Work | None = st.session_state.pop(NEXT, None)
    st.session_state.pop(MADE, None)
    place = st.container()  # as in `found`
    view = state.current()
    if work is None or work.of != (view.model, view.text):
        return
    try:
        with waiting.shown(place, str(work.key[0]), work.says, work.cancel) as report:
            made = work.make(report)
    except UnusableText as reason:
        work.cancel()
        place.info(str(reason), icon=":material/info:")
    else:
        if work.kept() is None:  # too large for its shelf: it is there for this page, as long as it is looked at
            st.session_state[MADE] = {work.key: made}


def told(words: str) -> Says:
    """`words` with {done} and {total} filled in."""
    return lambda progress: words.format(done=min(progress.done + 1, progress.total or 1), total=progress.total or "…")
