"""What the button opens: the link, the code, the hand-out."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from viz_core.figures.qr import Code, code_of
from viz_core.language import _
from viz_core.lessons.lesson import Lesson
from viz_core.ui import server, show, waiting
from viz_core.ui.components.copy_link import copy_link
from viz_core.ui.sharing import lesson, link, paper, works
from viz_core.ui.sharing.link import Link
from viz_core.ui.sharing.sheet import Sheet, sheet_of
from viz_core.ui.taking import shown
from viz_core.ui.taking.shown import Shown

WIDTH = 400  # pixels; a phone has less
ASKED = "hand-out asked for"
KINDS = {
    "html": ("text/html", "web_asset"),
    "pdf": ("application/pdf", "picture_as_pdf"),
    "png": ("image/png", "image"),
}


def draw(place: str, title: str, pictures: Sequence[Shown], open_lesson: Lesson | None) -> None:
    """`title` is the page's."""
    found = link.here()
    code = code_of(found.address)
    st.markdown("**" + _("This page, as it is now") + "**")
    copy_link(found.address, code, key=f"copy-{place}")
    for words in _about(found, code):
        st.caption(words)
    st.markdown("**" + _("Hand-out") + "**")
    sheet = sheet_of(" · ".join(filter(None, (title, shown.part()))), pictures, found.address)
    if open_lesson is None:
        _of_page(place, sheet)
        return
    whole = _("The lesson: {title}").format(title=show.literal(open_lesson.title))
    of = {"lesson": whole, "page": _("This page")}
    if (
        st.segmented_control(
            _("Hand-out of"),
            list(of),
            format_func=of.__getitem__,
            key=f"handout-of-{place}",
            default="lesson",
            required=True,
            label_visibility="collapsed",
        )
        == "page"
    ):
        _of_page(place, sheet)
    else:
        _of_lesson(place, lesson.ordered(open_lesson))


def _about(found: Link, code: Code | None) -> list[str]:
    """What to know of the address."""
    said = []
    if found.missing:
        words = _("Too long for an address, so not in it: {names}. The hand-out has all of it.")
        said.append(words.format(names=", ".join(_called(name) for name in found.missing)))
    if found.alone:
        said.append(
            _("Others cannot open it: it names this computer. Open the page under the server's own name.")
            if link.listens() or server.is_behind_a_proxy()
            else _(
                "Others cannot open it: the server listens to this computer alone. Started with "
                "`make run HOST=0.0.0.0`, it listens to the network."
            )
        )
    if found.host:
        said.append(_("{host} is this computer’s name for others in its network.").format(host=found.host))
    if code is None:
        said.append(_("It is too long for a QR code: shorten the text."))
    elif code.fine:
        said.append(_("It is long, so its QR code is fine: from far away it may not be read. A shorter text helps."))
    elif found.long:
        said.append(_("It is long: some messengers cut such addresses."))
    return said


def _called(name: str) -> str:
    return {"text": _("the text"), "model": _("the model")}.get(name, f"`{name}`")


# -- the hand-out --------------------------------------------------------------------------------------


def _of_page(place: str, sheet: Sheet) -> None:
    if not sheet.pictures:
        st.caption(_("There is no figure on this page now."))
        return
    st.caption(_("Every figure of this page in one file: to hover and zoom without a network, and to print."))
    ordered = works.Ordered(sheet.name, sheet.key, partial(works.page_with, sheet))
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "HTML",
            partial(works.page, sheet),
            f"{sheet.name}.html",
            KINDS["html"][0],
            key=f"handout-html-{place}",
            on_click="ignore",
            icon=":material/web_asset:",
        )
        slots = _buttons(place, ordered, "pdf", "png")
    _paper(place, ordered, slots)


def _of_lesson(place: str, ordered: works.Ordered) -> None:
    st.caption(_("Its words, formulas and figures, and its questions with the answers at the end, in one file."))
    with st.container(horizontal=True, gap="small"):
        slots = _buttons(place, ordered, "html", "pdf", "png")
    _paper(place, ordered, slots)


def _buttons(place: str, ordered: works.Ordered, *kinds: str) -> dict[str, DeltaGenerator]:
    """Where each of them stands."""
    slots = {kind: st.empty() for kind in kinds}
    for kind, slot in slots.items():
        slot.button(
            kind.upper(),
            key=f"handout-{kind}-{place}",
            icon=f":material/{KINDS[kind][1]}:",
            disabled=kind != "html" and not paper.can(),
            on_click=partial(_ask, place, ordered, kind),
        )
    return slots


def _ask(place: str, ordered: works.Ordered, kind: str) -> None:
    """For that file alone: another view, or another language, is asked for anew."""
    st.session_state[ASKED] = (place, ordered.key, kind)


def _paper(place: str, ordered: works.Ordered, slots: Mapping[str, DeltaGenerator]) -> None:
    """What was asked for: its progress, then the file, in the slot of the button that was pressed."""
    if not paper.can():
        words = _(
            "PDF and PNG are drawn by Chromium or Chrome, and the server has none. Open the HTML file and print it: "
            "every browser can print to a PDF."
        )
        st.caption(words)
    *asked, kind = st.session_state.get(ASKED, ("", (), ""))
    if asked != [place, ordered.key] or kind not in slots:
        return
    try:
        with waiting.shown(
            st.container(), f"handout-{place}", works.told, lambda: st.session_state.pop(ASKED, None)
        ) as report:
            made = works.made(ordered, kind, report)
    except (works.Failed, paper.Failed) as error:
        st.error(show.literal(str(error)), icon=":material/error:")
        return
    slots[kind].download_button(
        _("Save {name} ({size})").format(name=kind.upper(), size=show.in_bytes(len(made))),
        made,
        f"{ordered.name}.{kind}",
        KINDS[kind][0],
        key=f"handout-save-{place}",
        on_click="ignore",
        type="primary",
        icon=":material/download:",
    )
