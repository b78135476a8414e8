"""Sharing, page by page: what a hand-out has of each, how large it is, and what a hostile address can do."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import EVERY_PAGE, ROOT
from viz_core.figures.handout import LARGEST
from viz_core.ui.sharing import works
from viz_core.ui.sharing.sheet import sheet_of
from viz_core.ui.taking import shown

SENTENCE = "The dog bit the man. The dog bit the"
ODD = "\0\x1b[2J\u202eabc\u200b\ufeff</script><script>alert(1)</script>${{}}%0d%0a"


def opened(page: str, gathering: bool = True, **address: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if gathering:
        app.session_state[shown.WANTED] = []
    for name, value in address.items():
        app.query_params[name] = value
    if page != "app.py":
        app.switch_page(page)
    return app.run()


@pytest.mark.parametrize("page", [page for page in EVERY_PAGE if page != "pages/lessons.py"])
def test_a_hand_out_has_every_figure_in_the_order_of_the_page(page: str) -> None:
    app = opened(page, text=SENTENCE)
    assert not app.exception
    found = app.session_state[shown.WANTED]
    on_page = [chart.proto.alt for chart in app.get("plotly_chart")]  # AppTest has them in the order of the page
    assert on_page
    assert [picture.says for picture in found if picture.says in on_page] == on_page
    file = works.page(sheet_of("Title", found, "http://localhost/"))
    assert len(file.encode()) <= LARGEST
    assert file.count('class="plot"') == len(found) >= len(on_page)


def test_nothing_is_kept_of_a_page_nobody_shares() -> None:
    app = opened("app.py", gathering=False)
    assert shown.GATHERED not in app.session_state
    assert shown.WANTED not in app.session_state


def test_all_heads_are_a_figure_in_a_hand_out() -> None:
    app = opened("app.py", text=SENTENCE)
    titles = [picture.drawn.layout.title.text or "" for picture in app.session_state[shown.WANTED]]
    assert titles[0].startswith("<b>Every head</b>")


def test_a_sentence_with_odd_letters_is_handed_out() -> None:
    app = opened("app.py", text="a\0figure\0b")
    assert not app.exception
    found = app.session_state[shown.WANTED]
    assert works.page(sheet_of("Title", found, "http://localhost/")).count('class="plot"') == len(found) > 0


def offered() -> None:
    import streamlit as st  # noqa: PLC0415  what AppTest runs stands alone

    from viz_core.ui.sharing import menu, works  # noqa: PLC0415

    seen = st.session_state.get("seen", "one view")
    menu._of_lesson("here", works.Ordered("name", ("test", seen), lambda _note: f"<p>{seen}</p>"))


def test_a_file_is_made_of_the_view_it_was_asked_for_alone() -> None:
    app = AppTest.from_function(offered, default_timeout=60).run()
    assert not app.get("download_button")
    app.button(key="handout-html-here").click().run()
    assert not app.exception
    (save,) = app.get("download_button")
    assert save.proto.label.startswith("Save HTML")
    assert "handout-html-here" not in [button.key for button in app.button], "it stands where that was pressed"
    app.session_state["seen"] = "another view"
    app.run()
    assert not app.get("download_button")
    assert "handout-html-here" in [button.key for button in app.button]


HOSTILE = [
    {"lang": "../../../etc/passwd"},
    {"lang": "xx", "lesson": "-1", "lesson_step": "99999999999999999999"},
    {"lesson": "4<script>", "lesson_step": "٣", "present": "javascript:alert(1)"},
    {"part": "__class__", "step": "../x", "picture": "{}", "locked": "nan:inf"},
    {"layer": "9" * 5_000, "head": "-0", "query": "1e309", "key": "０"},
    {"temperature": "nan", "divisor": "1e999", "window": "-inf", "mask": "painted", "cells": "9-" * 2_000},
    {"text": ODD, "other_text": ODD, "example": ODD, "typed": ODD, "Q": ODD, "english": ODD},
    {"text": "가" * 300_000, "head": "1"},
    {"model": "../../../../etc/passwd"},
    {"model": "x" * 200_000, "head": "1"},
    {"model": "\0", "other_model": "\0"},
    {"view": "x", "written": "x", "share-sidebar": "1", "__proto__": "x", "": "x"},
]


@pytest.mark.parametrize("address", HOSTILE, ids=lambda address: "+".join(address)[:40])
@pytest.mark.parametrize("page", ["app.py", "pages/masks.py", "pages/matrix_lab.py", "pages/scaling.py"])
def test_a_hostile_address_opens_the_page(page: str, address: dict[str, str]) -> None:
    app = opened(page, gathering=False, **address)
    assert not app.exception
    assert app.get("plotly_chart") or app.error or app.session_state["page"] == "lessons"
