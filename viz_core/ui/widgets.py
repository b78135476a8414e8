"""Streamlit keeps what it was told of every widget that a session ever had (1.67: WStates.widget_metadata), on each
page and for each figure that can be clicked anew, with the callbacks and all that these hold: figures, recordings, some
megabytes a visitor. What stands on the page no more is let go of here."""

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX, _is_stale_widget


def forget_others(*, whole: bool) -> None:
    """For the end of a run, of the whole page or of a part of it that runs by itself: what it no longer draws goes, as
    its value does; its name alone stays. Where a part ends within a run of the whole page, more is still to be drawn,
    and nothing goes."""
    context = get_script_run_ctx()
    if context is None or whole == bool(context.fragment_ids_this_run):
        return
    session, fragments = context.session_state, context.fragment_ids_this_run
    session._yield_callback()  # a run that another has taken the place of ends here, and changes nothing
    drawn = context.shared.widget_ids_this_run.snapshot()
    with session._lock:
        known = session._state._new_widget_state.widget_metadata
        for name, metadata in list(known.items()):
            if _component(name) not in drawn and _is_stale_widget(metadata, drawn, fragments):
                del known[name]


def _component(name: str) -> str:
    """A component's events are a widget of their own, which no run names: “prefix_component__events”."""
    return name.removeprefix(f"{STREAMLIT_INTERNAL_KEY_PREFIX}_").rpartition("__")[0]
