"""Nothing a visitor reads stands outside the catalogues: in a language that puts every message into ⟦ ⟧, no sentence
is left outside of them."""

import json
import re
import struct
from collections.abc import Callable, Iterator
from gettext import NullTranslations
from typing import Any

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import EVERY_PAGE, ROOT, opened
from viz_core import language
from viz_core.ui.mechanism.translation.scene import EXAMPLES

NUMBERS = "1 2 3 4 3 2 1 2 3"  # a text without words
UNREAD = {"id", "key", "css_content", "js_content", "page_script_hash", "page", "query_string", "config", "icon"}
UNREAD |= {
    "code_text",
    "value",
    "default",
    "raw_value",
    "raw_values",
    "url",
    "element_type",
    "group_id",
    "form_id",
    "component_name",
}
OF_FIGURES = {"text", "title", "name", "hovertemplate", "texttemplate"}
INSIDE = re.compile(r"⟦[^⟦⟧]*⟧")
CUT = re.compile(r"⟦[^⟦⟧]*…")  # a long name in a short sentence
UNSPOKEN = re.compile(
    r"<style>.*?</style>|<[^>]*>|:material/\w+:|\$[^$]*\$|`[^`]*`|%\{[^}]*\}|https?://\S+|&\w+;", re.DOTALL
)
SENTENCE = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
WORD = re.compile(r"[A-Za-z]{3,}")
NAMES = re.compile(
    r"Inside attention|English|tiny-\w+|formation|positions-\w+|gpt2[\w-]*|distilgpt2|gru-\w+|\w+\.csv|Vaswani et al\."
)


TO_TRANSLATE = set(EXAMPLES)  # by a model


class Marked(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"


@pytest.fixture(autouse=True)
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_catalogue", lambda _language: Marked())


STRIPS = {  # where the parts of a page's strip are named, and the setting that says which is shown
    "pages/inside_one_head.py": ("viz_core/ui/chain.py", "step"),
    "pages/matrix_lab.py": ("viz_core/ui/mechanism/matrix_lab/stages.py", "stage"),
}


def parts_of(page: str) -> list[dict[str, str]]:
    """The addresses of its parts."""
    file, setting = STRIPS.get(page, (page, "part"))
    names = re.findall(r"Part\(\s*\"(\w+)\"", (ROOT / file).read_text(encoding="utf-8"))
    return [{setting: name} for name in names] or [{}]


def said(node: Any) -> Iterator[tuple[str, str]]:
    """(where, what) of all that can be read below a node of the page."""
    proto = getattr(node, "proto", None)
    if isinstance(proto, Message):
        yield from _strings(proto)
    for child in getattr(node, "children", {}).values():
        yield from said(child)


def _strings(proto: Message) -> Iterator[tuple[str, str]]:
    for field, value in proto.ListFields():
        if field.name not in UNREAD:
            name = f"{proto.DESCRIPTOR.name}.{field.name}"
            yield from ((name, text) for text in READERS[name](value)) if name in READERS else _of_field(name, value)


def _of_field(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Message):
        yield from _strings(value)
    elif not isinstance(value, bytes | int | float):
        for one in value:
            yield from _of_field(name, one)


def _packed(sent: bytes) -> Iterator[str]:
    (length,) = struct.unpack_from("<I", sent)
    return _all(json.loads(sent[4 : 4 + length]))


def _in_figure(spec: Any, name: str = "") -> Iterator[str]:
    if isinstance(spec, dict):
        for key, value in spec.items():
            yield from _in_figure(value, key)
    elif isinstance(spec, list):
        for value in spec:
            yield from _in_figure(value, name)
    elif isinstance(spec, str) and name in OF_FIGURES:
        yield spec


def _all(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from () if name in {"tokens", "type", "alignment"} else _all(one)
    elif isinstance(value, list):
        for one in value:
            yield from _all(one)
    elif isinstance(value, str):
        yield value


READERS: dict[str, Callable[[Any], Iterator[str]]] = {
    "PlotlyChart.spec": lambda spec: _in_figure(json.loads(spec)),
    "BidiComponent.bytes": _packed,
    "BidiComponent.json": lambda sent: _all(json.loads(sent)),
    "Dataframe.columns": lambda sent: _all(json.loads(sent)),
    "BidiComponent.html_content": lambda html: iter(re.findall(r'(?:>|label=")([^<>"]+)', html)),
}


def outside(text: str) -> str:
    """What is left of a text without its messages, formulas, code and names."""
    text = UNSPOKEN.sub(" ", text)
    while INSIDE.search(text):
        text = INSIDE.sub(" ", text)
    return NAMES.sub(" ", CUT.sub(" ", text))


def untranslated(app: AppTest) -> list[tuple[str, str]]:
    found = []
    for where, text in said(app._tree):
        left = outside(text)
        labels = where.endswith((".label", ".help", ".placeholder"))
        if SENTENCE.search(left) or (labels and WORD.search(left)):
            found.append((where, " ".join(left.split())))
    return found


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_visible_word_is_in_the_catalogue(page: str) -> None:
    left = []
    for part in parts_of(page):
        app = opened(page, lang="ko", text=NUMBERS, **part)
        assert not app.exception
        left += [(page, *part.values(), *found) for found in untranslated(app) if found[1] not in TO_TRANSLATE]
    assert not left
