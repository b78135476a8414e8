"""Hand-outs, made: kept for whoever asks again, one at a time for all visitors."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from viz_core.figures.handout import document
from viz_core.language import _, speak
from viz_core.lessons.lesson import ROOT
from viz_core.ui.sharing import paper
from viz_core.ui.sharing.sheet import Sheet
from viz_core.ui.shelf import Shelf
from viz_core.ui.workshop import Note, Progress, Report

FONTS = ROOT / "static"
KEPT = 60_000_000  # bytes of files


class Failed(RuntimeError):
    """Why there is no hand-out, for the visitor."""


@dataclass(frozen=True)
class Ordered:
    """name of the file; key: all that it depends on; html: makes it, telling how far it is."""

    name: str
    key: tuple[str, ...]
    html: Callable[[Note], str]


@st.cache_resource(show_spinner=False)
def _shelf() -> Shelf[bytes]:
    return Shelf("hand-outs", KEPT, len, workers=1)


def page(sheet: Sheet) -> str:
    """The file; it is made where no page runs."""
    speak(sheet.language)
    return document(sheet.handout(), FONTS)


def page_with(sheet: Sheet, _note: Note) -> str:
    return page(sheet)


def made(ordered: Ordered, kind: str, report: Report | None = None) -> bytes:
    """The file of that kind, "html", "pdf" or "png". Raises Failed, and paper.Failed."""
    shelf = _shelf()
    html = shelf.take((*ordered.key, "html"), lambda note: ordered.html(note).encode("utf-8", "replace"), report)
    if kind == "html":
        return html
    return shelf.take((*ordered.key, kind), lambda note: _printed(html, kind, note), report)


def _printed(html: bytes, kind: str, note: Note) -> bytes:
    note(0, 0, "browser")
    return paper.printed(html, kind)


def told(progress: Progress) -> str:
    if progress.what == "browser":
        return _("A browser on the server draws it …")
    if progress.total:
        return _("Step {done} of {total} …").format(done=min(progress.done + 1, progress.total), total=progress.total)
    return _("Waiting for its turn, or for the program to start …")
