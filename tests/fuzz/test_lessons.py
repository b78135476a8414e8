"""Lesson files and class files as nobody should write them: told with file and line, and nothing in them is run."""

import random
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import strategies as st

from tests.fuzz import texts
from tests.fuzz.bounds import a_sentence, bounded
from tests.fuzz.cases import fuzzed
from tests.lessons.written import ENGLISH, KOREAN
from viz_core.lessons.answers import ANSWERS
from viz_core.lessons.check import check
from viz_core.lessons.lesson import Broken, Lesson
from viz_core.lessons.shelf import lessons
from viz_core.lessons.values import VALUES
from viz_core.ui import classroom

BOMB = "\n".join(
    ["a: &a [x, x]", *(f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True))]
)
ODD = (
    *("&a [*a]", "*a", "!!python/object/apply:os.system ['id']", "!!python/name:os.system", "!!binary aGk=", "!!int 3"),
    *(
        "<<: {a: 1}",
        "? [a, b]\n: c",
        "{",
        "[",
        "]",
        "}",
        "- ",
        "|",
        ">",
        "|9",
        "'",
        '"',
        "%YAML 9.9",
        "---",
        "...",
        "# x",
    ),
    *(
        "0x1F",
        "1e999",
        ".inf",
        ".nan",
        "-0",
        "1_000",
        "2001-01-01",
        "null",
        "~",
        "yes",
        "No",
        "on",
        "true",
        "9" * 5_000,
    ),
    *("[" * 400, "{a: " * 400, "- " * 400, "\t", "\0", "\ufeff", "\u2028", "\x85", "\r", "{{", "}}", "{{token}}"),
    *("{{" + "(" * 500 + "}}", "{{token(of=__import__('os'))}}", '{{share(of="x", of="y")}}', "{{().__class__}}"),
    *("{{share(**{})}}", "{{" + "-" * 3_000 + "1}}", "{{share(of=" + "9" * 5_000 + ")}}", "{{lambda: 0}}", "{{a;b}}"),
    *("```view", "```ask", "```", "~~~", "````", "## ", "##", "### x", "page: ..", "page: ../../app", "head: 999999"),
    *("with: {of: [[[]]]}", "with: 1", "answer: eval", "click: cell", "options: [a, a]", "mistake: -1", BOMB),
)
called = st.builds(
    "{{{{{}({}={})}}}}".format,
    st.sampled_from(sorted(VALUES)),
    st.sampled_from(["of", "at", "k", "temperature"]),
    st.sampled_from(["1", "-1", "1e9", "'x'", "None", "[]", "{}", "0", "1e-300"]),
)
junk = st.one_of(st.sampled_from(ODD), texts.short, called, st.sampled_from(sorted(ANSWERS)).map("answer: {}".format))


def spliced(source: str, at: int, length: int, put: str) -> str:
    at %= len(source) + 1
    return source[:at] + put + source[at + length :]


def other_value(source: str, at: int, put: str) -> str:
    lines = source.split("\n")
    entries = [number for number, line in enumerate(lines) if ": " in line]
    if entries:
        name, _colon, _value = lines[entries[at % len(entries)]].partition(": ")
        lines[entries[at % len(entries)]] = f"{name}: {put}"
    return "\n".join(lines)


def other_order(source: str, seed: int) -> str:
    lines = source.split("\n")
    order = random.Random(seed)  # noqa: S311  no secret
    for _swap in range(3):
        one, other = order.randrange(len(lines)), order.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def dumped(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True)


places = st.integers(0, 10_000)
changes: st.SearchStrategy[Callable[[str], str]] = st.one_of(
    st.builds(
        lambda at, length, put: lambda source: spliced(source, at, length, put), places, st.integers(0, 60), junk
    ),
    st.builds(lambda at, put: lambda source: other_value(source, at, put), places, junk),
    st.builds(lambda at: lambda source: other_order(source, at), places),
    st.builds(lambda at: lambda source: source[:at], places),
    st.builds(lambda at, put: lambda source: source.replace("```ask\n", f"```ask\n{put}\n", 1 + at % 3), places, junk),
    st.builds(lambda put: lambda source: source.replace("page: ", f"{put}: x\npage: ", 1), junk),
    st.builds(lambda put: lambda _source: f"---\n{put}\n---\n## x\n```ask\n{put}\n```", junk),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts.sent_short | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts.sent_short, inner, max_size=3),
    max_leaves=8,
)
blocks = st.builds(
    lambda front, view, ask: f"---\n{front}\n---\n## x\n```view\n{view}```\n```ask\n{ask}```\n",
    anything.map(dumped) | st.just("title: a\nsummary: b\nminutes: 3"),
    anything.map(dumped) | st.just("page: masks\n"),
    anything.map(dumped),
)


def changed(source: str, made: list[Callable[[str], str]]) -> bytes:
    for change in made:
        source = change(source)
    return source.encode("utf-8", "surrogatepass")


english = st.builds(changed, st.just(ENGLISH), st.lists(changes, min_size=1, max_size=3)) | blocks.map(str.encode)
korean = st.builds(changed, st.sampled_from([KOREAN, ENGLISH]), st.lists(changes, max_size=2))
bytes_of = st.one_of(
    english,
    english,
    st.binary(max_size=200),
    english.map(lambda found: found.decode("utf-8", "replace").encode("utf-16")),
)
FILE_NAMES = (
    "01-small",
    "01-other",
    "00-",
    "1-x",
    "٠١-x",
    "01-small.ko.ko",
    "..md",
    "99-" + "a" * 200,
    "01-SMALL",
    "01-a b",
)


def is_told(folder: Path, complaint: Exception) -> None:
    said = str(complaint)
    assert said.startswith(str(folder))
    lines = complaint.file.read_bytes().count(b"\n") + 1  # type: ignore[attr-defined]
    assert 1 <= complaint.line <= lines, said  # type: ignore[attr-defined]
    assert complaint.cause  # type: ignore[attr-defined]


@fuzzed(
    "lessons: files",
    few=130,
    many=4_500,
    source=bytes_of,
    other=korean | st.binary(max_size=99) | st.none(),
    name=st.just("01-small") | st.sampled_from(FILE_NAMES),
)
def test_a_file_is_a_lesson_or_told(source: bytes, other: bytes | None, name: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / f"{name}.md").write_bytes(source)
        if other is not None:
            (folder / f"{name}.ko.md").write_bytes(other)
        for language in ("en", "ko"):
            with bounded():
                found = lessons(language, folder)
            assert found
            for lesson in found:
                if isinstance(lesson, Broken):
                    is_told(folder, lesson.complaint)
                else:
                    assert isinstance(lesson, Lesson)
                    assert lesson.steps


arguments = st.sampled_from(
    [
        *(
            "of: entropy",
            "of: 1",
            "k: 0",
            "k: 99",
            "k: -1",
            "at: 999",
            "at: [0, 0]",
            "token: zebra",
            "token: ''",
            "of: []",
        ),
        *(
            "layer: 99",
            "head: -1",
            "temperature: 0",
            "temperature: -1",
            "divide_by: 0",
            "times: 0.000000001",
            "model: gpt2",
        ),
        *(
            "model: tiny-bert",
            "text: ''",
            "text: '\\0'",
            "between: [{}, {}]",
            "between: []",
            "between: [{divide_by: 0}, {}]",
        ),
        *(
            "between: [{text: ''}, {model: tiny-translator}, {query: 99}]",
            "mask: zebra",
            "row: 99",
            "words: [a]",
            "n: 10000000",
        ),
    ]
)
asks = st.builds(
    lambda answer, given, click: ENGLISH.replace(
        "answer: strongest_cell_in_row\n", f"answer: {answer}\nwith: {{{given}}}\n"
    ).replace("click: cell", click),
    st.sampled_from(sorted(ANSWERS)),
    st.lists(arguments, max_size=3, unique=True).map(", ".join),
    st.sampled_from(["click: cell", "click: token", "options: [a, b]"]),
)
fillings = st.builds(
    lambda name, given: ENGLISH.replace("Words alone.", f"{{{{{name}({given})}}}}"),
    st.sampled_from(sorted(VALUES)),
    st.lists(arguments.map(lambda said: said.replace(": ", "=", 1)), max_size=2, unique=True).map(", ".join),
)


@fuzzed("lessons: answers computed", few=12, many=400, source=asks | fillings)
def test_what_it_asks_is_computed_or_told(source: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "01-small.md").write_bytes(source.encode("utf-8", "surrogatepass"))
        with bounded():
            complaints = check(folder)
        for complaint in complaints:
            is_told(folder, complaint)


# -- TOML of a class, and of a server ------------------------------------------------------------------------

CLASS = """title = "A class"
language = "en"
model = "tiny-gpt"
models = ["tiny-gpt", "formation@1650"]
lessons = [1, 2]
address = "http://192.168.0.12:8501"
[[sentences]]
name = "A dog"
text = "The dog bit the man"
"""
SERVER = """models = ["gpt2", "owner/*"]
folders = ["/srv/models"]
longest_text = 20000
largest_model = 2.5
memory = 3
heavy = 1
"""
VALUES_OF_TOML = (
    *(
        '""',
        '"x"',
        "0",
        "-1",
        "9223372036854775807",
        "1e400",
        "nan",
        "inf",
        "-inf",
        "true",
        "[]",
        "[[]]",
        "{}",
        "1979-05-27",
    ),
    *(
        '["*"]',
        '["**/*"]',
        '["a/*", 1]',
        '["/"]',
        '["~"]',
        '["~nobody/x"]',
        '["\\u0000"]',
        '"\\u0000"',
        '["formation@0"]',
    ),
    *('"http://"', '"http://[::1"', '"http://a:99999"', '"http://a:b@c"', '"javascript:x"', '"http://é"', "[" * 2_000),
    *(
        "{a = {b = {c = 1}}}",
        "[{name = 1}]",
        '[{name = "a", text = " "}]',
        "[1, 1]",
        "[99]",
        "0x7fffffffffffffffffff",
        "1_0",
    ),
    *(
        '"' + "a" * 30_000 + '"',
        '["tiny-gpt@x"]',
        '["tiny-gpt", "tiny-gpt"]',
        '["tiny-translator"]',
        "07:32:00",
        "'''",
        '"\\ud800"',
    ),
)
of_toml = st.sampled_from(VALUES_OF_TOML) | texts.short | texts.short.map(lambda text: f"'{text}'")


def other_setting(source: str, at: int, put: str) -> str:
    lines = source.split("\n")
    at %= len(lines)
    lines[at] = f"{lines[at].partition(' = ')[0]} = {put}"
    return "\n".join(lines)


toml = st.one_of(
    st.builds(lambda at, put: lambda source: other_setting(source, at, put), places, of_toml),
    st.builds(
        lambda at, length, put: lambda source: spliced(source, at, length, put), places, st.integers(0, 30), of_toml
    ),
    st.builds(lambda at: lambda source: source[: at % (len(source) + 1)], places),
    st.builds(lambda name, put: lambda source: f"{name} = {put}\n{source}", texts.short | st.just("a.b.c"), of_toml),
)


def of_file(read: Callable[[Path], object], unusable: type[Exception], content: bytes) -> None:
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "it.toml"
        path.write_bytes(content)
        with bounded():
            try:
                read(path)
            except unusable as error:
                a_sentence(error, 5_000, names=str(path))


@fuzzed("classes: TOML", few=60, many=2_000, made=st.lists(toml, min_size=1, max_size=3))
def test_a_class_is_read_or_told(made: list[Callable[[str], str]]) -> None:
    of_file(classroom.read, classroom.Unusable, changed(CLASS, made))


@pytest.mark.skipif(find_spec("viz_core.ui.server") is None, reason="there are no settings of a server")
@fuzzed("servers: TOML", few=40, many=1_500, made=st.lists(toml, min_size=1, max_size=3))
def test_a_server_is_read_or_told(made: list[Callable[[str], str]]) -> None:
    from viz_core.ui import server  # noqa: PLC0415

    of_file(server.read, server.Unusable, changed(SERVER, made))
