"""What a session forgets of widgets; in the running app: tests/pages/test_server.py."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner_utils.thread_safe_set import ThreadSafeSet
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX as PREFIX

from viz_core.ui import widgets

OF_PART = ["drawn", "gone", f"{PREFIX}_drawn__events", f"{PREFIX}_gone__events"]
ELSEWHERE = ["outside", f"{PREFIX}_outside__events"]


@pytest.mark.parametrize(
    ("fragments", "whole", "stays"),
    [
        (["part"], False, {"drawn", f"{PREFIX}_drawn__events", *ELSEWHERE}),
        (["part"], True, {*OF_PART, *ELSEWHERE}),
        (None, False, {*OF_PART, *ELSEWHERE}),
        (None, True, {"drawn", f"{PREFIX}_drawn__events"}),
    ],
    ids=["a part by itself", "the page, of a part", "a part within the page", "the page"],
)
def test_what_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, fragments: list[str] | None, whole: bool, stays: set[str]
) -> None:
    known = {name: SimpleNamespace(id=name, fragment_id="part") for name in OF_PART}
    known |= {name: SimpleNamespace(id=name, fragment_id=None) for name in ELSEWHERE}
    drawn: ThreadSafeSet[str] = ThreadSafeSet()
    drawn.check_and_add("drawn")
    state = SimpleNamespace(_new_widget_state=SimpleNamespace(widget_metadata=known))
    asked: list[bool] = []
    session = SimpleNamespace(_state=state, _lock=nullcontext(), _yield_callback=lambda: asked.append(True))
    context = SimpleNamespace(
        session_state=session, fragment_ids_this_run=fragments, shared=SimpleNamespace(widget_ids_this_run=drawn)
    )
    monkeypatch.setattr(widgets, "get_script_run_ctx", lambda: context)
    widgets.forget_others(whole=whole)
    assert set(known) == stays
    assert bool(asked) == (len(stays) < 6), "a run that is to end, ends before anything is forgotten"
