"""What a visitor sets on a page (a divisor, a window, the heads that are off), kept in the address as all is.

A setting is a name and a text; the widgets here turn it into what the page needs, and back. What an address says is
taken only where the widget allows it, so a mistyped or stale link opens with the default.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from viz_core.ui import state


def one_of(name: str, label: str, options: Mapping[str, str], *, default: str = "", hidden: bool = False) -> str:
    """The chosen of `options` (name → words), as a row of buttons."""
    default = default or next(iter(options))
    chosen = state.setting(name)
    chosen = chosen if chosen in options else default
    _keep(name, chosen)
    st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        key=_key(name),
        required=True,
        label_visibility="collapsed" if hidden else "visible",
        on_change=_take(name, default, str),
    )
    return chosen


def choice(name: str, label: str, options: Mapping[str, str], *, default: str = "", others: bool = False) -> str:
    """The chosen of `options` (name → words), in a box; with `others` the visitor may also type something else."""
    default = default or next(iter(options))
    said = state.setting(name)
    chosen = said if said in options or (others and said) else default
    _keep(name, chosen)
    st.selectbox(
        label,
        list(options) if chosen in options else [*options, chosen],
        format_func=lambda option: options.get(option, option),
        key=_key(name),
        accept_new_options=others,
        on_change=_take(name, default, lambda value: value or ""),
    )
    return chosen


def several(name: str, label: str, options: Sequence[str], *, default: Sequence[int], most: int) -> list[int]:
    """The numbers of the chosen `options`, ascending, at most `most`."""
    said = state.setting(name)
    parts = [part for part in said.split("-") if part.isascii() and part.isdigit() and len(part) < state.MOST_DIGITS]
    chosen = sorted({int(part) for part in parts if int(part) < len(options)})[:most] if said else list(default)
    _keep(name, chosen)
    st.multiselect(
        label,
        list(range(len(options))),
        format_func=options.__getitem__,
        key=_key(name),
        max_selections=most,
        width=240,
        on_change=_take(name, list(default), lambda numbers: "-".join(map(str, sorted(numbers))) or "none"),
    )
    return chosen


def slider(name: str, label: str, values: Sequence[float], *, default: float, says: Callable[[Any], str]) -> float:
    """The chosen of `values`, ascending; `says` writes one."""
    chosen = _number(state.setting(name), default)
    chosen = min(values, key=lambda value: abs(value - chosen))
    _keep(name, chosen)
    st.select_slider(label, list(values), format_func=says, key=_key(name), on_change=_take(name, default, repr))
    return chosen


def whole_number(name: str, label: str, least: int, most: int, *, default: int, width: int = 150) -> int:
    """A number from least to most, with buttons for one more and one less."""
    default = min(max(default, least), most)
    chosen = min(max(int(_number(state.setting(name), default)), least), most)
    _keep(name, chosen)
    st.number_input(label, least, most, step=1, key=_key(name), width=width, on_change=_take(name, default, repr))
    return chosen


def switch(name: str, label: str, *, default: bool = False, help: str | None = None) -> bool:  # noqa: A002  Streamlit's
    """On or off."""
    chosen = {"1": True, "0": False}.get(state.setting(name), default)
    _keep(name, chosen)
    st.toggle(label, key=_key(name), help=help, on_change=_take(name, default, lambda on: "1" if on else "0"))
    return chosen


def text(name: str, label: str, *, default: str) -> str:
    """One line; an empty one is the default."""
    chosen = state.setting(name) or default
    _keep(name, chosen)
    st.text_input(label, key=_key(name), on_change=_take(name, default, str))
    return chosen


def keep(name: str, value: str) -> None:
    """Set one from a callback of the page's own, e.g. of a component; "" is the default."""
    state.show_setting(name, value)


def _key(name: str) -> str:
    return f"setting-{name}"


def _keep(name: str, value: Any) -> None:
    put(_key(name), value)


def put(key: str, value: Any) -> None:
    """Show the value in a widget, also when a link or another page has changed it."""
    if st.session_state.get(key) != value or st.session_state.get("new page"):
        st.session_state[key] = value


def _take(name: str, default: Any, written: Callable[[Any], str]) -> Callable[[], None]:
    def take() -> None:
        value = st.session_state[_key(name)]
        keep(name, "" if value == default else written(value))

    return take


def _number(text: str, default: float) -> float:
    """Of an address, which may say anything."""
    try:
        value = float(text)
    except ValueError:
        return default
    return value if abs(value) < 1e9 else default  # NaN too is left out
