"""What a widget makes of a word from before: the browser sends it with any click while the page with new ones is on its
way."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import plotly.graph_objects as go
import pytest
import streamlit as st
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest

from viz_core.ui import show

FEW = ["Once", "upon", "a"]


def _page() -> None:
    import streamlit as st  # noqa: PLC0415  AppTest runs this as a script

    from viz_core.ui import settings  # noqa: PLC0415

    words = st.session_state.get("words", ["The", "little", "dog", "ran"])
    names = [f"{number} {word}" for number, word in enumerate(words)]
    named = {str(number): name for number, name in enumerate(names)}
    st.write("several", settings.several("everyone", "several", names, default=[0], most=3))
    st.write("choice", settings.choice("hidden", "choice", named, default="1"))
    st.write("one", settings.one_of("instead", "one", named, default="1"))
    st.write("slider", settings.slider("at", "slider", range(len(words)), default=1, says=names.__getitem__))
    st.button("another")


def _shown(app: AppTest) -> list[str]:
    return [markdown.value for markdown in app.markdown]


def _with_words_of(before: WidgetStates, app: AppTest) -> WidgetStates:
    """A click on the button, sent by a browser that still has the widgets of before."""
    app.button[0].click()
    sent = app._tree.get_widget_states()
    old = {widget.id: widget for widget in before.widgets}
    for widget in sent.widgets:
        if widget.id in old and widget.WhichOneof("value") != "trigger_value":
            widget.CopyFrom(old[widget.id])
    return sent


@pytest.mark.parametrize("chosen", [2, 0])
def test_words_of_before_change_nothing(chosen: int) -> None:
    app = AppTest.from_function(_page).run()
    app.multiselect[0].set_value([0, chosen] if chosen else [1]).run()
    app.selectbox[0].set_value(str(chosen)).run()
    app.segmented_control[0].set_value(str(chosen)).run()
    app.select_slider[0].set_value(chosen).run()
    seen, before = _shown(app), app._tree.get_widget_states()
    app.session_state["words"] = FEW
    app.run()
    assert _shown(app) == seen
    app._run(_with_words_of(before, app))
    assert not app.exception
    assert _shown(app) == seen
    assert app.session_state["setting-everyone"] == ([0, chosen] if chosen else [1])
    assert app.session_state["setting-hidden"] == str(chosen)
    assert app.session_state["setting-at"] == chosen


def test_a_value_that_is_called_otherwise_is_told_to_the_browser() -> None:
    app = AppTest.from_function(_page).run()
    app.session_state["words"] = FEW
    app.run()
    assert app.multiselect[0].proto.set_value
    assert list(app.multiselect[0].proto.raw_values) == ["0 Once"]
    assert (app.selectbox[0].proto.set_value, app.selectbox[0].proto.raw_value) == (True, "1 upon")
    assert (app.select_slider[0].proto.set_value, app.select_slider[0].proto.raw_value) == (True, ["1 upon"])


def _page_to_type() -> None:
    import streamlit as st  # noqa: PLC0415  AppTest runs this as a script

    from viz_core.ui import settings  # noqa: PLC0415

    words = st.session_state.get("words", ["The", "little", "dog", "ran"])
    st.write(settings.choice("by", "by", {f" {word}": word for word in words}, others=True))
    st.button("another")


def test_a_word_of_before_is_not_taken_for_a_typed_one() -> None:
    app = AppTest.from_function(_page_to_type).run()
    before = app._tree.get_widget_states()
    app.session_state["words"] = FEW
    app.run()
    app._run(_with_words_of(before, app))
    assert _shown(app) == ["Once"]
    typed = app._tree.get_widget_states()  # AppTest lets nobody type what is not offered
    next(widget for widget in typed.widgets if widget.id == app.selectbox[0].id).string_value = "horse"
    app._run(typed)
    assert _shown(app) == ["horse"]


@pytest.mark.parametrize(("bar", "heard"), [(1, [1]), (2, [])])
def test_a_bar_of_the_figure_before_is_not_heard(monkeypatch: pytest.MonkeyPatch, bar: int, heard: list[int]) -> None:
    given: dict[str, Callable[[], None]] = {}
    told: list[int] = []

    def keep(*_given: Any, on_select: Callable[[], None], **_named: Any) -> None:
        given["clicked"] = on_select

    monkeypatch.setattr(st, "plotly_chart", keep)
    monkeypatch.setattr(show.taking, "offer", lambda *_given: None)
    show.figure(go.Figure(go.Bar(x=[0.4, 0.2], y=[0, 1], orientation="h")), "bars", "Two bars", told.append)
    points = SimpleNamespace(selection=SimpleNamespace(points=[{"point_index": bar}]))
    monkeypatch.setattr(st, "session_state", {"bars-figure": points})
    given["clicked"]()
    assert told == heard
