"""The parts of a page, one on screen at a time: a strip to choose by, like the chain's; the address says which."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from viz_core.language import _
from viz_core.ui import settings

Scene = TypeVar("Scene")


@dataclass(frozen=True)
class Part(Generic[Scene]):
    """`draw` returns the keys of the figures whose cells the page's bridge links."""

    name: str  # in the address
    label: Callable[[], str]
    draw: Callable[[Scene], list[str]]


def strip(parts: Sequence[Part[Scene]]) -> Part[Scene]:
    """The chosen part; the strip stays in reach while the page scrolls."""
    by_name = {part.name: part for part in parts}
    with st.container(key="chain"):
        labels = {name: part.label() for name, part in by_name.items()}
        return by_name[settings.one_of("part", _("Part of this page"), labels, hidden=True)]
