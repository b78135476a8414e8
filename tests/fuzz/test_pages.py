"""Every page, opened by an address that says anything: it draws to its end, and tells what a visitor may hear."""

import ast
import re
from collections.abc import Iterator

import pytest
from huggingface_hub import constants
from hypothesis import strategies as st

from tests.fuzz import texts
from tests.fuzz.cases import fuzzed
from tests.pages.test_pages import EVERY_PAGE, OF_THEIR_OWN, ROOT, opened
from viz_core.analysis import lab
from viz_core.lessons import places
from viz_core.matrices import UnusableMatrix
from viz_core.models import UnusableText, WeightsUnavailable, bundled_names
from viz_core.ui import show, state

VISITORS = (UnusableText, WeightsUnavailable, UnusableMatrix)  # the last one in the matrix lab alone
TOLD = 60  # characters of a sentence by which it is known again: a long one is shortened
NAMES = sorted(state.SETTINGS - {"part", "step"})
RIGHT = st.just("tiny-gpt") | st.sampled_from([*bundled_names(), "formation@1650", "positions-alibi", "tiny-bert"])
WRONG = st.sampled_from(
    [
        "/",
        "/etc",
        "..",
        "~",
        "~nobody",
        "a/b",
        "formation@",
        "formation@-1",
        "tiny-gpt@9",
        "gpt2/../..",
        "%00",
        "x" * 301,
    ]
)


def _words_of_the_pages() -> list[str]:
    """Short texts in the program of the pages: what settings may be called is among them."""
    files = [*ROOT.glob("pages/*.py"), *ROOT.glob("viz_core/ui/**/*.py")]
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    found = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return sorted(word for word in found if re.fullmatch(r"[a-zA-Z0-9_.-]{1,24}", word))


number = st.one_of(
    st.integers(-2, 12).map(str),
    st.sampled_from(
        [
            "256",
            "999999",
            "1000000",
            "-0",
            "1e9",
            "1e-9",
            "nan",
            "inf",
            "-inf",
            "0.5",
            "1.5",
            "٣",
            "1_0",
            "0x1",
            "00",
            "+1",
        ]
    ),
    st.floats().map(str),
    st.integers().map(str),
)
cells = st.lists(st.integers(0, 70), max_size=6).map(lambda found: "-".join(map(str, found)))
matrix = st.builds("{}{}{}_{} {}".format, number, st.sampled_from([" ", ",", ";"]), number, number, number)
said = st.one_of(st.sampled_from(_words_of_the_pages()), number, cells, matrix, texts.sent_short)
sentence = st.one_of(
    texts.sent_short,
    texts.sent_short,
    st.sampled_from(["The dog bit the man", "a a a a", "x"]),
    texts.sent.map(lambda text: text[:5_000]),
)


def addresses(page: str) -> st.SearchStrategy[dict[str, str]]:
    name = page.removeprefix("pages/").removesuffix(".py").replace("app", "explore")
    part = st.sampled_from(sorted(places.parts(name)) or ["x"]) | said
    shown = st.fixed_dictionaries({}, optional={places.part_setting(name): part})
    seen = st.fixed_dictionaries(
        {},
        optional={
            "model": st.one_of(RIGHT, RIGHT, RIGHT, WRONG, texts.sent_short),
            "text": sentence,
            **dict.fromkeys(places.COUNTED, number),
        },
    )
    return st.builds(
        lambda *found: {name: value for part in found for name, value in part.items()},
        seen,
        shown,
        st.dictionaries(st.sampled_from(NAMES), said, max_size=8),
    )


@pytest.fixture(autouse=True, scope="module")
def sentences() -> Iterator[set[str]]:
    """What the errors said that visitors may meet; the Hub is not asked."""
    heard: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        for kind in VISITORS:
            patch.setattr(kind, "__init__", _listening(kind, heard))
        mismatches = lab.mismatches

        def listened(given: lab.Matrices) -> list[lab.Mismatch]:
            found = mismatches(given)
            heard.update(show.literal(mismatch.says[:TOLD]).rstrip("\\") for mismatch in found)
            return found

        patch.setattr(lab, "mismatches", listened)  # what the matrix lab says of shapes that do not fit
        yield heard


def _listening(kind: type[Exception], heard: set[str]) -> object:
    original = kind.__init__

    def begin(self: Exception, message: str, **more: object) -> None:
        heard.add(show.literal(message[:TOLD]).rstrip("\\"))
        original(self, message, **more)

    return begin


@pytest.mark.parametrize("page", EVERY_PAGE)
@fuzzed("pages: by an address", few=2, many=102, data=st.data())
def test_a_page_draws_whatever_its_address_says(page: str, sentences: set[str], data: st.DataObject) -> None:
    address = data.draw(addresses(page), label="address")
    app = opened(page, **address)
    assert not app.exception, (address, app.exception[0].message, app.exception[0].stack_trace)
    typed = data.draw(sentence, label="sentence") if page not in OF_THEIR_OWN and data.draw(st.booleans()) else None
    if typed is not None:
        app.text_input(key="sentence").set_value(typed).run()
        assert not app.exception, (address, typed, app.exception[0].message, app.exception[0].stack_trace)
    for error in app.error:
        assert any(words in error.value for words in sentences), error.value
