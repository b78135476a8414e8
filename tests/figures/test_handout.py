"""A hand-out: what is in the file, what is not, and how large it is. What a browser makes of it: tests/browser."""

import base64
import gzip
import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
import zxingcpp
from fontTools.ttLib import TTFont

from viz_core.figures import handout, prose, webfont
from viz_core.figures.handout import Handout, Picture, Question, Section, Words, document
from viz_core.figures.qr import QUIET, Code, code_of

STATIC = Path(__file__).parents[2] / "static"
PAYLOAD = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
LINK = "http://192.168.0.12:8501/masks?text=%EC%BB%A4%ED%94%BC&layer=1"


def figure(values: int = 4, title: str = "weights") -> go.Figure:
    return go.Figure(go.Scatter(y=np.random.default_rng(0).normal(size=values)), layout={"title": {"text": title}})


def made(*blocks: handout.Block, **how: object) -> str:
    return document(Handout("Masks", ["tiny-gpt"], [Section("One", blocks)], LINK), **how)


def unpacked(text: str) -> str:
    return gzip.decompress(base64.b64decode(text)).decode()


def specs(page: str) -> list[dict[str, Any]]:
    found = re.findall(r'class="plot"[^>]*><script type="text/plain">([^<]*)<', page)
    return [json.loads(unpacked(text)) for text in found]


# -- words ---------------------------------------------------------------------------------------------


def test_markdown_and_formulas() -> None:
    page = prose.html("**bold**, $\\alpha_{ij}$\n\n$$\n\\frac{1}{\\sqrt{d_k}}\n$$\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert "<strong>bold</strong>" in page
    assert 'display="inline"' in page
    assert re.search(r'<div class="formula"><math[^>]*display="block"', page)
    assert "<mfrac>" in page
    assert "<msqrt>" in page
    assert "<td>2</td>" in page
    assert prose.html("It costs $5 or $6.") == "<p>It costs $5 or $6.</p>\n"


@pytest.mark.parametrize(
    "words",
    [
        PAYLOAD,
        f"$\\text{{{PAYLOAD}}}$",
        "$\\text{<script>alert(1)</script>}$",
        "$\\href{javascript:alert(1)}{x}$",
        '$\\style{x" onload="alert(1)}{y}$',
        "$\\style{background: url(http://elsewhere)}{y}$",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](http://elsewhere/x.png)",
        "<iframe srcdoc='<script>alert(1)</script>'>",
    ],
)
def test_what_is_written_is_never_acted_upon(words: str) -> None:
    page = prose.html(words)
    found = re.findall(r"<\s*/?\s*(\w+)([^>]*)>", page)
    assert {name for name, _attributes in found} <= {"p", "a", "code", *prose.ELEMENTS}
    assert not re.search(r"<[^>]*\s(on\w+|style|src)\s*=", page)
    assert not re.search(r'href="(?!http:)', page)


@pytest.mark.parametrize("tex", ["\\frac{", "a_b_c", "{", "^", "\\left(", "\\begin{x}", "\\text{", "\\sqrt", "&", "\\"])
def test_a_formula_that_is_none_is_shown_as_typed(tex: str) -> None:
    assert prose.formula(tex, displayed=True).startswith(("<math", "<code>"))


# -- the code ------------------------------------------------------------------------------------------


def read(code: Code) -> str:
    """What a reader that shares nothing with the writer makes of the path."""
    image = np.full((code.side, code.side), 255, np.uint8)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1", code.path):
        image[int(y), int(x) : int(x) + int(width)] = 0
    assert (image[:QUIET] == 255).all()
    assert (image[:, -QUIET:] == 255).all()
    return zxingcpp.read_barcodes(np.kron(image, np.ones((4, 4), np.uint8)))[0].text


@pytest.mark.parametrize("address", [LINK, "http://localhost:8501/", "http://x/?text=" + "%EC%BB%A4" * 300])
def test_the_code_says_the_address(address: str) -> None:
    code = code_of(address)
    assert code is not None
    assert read(code) == address


def test_half_a_character_in_an_address_is_none() -> None:
    assert code_of("http://x/\ud83d") == code_of("http://x/?")


def test_the_longest_address_of_a_code() -> None:
    """2,953 bytes at the least error correction, as ISO/IEC 18004 says."""
    assert code_of("x" * 2_953) is not None
    assert code_of("x" * 2_954) is None
    assert not code_of(LINK).fine
    assert code_of("x" * 1_500).fine


# -- the file ------------------------------------------------------------------------------------------


def test_figures_are_whole_and_in_order() -> None:
    drawn = [figure(title="one"), figure(9, title="two")]
    page = made(*[Picture.of(one, f"says {one.layout.title.text}") for one in drawn])
    found = specs(page)
    assert [spec["layout"]["title"]["text"] for spec in found] == ["one", "two"]
    sent = np.frombuffer(base64.b64decode(found[1]["data"][0]["y"]["bdata"]))
    assert sent.tolist() == drawn[1].data[0].y.tolist()
    assert page.index("says one") < page.index("says two")
    plotly = re.search(r'id="plotly">([^<]*)<', page)
    assert plotly is not None
    assert "Plotly" in unpacked(plotly[1])[:500] or "plotly.js" in unpacked(plotly[1])[:500]


def test_nothing_is_asked_of_a_network() -> None:
    page = made(Words("words"), Picture.of(figure(), "says"))
    assert set(re.findall(r"https?://[^\s\"'<&]+", page)) <= {LINK.partition("&")[0], "http://www.w3.org/2000/svg"}
    assert not re.search(r"<(link|img|iframe|script src)", page)


def test_answers_stand_at_the_end() -> None:
    question = Question("Which $x$?", ["a", "b"], "b", "because")
    page = made(question, Picture.of(figure(), "says"), Words("last words"))
    assert page.index("Which") < page.index("last words") < page.index("Answers") < page.index("because")
    assert "Question 1: b" in page
    assert "because" not in page[: page.index("Answers")]


def test_the_figures_that_answer_a_question_stand_with_its_answer() -> None:
    question = Question("Click it.", [], "b", "because", [Picture.of(figure(title="second"), "shows the answer")])
    page = made(question, Picture.of(figure(title="first"), "gives nothing away"), Words("last words"))
    assert page.index("gives nothing away") < page.index("last words") < page.index("Answers")
    assert page.index("Answers") < page.index("because") < page.index("shows the answer")
    assert "shows the answer" not in page[: page.index("Answers")]
    assert [spec["layout"]["title"]["text"] for spec in specs(page)] == ["first", "second"]


@pytest.mark.parametrize("odd", ["a\0figure\0b", "\0", "a\ud800b"], ids=["a mark of old", "NUL", "a lone surrogate"])
def test_odd_letters_in_a_text_leave_the_figures_where_they_are(odd: str) -> None:
    section = Section(odd, [Words(odd), Picture.of(figure(title="one"), odd), Picture.of(figure(title="two"), odd)])
    page = document(Handout(odd, [odd], [section]), STATIC)
    assert [spec["layout"]["title"]["text"] for spec in specs(page)] == ["one", "two"]


def test_names_and_texts_stay_text() -> None:
    page = document(
        Handout(PAYLOAD, [PAYLOAD], [Section(PAYLOAD, [Picture.of(figure(title=PAYLOAD), PAYLOAD), Words(PAYLOAD)])])
    )
    assert "<script>alert" not in page
    assert "<img" not in page
    assert specs(page)[0]["layout"]["title"]["text"] == PAYLOAD


def test_a_figure_too_large_is_left_out_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = Picture.of(figure(), "small"), Picture.of(figure(200_000), "large")
    monkeypatch.setattr(handout, "LARGEST", len(made(small)) + 100_000)
    page = made(small, large, small)
    assert len(page) <= handout.LARGEST
    assert len(specs(page)) == 2
    assert page.count("too large for a file to hand out") == 1


def test_words_alone_bring_no_plotly() -> None:
    assert len(made(Words("only words"))) < 20_000


# -- the typeface --------------------------------------------------------------------------------------


def test_the_letters_that_are_used_come_along() -> None:
    page = made(Words("커피 마시고 싶어"), Picture.of(figure(title="쿼리"), ""), fonts=STATIC)
    letters = set()
    for data in re.findall(r"base64,([\w+/=]+)\) format", page):
        letters |= set(TTFont(BytesIO(base64.b64decode(data))).getBestCmap())
    assert set(map(ord, "커피마시고싶어쿼리 one")) <= letters
    assert len(page) < 3_000_000, "letters that are not used came along too"


def test_english_needs_none() -> None:
    assert webfont.faces(STATIC, "English — “words”") == ""
    assert webfont.faces(STATIC / "nowhere", "한국어") == ""
