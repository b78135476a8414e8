"""Any text, to every model that comes with the program, and to everything that shows or stores a text."""

import ast
import csv
import io
import re
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

import viz_core
from tests.fuzz import texts
from tests.fuzz.bounds import a_sentence
from tests.fuzz.cases import fuzzed
from viz_core import notebook, storing
from viz_core.figures import Curve, attention_heatmap, curves, told
from viz_core.figures.bars import next_token_bars
from viz_core.figures.handout import Handout, Question, Section, Words, document
from viz_core.figures.labels import label_width, literal, numbered, shortened
from viz_core.figures.prose import ATTRIBUTES, ELEMENTS, html, line
from viz_core.figures.tabled import tables
from viz_core.figures.taken import FORMULA, Cells, standalone, table
from viz_core.models import UnusableText, bundled_names, bundled_readers, readable
from viz_core.ui import show

TRANSLATORS = sorted(set(bundled_names()) - set(bundled_readers()))
load = cache(viz_core.load)


@pytest.mark.parametrize("name", bundled_readers())
@fuzzed("texts: readers", few=11, many=350, text=texts.texts)
def test_a_reader_records_it_or_says_why_not(name: str, text: str) -> None:
    model = load(name)
    try:
        recording = model.record(text)
    except UnusableText as error:
        a_sentence(error, 500)
        cut = text if error.limit is None else model.cut(text)
        assert text.startswith(cut)
        fits = error.limit is None or len(model.token_ids(cut)) <= error.limit
        assert fits
        return
    assert len(recording.tokens) == len(recording.token_ids) <= model.context
    assert all(label and label.isprintable() for label in recording.tokens)
    assert recording.logits.isfinite().all()
    assert torch.equal(model.record(text).logits, recording.logits)
    offsets = model.tokenizer.offsets(text)
    assert all(0 <= start <= end <= len(text) for start, end in offsets)


@pytest.mark.parametrize("name", ["tiny-gpt", "formation"])
@fuzzed("texts: there and back", few=10, many=500, text=texts.short)
def test_the_tokens_of_a_text_spell_it(name: str, text: str) -> None:
    tokenizer = load(name).tokenizer
    try:
        ids = tokenizer.token_ids(text)
    except UnusableText:
        assert any("\ud800" <= character <= "\udfff" for character in text)
        return
    normal = tokenizer.backend.normalizer
    assert tokenizer.text(ids) == (normal.normalize_str(text) if normal else text)


@pytest.mark.parametrize("name", TRANSLATORS)
@fuzzed("texts: translators", few=6, many=120, text=texts.texts, target=st.none() | texts.short)
def test_a_translator_translates_it_or_says_why_not(name: str, text: str, target: str | None) -> None:
    model = load(name)
    try:
        recording = model.record(text, target)
    except UnusableText as error:
        a_sentence(error, 500)
        return
    assert len(recording.tokens) <= model.context
    assert all(count >= 0 for count in model.seen(text).values())
    assert isinstance(model.translate(text), str)


@fuzzed("texts: bytes of tokens", few=50, many=1_500, pieces=st.lists(st.binary(max_size=6), max_size=12))
def test_bytes_that_spell_nothing_have_labels(pieces: list[bytes]) -> None:
    found = readable.labels(pieces)
    assert len(found) == len(pieces)
    assert all(label and "\ufffd" not in label and label.isprintable() for label in found)


@fuzzed("texts: figures", few=25, many=500, tokens=st.lists(texts.short, min_size=1, max_size=6), title=texts.short)
def test_figures_draw_tell_and_tabulate_it(tokens: list[str], title: str) -> None:
    n = len(tokens)
    values = np.linspace(-1, 1, n * n, dtype=np.float32).reshape(n, n)
    heatmap = attention_heatmap(values, tokens, title=literal(title), subtitle="", unit="", weights=False, theme="dark")
    bars = next_token_bars(tokens, np.linspace(0, 1, n).tolist(), theme="light", height=200)
    heights = np.linspace(0, 1, n)
    lines = curves(
        [Curve(literal(shortened(title)), np.arange(n), heights)],
        title=literal(title),
        subtitle="",
        x_title="",
        y_title="",
        theme="light",
    )
    assert len(numbered(tokens)) == n
    assert label_width(tokens) >= 6
    for figure in (heatmap, bars, lines):
        assert isinstance(told.largest(figure), str)
        for found in tables(figure):
            assert len(set(found.rows)) == len(found.rows)
            assert len(set(found.columns)) == len(found.columns)
        rows = list(csv.reader(io.StringIO(table(figure), newline="")))
        assert len({len(row) for row in rows}) == 1
    for row in csv.reader(io.StringIO(table(heatmap, Cells(values, tokens, tokens)), newline="")):
        assert len(row) == 5
        assert not row[1].startswith(FORMULA)


class _Seen(HTMLParser):
    """Elements and attributes as a browser would make them."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += attrs


def seen(written: str) -> _Seen:
    parser = _Seen()
    parser.feed(written)
    return parser


PROSE = "p br hr h1 h2 h3 h4 h5 h6 em strong s code pre ul ol li blockquote a table thead tbody tr th td div math"
ASIDE = frozenset({"class", "href", "title", "style", "start", "xmlns"})


def harmless(written: str) -> None:
    found = seen(written)
    assert found.elements <= {*PROSE.split(), *ELEMENTS}
    for name, value in found.attributes:
        assert name in ASIDE | ATTRIBUTES, name
        if name == "href":
            assert not (value or "").strip().lower().startswith(("javascript:", "vbscript:", "file:", "data:"))
        if name == "style":
            assert (value or "").startswith("text-align:")


formulas = texts.short.map(lambda text: f"${text}$") | st.text(
    st.sampled_from("\\{}^_&%abfrcsqtx12 leghni[]()"), max_size=30
).map(lambda text: f"$${text}$$")


@fuzzed(
    "texts: prose of lessons",
    few=60,
    many=2_500,
    words=st.one_of(texts.texts, formulas, st.tuples(texts.short, formulas).map("\n\n".join)),
)
def test_prose_becomes_words_and_formulas_alone(words: str) -> None:
    harmless(html(words[:20_000]))
    harmless(line(words[:20_000]))


@fuzzed("texts: hand-outs", few=8, many=200, title=texts.short, words=texts.texts, link=texts.short)
def test_a_hand_out_is_made_of_it(title: str, words: str, link: str) -> None:
    question = Question(words[:2_000], [title, link], title, words[:2_000])
    made = document(Handout(title, [words[:2_000]], [Section(title, [Words(words[:2_000]), question], link)], link))
    made.encode("utf-8", "replace")
    assert seen(made).elements.isdisjoint({"img", "iframe", "object", "embed", "form", "base"})
    assert made.count("<script") == 3  # its own


@fuzzed("texts: a page of one figure", few=3, many=40, title=texts.short, token=texts.short)
def test_a_figure_taken_along_runs_nothing_of_it(title: str, token: str) -> None:
    one = np.ones((1, 1), np.float32)
    drawn = attention_heatmap(one, [token], title=literal(title), subtitle="", unit="", weights=True, theme="light")
    made = standalone(drawn, theme="light", about=[title, token])
    assert seen(made).elements.isdisjoint({"img", "iframe", "object", "embed", "form", "base"})


@fuzzed("texts: lines for a notebook", few=40, many=1_500, model=texts.short, text=texts.texts)
def test_the_lines_for_a_notebook_hold_it_as_a_literal(model: str, text: str) -> None:
    code = notebook.snippet(model, text, layer=0, head=1, theme="dark")
    tree = ast.parse(code.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    assert len(tree.body) == 7
    assert len(code.splitlines()) == 10


@fuzzed("texts: Markdown", few=60, many=3_000, text=texts.texts)
def test_markdown_shows_it_as_it_is(text: str) -> None:
    shown = show.literal(text)
    shown.encode()  # no half characters
    back = shown.replace("\u2060", "")
    bare = re.sub(r"\\(.)", r"\1", back)
    assert bare == text.encode("utf-8", "replace").decode().replace("\u2060", "")
    assert "://" not in shown
    assert show.quoted(text).startswith("“")


def _whole_pairs(text: str) -> str:
    """Two halves of a character side by side are the character, in JSON as in a browser."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@fuzzed(
    "texts: stored recordings",
    few=12,
    many=400,
    text=texts.texts,
    model=texts.short,
    kind=st.sampled_from(["npz", "safetensors"]),
)
def test_a_recording_is_stored_with_it(text: str, model: str, kind: storing.Kind) -> None:
    text, model = _whole_pairs(text), _whole_pairs(model)
    file = io.BytesIO()
    storing.save(load("formation").record("The dog"), file, text=text, model=model, about={text: model}, kind=kind)
    file.seek(0)
    found = storing.load_stored(file)
    assert (found.text, found.model, found.about) == (text, model, {text: model})
