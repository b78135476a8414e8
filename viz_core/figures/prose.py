"""Words of a lesson as HTML: Markdown, and formulas as MathML, which every browser draws with fonts of its own.

What is written is shown and never acted upon: markup in the words stays words, and a formula that would make anything
but a formula stays as it was typed.
"""

import re
from collections.abc import MutableMapping, Sequence
from functools import cache
from html import escape
from typing import Any
from xml.etree import ElementTree as ET

from latex2mathml import exceptions
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

NO_FORMULA: tuple[type[Exception], ...] = (
    *(found for found in vars(exceptions).values() if isinstance(found, type)),
    ET.ParseError,
    LookupError,
    StopIteration,  # of what ends too soon
    ValueError,
)
MATHML = "http://www.w3.org/1998/Math/MathML"
ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        """math menclose mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub msubsup msup mtable
        mtd mtext mtr munder munderover""",
    )
)
ATTRIBUTES = frozenset(
    re.findall(
        r"\w+",
        """accent accentunder columnalign columnlines depth display displaystyle fence form height linethickness lspace
        mathvariant maxsize minsize movablelimits notation rowlines rspace scriptlevel separator stretchy symmetric
        width""",
    )
)
NEGATIVE = {"negativethinmathspace": "-0.1667em", "negativemediummathspace": "-0.2222em"}
ICON = re.compile(r":material/\w+:\s*")  # Streamlit's, which nothing else draws


def html(markdown: str) -> str:
    """Markdown of one step: paragraphs, lists, tables, emphasis, links, $…$ and $$…$$."""
    return str(_reader().render(ICON.sub("", markdown)))


def line(markdown: str) -> str:
    """The same of one line, without a paragraph around it."""
    return str(_reader().renderInline(ICON.sub("", markdown)))


def formula(tex: str, *, displayed: bool) -> str:
    """TeX as MathML; as typed, where it is no formula."""
    try:
        drawn = ET.fromstring(convert(tex, display="block" if displayed else "inline"))  # noqa: S314  our own
        _check(drawn)
    except NO_FORMULA:
        return f"<code>{escape(tex)}</code>"
    ET.register_namespace("", MATHML)
    return ET.tostring(drawn, encoding="unicode")


def _check(drawn: ET.Element) -> None:
    """What is in a \\text{…} comes out of latex2mathml as it was typed, markup too. Raises ValueError."""
    for element in drawn.iter():
        name = element.tag.removeprefix(f"{{{MATHML}}}")
        if name not in ELEMENTS:
            raise ValueError(f"no part of a formula: {name}")
        for attribute in set(element.keys()) - ATTRIBUTES:
            del element.attrib[attribute]
        if element.get("width") in NEGATIVE:
            element.set("width", NEGATIVE[element.attrib["width"]])


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("js-default", {"html": False, "linkify": False}).enable("table").disable("image")
    reader.use(dollarmath_plugin, double_inline=True, allow_digits=False)
    for name, displayed in (("math_inline", False), ("math_inline_double", True), ("math_block", True)):
        reader.add_render_rule(name, _displayed if displayed else _inline)
    return reader


def _inline(
    _self: RendererProtocol, tokens: Sequence[Token], at: int, _options: Any, _env: MutableMapping[str, Any]
) -> str:
    return formula(tokens[at].content.strip(), displayed=False)


def _displayed(
    _self: RendererProtocol, tokens: Sequence[Token], at: int, _options: Any, _env: MutableMapping[str, Any]
) -> str:
    return f'<div class="formula">{formula(tokens[at].content.strip(), displayed=True)}</div>'
