"""A hand-out: words, formulas and figures as one HTML file that opens without a network and asks for nothing.

Plotly's script and every figure are packed into it (gzip, base64), and unpacked by the browser that opens it.
"""

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path

import plotly.graph_objects as go
import plotly.io as pio
from plotly.offline import get_plotlyjs

from viz_core.figures import palette, prose, webfont
from viz_core.figures.heatmaps import FONT
from viz_core.figures.palette import ThemeName
from viz_core.figures.qr import code_of
from viz_core.figures.taken import NOTHING_FROM_ELSEWHERE, TOOLBAR
from viz_core.language import _, spoken

LARGEST = 6_000_000  # bytes of one file: what a mail or a class chat takes without complaint
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Words:
    """Markdown, with formulas in $…$ and $$…$$."""

    markdown: str


@dataclass(frozen=True)
class Picture:
    """spec: a figure as JSON; says: what it shows, for those who do not see it."""

    spec: str
    says: str

    @classmethod
    def of(cls, figure: go.Figure, says: str) -> "Picture":
        return cls(pio.to_json(figure, validate=False), says)


@dataclass(frozen=True)
class Question:
    """What is asked, in Markdown; answer, why and the pictures that show it stand at the end of the hand-out. options
    may be empty."""

    question: str
    options: Sequence[str]
    answer: str
    why: str = ""
    pictures: Sequence[Picture] = ()


Block = Words | Picture | Question


@dataclass(frozen=True)
class Section:
    title: str
    blocks: Sequence[Block]
    link: str = ""  # where it lives


@dataclass(frozen=True)
class Handout:
    """title and about (lines under it) are plain text; link is where all of it lives, "" where that is not known."""

    title: str
    about: Sequence[str]
    sections: Sequence[Section]
    link: str = ""
    theme: ThemeName = field(default="light")


def document(handout: Handout, fonts: Path | None = None) -> str:
    """The file, in the language that is spoken now, at most LARGEST bytes: figures that do not fit any more are left
    out, and that is said. `fonts` holds font files whose letters used here are put into it.
    """
    body = _body(handout)
    pictures = [part for part in body if isinstance(part, Picture)]
    words = "".join(_caption(part) if isinstance(part, Picture) else part for part in body)
    specs = [_slim(picture) for picture in pictures]
    style = (FOLDER / "handout.css").read_text(encoding="utf-8")
    font = webfont.faces(fonts, "".join([words, *specs])) if fonts is not None else ""
    script = (FOLDER / "handout.js").read_text(encoding="utf-8")
    start = f"""<!DOCTYPE html>
<html lang="{spoken()}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{NOTHING_FROM_ELSEWHERE}; font-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(handout.title)}</title>
<style>
{_variables(handout.theme)}
{font}
{style}</style>
</head>
<body>
"""
    end = f"""
<footer>{escape(_("Inside attention"))}</footer>
<div id="progress" role="status" data-failed="{escape(_("This browser is too old to draw the figures."))}"></div>
<script type="text/plain" id="plotly">{_plotly() if pictures else ""}</script>
<script type="application/json" id="config">{json.dumps(TOOLBAR | {"responsive": False})}</script>
<script>
{script}</script>
</body>
</html>
"""
    return start + _filled(body, specs, len((start + words + end).encode("utf-8", "replace"))) + end


def _variables(theme: ThemeName) -> str:
    values = {
        "theme": theme,
        "page": palette.BACKGROUND[theme],
        "text": palette.TEXT[theme],
        "muted": palette.MUTED[theme],
        "line": palette.LINE[theme],
        "link": palette.KEY[theme],
        "font": f"{webfont.FAMILY}, {FONT}",
    }
    return ":root { " + " ".join(f"--{name}: {value};" for name, value in values.items()) + " }"


# -- words ---------------------------------------------------------------------------------------------


Part = str | Picture  # what stands in a file, in its order; figures are put in when the size of all else is known


def _body(handout: Handout) -> list[Part]:
    questions = [block for section in handout.sections for block in section.blocks if isinstance(block, Question)]
    numbers = {id(question): number for number, question in enumerate(questions, start=1)}
    parts: list[Part] = [_header(handout), "<main>"]
    for section in handout.sections:
        if section.title:
            parts.append(f"<h2>{prose.line(section.title)}</h2>")
        parts += [_block(block, numbers) for block in section.blocks]
        if section.link:
            parts.append(f'<p class="muted">{_link(section.link, _("Open this in the app"))}</p>')
    return [*parts, *_answers(questions), "</main>"]


def _header(handout: Handout) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in handout.about if line)
    code = code_of(handout.link) if handout.link else None
    link = (
        f'<p class="muted">{_link(handout.link, _("Open it in the app, to change things"))}</p>' if handout.link else ""
    )
    picture = code.svg(escape(_("QR code of the address of this page in the app"))) if code else ""
    return f"<header><div><h1>{escape(handout.title)}</h1>{lines}{link}</div>{picture}</header>"


def _link(address: str, words: str) -> str:
    return f'<a href="{escape(address)}" rel="noopener noreferrer">{escape(words)}</a>'


def _block(block: Block, numbers: dict[int, int]) -> Part:
    if isinstance(block, Words):
        return prose.html(block.markdown)
    if isinstance(block, Picture):
        return block
    number = numbers[id(block)]
    options = "".join(f"<li>{prose.line(option)}</li>" for option in block.options)
    listed = f'<ol class="options">{options}</ol>' if options else ""
    heading = _("Question {number}").format(number=number)
    return f'<div class="ask"><h3>{escape(heading)}</h3>{prose.html(block.question)}{listed}</div>'


def _answers(questions: Sequence[Question]) -> list[Part]:
    parts: list[Part] = [f"<h2>{escape(_('Answers'))}</h2>"] if questions else []
    for number, question in enumerate(questions, start=1):
        heading = escape(_("Question {number}").format(number=number))
        parts.append(f"<h3>{heading}: {prose.line(question.answer)}</h3>{prose.html(question.why)}")
        parts += question.pictures
    return parts


# -- figures -------------------------------------------------------------------------------------------


def _caption(picture: Picture) -> str:
    return f"<figcaption>{escape(picture.says)}</figcaption>" if picture.says else ""


def _slim(picture: Picture) -> str:
    spec = json.loads(picture.spec)
    only = {"data": spec["data"], "layout": spec["layout"]}
    return json.dumps(only, ensure_ascii=False, separators=(",", ":"))


def _filled(body: Sequence[Part], specs: Sequence[str], size: int) -> str:
    """`specs` are those of its pictures, `size` the bytes of all else."""
    waiting, parts = iter(specs), []
    for part in body:
        if isinstance(part, str):
            parts.append(part)
            continue
        says = f' role="img" aria-label="{escape(part.says)}"' if part.says else ""
        drawn = f'<div class="plot"{says}><script type="text/plain">{_packed(next(waiting))}</script></div>'
        if size + len(drawn) > LARGEST:
            words = _("This figure is too large for a file to hand out: open the page in the app.")
            drawn = f"<p>{escape(words)}</p>"
        size += len(drawn.encode("utf-8", "replace"))
        parts.append(f"<figure>{drawn}{_caption(part)}</figure>")
    return "\n".join(parts)


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), mtime=0)).decode()


@cache
def _plotly() -> str:
    return _packed(get_plotlyjs())
