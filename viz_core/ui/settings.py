"""What a visitor sets on a page (a divisor, a window, the heads that are off), kept in the address as all is.

A setting is a name and a text; the widgets here turn it into what the page needs, and back. What an address says is
taken only where the widget allows it, so a mistyped or stale link opens with the default.
"""

from collections.abc import Callable, Container, Hashable, Mapping, Sequence
from typing import Any

import streamlit as st

from viz_core.ui import state


def one_of(name: str, label: str, options: Mapping[str, str], *, default: str = "", hidden: bool = False) -> str:
    """The chosen of `options` (name → words), as a row of buttons."""
    default = default or next(iter(options))
    chosen = state.setting(name)
    chosen = chosen if chosen in options else default
    _keep(name, chosen, options[chosen])
    st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        key=_key(name),
        required=True,
        label_visibility="collapsed" if hidden else "visible",
        on_change=_take(name, default, str, options),
    )
    return chosen


def choice(
    name: str, label: str, options: Mapping[str, str], *, default: str = "", others: bool = False, typed: bool = True
) -> str:
    """The chosen of `options` (name → words), in a box; with `others` the address may also say something else, and the
    visitor type it, unless not `typed`."""
    default = default or next(iter(options))
    said = state.setting(name)
    chosen = said if said in options or (others and said) else default
    _keep(name, chosen, options.get(chosen))
    st.selectbox(
        label,
        list(options) if chosen in options else [*options, chosen],
        format_func=lambda option: options.get(option, option),
        key=_key(name),
        accept_new_options=others and typed,
        on_change=_take(name, default, lambda value: value or "", {*options, chosen}, others=others and typed),
    )
    return chosen


def several(name: str, label: str, options: Sequence[str], *, default: Sequence[int], most: int) -> list[int]:
    """The numbers of the chosen `options`, ascending, at most `most`."""
    said = state.setting(name)
    parts = [part for part in said.split("-") if part.isascii() and part.isdigit() and len(part) < state.MOST_DIGITS]
    chosen = sorted({int(part) for part in parts if int(part) < len(options)})[:most] if said else list(default)
    _keep(name, chosen, tuple(options[number] for number in chosen))
    numbers = range(len(options))
    st.multiselect(
        label,
        list(numbers),
        format_func=options.__getitem__,
        key=_key(name),
        max_selections=most,
        width=240,
        on_change=_take_several(name, list(default), numbers),
    )
    return chosen


def slider(name: str, label: str, values: Sequence[float], *, default: float, says: Callable[[Any], str]) -> float:
    """The chosen of `values`, ascending; `says` writes one."""
    chosen = _number(state.setting(name), default)
    chosen = min(values, key=lambda value: abs(value - chosen))
    _keep(name, chosen, says(chosen))
    take = _take(name, default, repr, values)
    # Streamlit takes a word from before for the value given here, and were none given for the least of all: any click
    # while the page with the new words is on its way would set the slider to that
    st.select_slider(label, list(values), chosen, format_func=says, key=_key(name), on_change=take)
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


def _keep(name: str, value: Any, words: Hashable = None) -> None:
    put(_key(name), value, words)


def put(key: str, value: Any, words: Hashable = None) -> None:
    """Show the value in a widget, also when a link or another page has changed it.

    words  what the widget calls the value, where it is one of several: that is what the browser keeps and sends, so it
           must hear when the same value, the fifth token, is called otherwise, because the sentence is another one
    """
    called, before = (st.session_state.setdefault(name, {}) for name in ("called", "called before"))
    anew = called.get(key) != words
    if anew or st.session_state.get("new page") or st.session_state.get(key) != value:
        st.session_state[key] = value
    before[key] = called.get(key) if anew else None
    called[key] = words


def _take(
    name: str,
    default: Any,
    written: Callable[[Any], str],
    allowed: Container[Any] | None = None,
    *,
    others: bool = False,
) -> Callable[[], None]:
    """What is not `allowed` is a word from before: clicked while the page with the new ones was on its way. It is not
    heard, and `put` shows what is. With `others` only the last such word is not."""

    def take() -> None:
        value = st.session_state[_key(name)]
        typed = others and value != st.session_state["called before"].get(_key(name))
        if allowed is None or typed or value in allowed:
            keep(name, "" if value == default else written(value))

    return take


def _take_several(name: str, default: list[int], allowed: Container[Any]) -> Callable[[], None]:
    """Likewise; not heard either with one such word among others: it was chosen, and would be dropped."""

    def take() -> None:
        value = st.session_state[_key(name)]
        if all(number in allowed for number in value):
            chosen = sorted(value)
            keep(name, "" if chosen == default else "-".join(map(str, chosen)) or "none")

    return take


def _number(text: str, default: float) -> float:
    """Of an address, which may say anything."""
    try:
        value = float(text)
    except ValueError:
        return default
    return value if abs(value) < 1e9 else default  # NaN too is left out
