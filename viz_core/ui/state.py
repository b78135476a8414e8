"""What the visitor is looking at, kept for the session and mirrored in the URL: copy it, see the same elsewhere.

The session is the truth; the URL is written after it. Only when the address differs from every address
this session has just written did somebody open a link or press "back", and then the address is adopted.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import quote

import streamlit as st

from viz_core.ui import classroom

LONGEST_URL = 60_000  # bytes of escaped text; a longer one stays in the session and out of the address
MOST_DIGITS = 7  # no layer, head or position needs more, and int() refuses thousands
SETTINGS_OF = {  # what can be set on each page, and stands in the address under that name
    "explore": ["picture"],
    "inside one head": ["step"],
    "every other page": ["part"],
    "every page": ["lang", "chat", "lesson", "lesson_step", "present", "locked"],
    "scaling": ["divisor", "temperature", "scope", "width", "axis"],
    "masks, the lab": ["mask", "set_in", "window", "gap", "padded", "side", "everyone", "cells"],
    "masks, other parts": ["replaced", "every", "by", "rate", "seed"],
    "positions, vectors": ["rows", "components", "position", "component", "alike", "pair"],
    "positions, order": ["places", "sees", "one", "another", "told", "against"],
    "many heads, off": ["off", "instead", "first_off", "heads_off"],
    "many heads, other parts": ["share_of", "of_component", "shape", "kv_heads", "counted", "labels"],
    "the block": ["norm", "depth", "start", "next_temperature", "top_k", "top_p", "pick", "draw"],
    "birth": ["moment", "earlier", "later"],
    "encoder and decoder": ["english", "word", "source", "cross_layer", "cross_head", "looks", "looked_at"],
    "encoder and decoder, words": ["cells_of", "decoding", "so_far"],
    "encoder and decoder, other parts": ["probe", "hidden"],
    "efficient, tiles and patterns": ["tile_rows", "tile_keys", "tile_step", "fast_memory"],
    "efficient, cache and costs": ["write", "at", "kept_length", "kept_width", "n", "d", "k", "r"],
    "matrix lab": ["given", "example", "typed", "stage", "cell", "of_vectors", "snippet"],
    "matrix lab, matrices": ["Q", "K", "V", "X", "W_Q", "W_K", "W_V"],
    "matrix lab, at random": ["n_queries", "n_keys", "d_k", "d_v", "d_model", "lab_seed"],
    "every map": ["measure", "of_words", "first", "toward", "toward_at"],
    "compare": ["other_text", "other_head", "other_layer", "other_model", "other_cell", "paired"],
    "compare, an edit": ["edit", "edit_in", "edit_layer", "edit_head", "edit_temperature"],
    "head finder": ["of_role", "of_layer", "sorted_by", "smallest_first"],
    "head finder, on random tokens": ["random_tokens", "said", "draws", "random_seed", "probed"],
    "beyond weights": ["through", "predicted", "of_token", "gradient_of", "absence"],
    "matrix lab, how": ["divide_by", "own_divisor", "only_before", "softmax_over"],
}
SETTINGS = frozenset(name for names in SETTINGS_OF.values() for name in names)
LONGEST_MODEL = 300  # characters of a name or a folder; a longer one is none
LONGEST_SETTING = 4_000  # characters of an address; a longer one stays in the session
SETTLING = 0.5  # seconds after our last address in which a browser may still send one from before it


@dataclass(frozen=True)
class View:
    """−1 = not chosen yet: the page takes a default that shows something. `settings` are those of the pages, (name,
    value) in order of names, each a parameter of the address (viz_core.ui.settings)."""

    model: str = "tiny-gpt"
    text: str = "The little dog chased the red ball. The little dog chased the red"
    layer: int = -1
    head: int = -1
    query: int = -1
    key: int = -1
    settings: tuple[tuple[str, str], ...] = ()


def start() -> View:
    """What a visitor sees first: the class's sentence in the class's model, where a teacher has set them."""
    return replace(View(), **classroom.current().first)


def view() -> View:
    """The current view; adopts the address when the visitor came by a link or pressed "back"."""
    address = st.query_params.to_dict()
    if not _is_ours(address):
        left_out = View() if "lesson" in address else start()  # a lesson stands on the program's own
        kept, adopted = _session_view(), replace(left_out, **_parsed(address))
        if "text" not in address and "text" not in address_of(kept):
            adopted = replace(adopted, text=kept.text)  # too long for any address: it never was in one
        st.session_state["view"] = adopted
        _note(address)  # at once: a run that is interrupted never reaches its end
    return _session_view()


def current() -> View:
    """What is looked at now, for a part of the page that runs again by itself: the address is not asked."""
    st.session_state.pop("clicked", None)  # the click that made it run is answered; the next address is the visitor's
    return _session_view()


def _is_ours(address: dict[str, str]) -> bool:
    """Whether the browser's address is the one written last, or one before it that was sent along with a click.

    "Back" comes alone, a click comes with its callback; only what follows a click at once may carry an old address.
    """
    written: list[tuple[float, dict[str, str]]] = st.session_state.get("written", [])
    clicked = st.session_state.pop("clicked", False)
    if not written:
        return not address
    settling = clicked or time.monotonic() - written[-1][0] < SETTLING
    return address == written[-1][1] or (settling and address in [past for _when, past in written[:-1]])


def show(**changes: Any) -> None:
    """Change the view, e.g. show(layer=2, head=5). For callbacks, which run before the page does."""
    st.session_state["view"] = replace(_session_view(), **changes)
    st.session_state["clicked"] = True


def setting(name: str) -> str:
    """A page's setting, one of SETTINGS; "" when the visitor has not set it."""
    if name not in SETTINGS:
        raise KeyError(f"{name!r} is no setting; add it to SETTINGS, so that an address may hold it")
    return dict(_session_view().settings).get(name, "")


def show_setting(name: str, value: str) -> None:
    """Change one, for callbacks; "" is the default."""
    put_setting(name, value)
    show()


def put_setting(name: str, value: str) -> None:
    """Likewise, while a page runs: no click."""
    settings = dict(_session_view().settings) | {name: value}
    named = tuple(sorted((name, value) for name, value in settings.items() if value))
    st.session_state["view"] = replace(_session_view(), settings=named)


def mirror() -> None:
    """Write the view into the address. Called once a run, when everything is chosen."""
    address = address_of(_session_view())
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)
    _note(address)


def _note(address: dict[str, str]) -> None:
    written: list[tuple[float, dict[str, str]]] = st.session_state.setdefault("written", [])
    if not written or written[-1][1] != address:
        st.session_state["written"] = [*written[-9:], (time.monotonic(), address)]


def address_of(state: View) -> dict[str, str]:
    """The query parameters of a view: what differs from the default, without what is too long for an address."""
    default = {**asdict(View()), **dict.fromkeys(classroom.current().first)}  # what a class sets is always said
    named = {name: value for name, value in asdict(state).items() if name != "settings"}
    settings = {name: value for name, value in state.settings if len(value) <= LONGEST_SETTING}
    address = {name: str(value) for name, value in named.items() if value != default[name]} | settings
    weights = {  # a text of a million characters takes a second to escape, only to be left out
        name: len(value) if len(value) > LONGEST_URL else len(quote(value, errors="replace"))
        for name, value in address.items()
    }
    while sum(weights.values()) > LONGEST_URL:
        longest = max(weights, key=weights.__getitem__)
        del weights[longest], address[longest]
    return address


def _session_view() -> View:
    state: View = st.session_state.setdefault("view", start())
    return state


def _parsed(address: dict[str, str]) -> dict[str, Any]:
    """Numbers that are none fall back to "not chosen": a mistyped address still opens."""
    default = {name: value for name, value in asdict(View()).items() if name != "settings"}
    parsed: dict[str, Any] = {}
    for name in default.keys() & address.keys():
        parsed[name] = address[name] if isinstance(default[name], str) else _number(address[name])
    if len(parsed.get("model", "")) > LONGEST_MODEL:
        del parsed["model"]
    settings = [(name, address[name]) for name in sorted(SETTINGS) if name in address]
    return parsed | {"settings": tuple(pair for pair in settings if 0 < len(pair[1]) <= LONGEST_SETTING)}


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < MOST_DIGITS else -1
