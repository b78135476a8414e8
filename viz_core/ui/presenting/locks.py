"""Colour scales that the lecturer has locked: where the colours of each map ended when it was first seen since. Kept in
the address as “1;masks..map~3.214;…”, so that a link shows the same."""

import re

import plotly.graph_objects as go
import streamlit as st

from viz_core.figures.held import held, limit_of
from viz_core.ui import state

MOST = 24  # maps; of more, those seen last
ENTRY = re.compile(r"([\w.-]{1,80})~(\d{1,7}(?:\.\d{1,9})?(?:e[+-]?\d{1,2})?)")


def locked() -> bool:
    return state.setting("locked").partition(";")[0] == "1"


def turn(*, on: bool) -> None:
    """Lock from here on, or let go; for callbacks."""
    state.show_setting("locked", "1" if on else "")


def held_here(drawn: go.Figure, key: str) -> go.Figure:
    """A figure with the colours of the moment of locking, or with its own."""
    limit = limit_of(drawn) if locked() else None
    if limit is None:
        return drawn
    limits = _limits()
    name = re.sub(r"[^\w.-]", "-", ".".join([*_where(), key]))[-80:]
    if name not in limits:
        kept = [*limits.items(), (name, float(f"{limit:.6g}"))][-MOST:]
        limits = dict(kept)
        state.put_setting("locked", ";".join(["1", *(f"{of}~{end:.6g}" for of, end in kept)]))
    return held(drawn, limits[name])


def _where() -> list[str]:
    """The page and its part: other parts have other maps of that key."""
    page = st.session_state.get("page", "")
    return [page, state.setting("step") if page == "inside_one_head" else state.setting("part")]


def _limits() -> dict[str, float]:
    """What the address says, where it says something that can be a limit."""
    entries = (ENTRY.fullmatch(entry) for entry in state.setting("locked").split(";")[1:])
    found = {entry[1]: float(entry[2]) for entry in entries if entry}
    return {name: limit for name, limit in found.items() if 0 < limit < 1e12}
