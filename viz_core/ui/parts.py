"""The parts of a page, one on screen at a time: a strip to choose by, like the chain's; the address says which."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from viz_core.language import _
from viz_core.ui import settings, state
from viz_core.ui.taking import shown

S = TypeVar("S")  # what the parts of a page are drawn from


@dataclass(frozen=True)
class Part(Generic[S]):
    """`draw` returns the keys of the figures whose cells the page's bridge links. `of_any`: it needs no more than a
    recording, so that it can be drawn of models too that run by their own code; `predicts`: it shows what a model
    predicts, which some do not (see `own_code`)."""

    name: str  # in the address
    label: Callable[[], str]
    draw: Callable[[S], list[str]]
    of_any: bool = False
    predicts: bool = True


def strip(parts: Sequence[Part[S]], *, name: str = "part", says: str = "", default: str = "") -> Part[S]:
    """The chosen part; the strip stays in reach while the page scrolls. `name` is the setting's, `says` its label;
    `default` the part that is shown first, in place of the first."""
    labels = {part.name: part.label() for part in parts}
    if state.setting(name) not in labels:
        state.put_setting(name, "")  # one of another page, or of none
    with st.container(key="chain"):
        chosen = settings.one_of(name, says or _("Part of this page"), labels, default=default, hidden=True)
    shown.part_is(labels[chosen])
    _left_at()[st.session_state.get("page", "")] = state.setting("part") and chosen
    return next(part for part in parts if part.name == chosen)


def address_of(page: str, address: Mapping[str, str]) -> dict[str, str]:
    """The address of another page, from that of this one: with the part that it was left at, not with ours."""
    others = {name: value for name, value in address.items() if name != "part"}
    part = _left_at().get(page)
    return others | ({"part": part} if part else {})


def _left_at() -> dict[str, str]:
    """The name of a page → the part it shows, "" for its first."""
    found: dict[str, str] = st.session_state.setdefault("parts", {})
    return found
