"""Lesson files: what is right is read as it stands, what is wrong is told with file, line and cause."""

from pathlib import Path

import pytest

from tests.lessons.written import ENGLISH, KOREAN, write
from viz_core.lessons.__main__ import main
from viz_core.lessons.answers import ANSWERS
from viz_core.lessons.asked import Asked
from viz_core.lessons.blocks import Block
from viz_core.lessons.check import check
from viz_core.lessons.lesson import Broken, Lesson
from viz_core.lessons.shelf import lessons


def line_of(source: str, words: str) -> int:
    """Of the first line that has these words."""
    return next(number for number, line in enumerate(source.splitlines(), 1) if words in line)


def told(folder: Path) -> list[str]:
    return [f"{complaint.file.name}:{complaint.line}: {complaint.cause}" for complaint in check(folder)]


def test_a_lesson_is_read_as_it_is_written(tmp_path: Path):
    assert told(write(tmp_path)) == []
    (lesson,) = lessons("en", tmp_path)
    assert isinstance(lesson, Lesson)
    assert (lesson.number, lesson.name, lesson.title, lesson.minutes) == (1, "small", "A small lesson", 4)
    assert [step.title for step in lesson.steps] == [
        "It looks back",
        "Which cell",
        "Which tokens",
        "Most even",
        "The end",
    ]
    assert lesson.steps[0].view["head"] == "3"
    assert lesson.steps[0].words == 'The row “{{token}}” gives {{share(of="largest_weight")}} to one token.'
    ask = lesson.steps[3].ask
    assert ask is not None
    assert ask.options == ("as it is", "undivided", "at temperature 5")
    assert ask.given == {"of": "entropy", "between": [{}, {"divide_by": 1}, {"temperature": 5}]}
    assert lesson.questions == 3


def test_another_language_has_the_words_and_the_english_file_the_rest(tmp_path: Path):
    write(tmp_path)
    (lesson,) = lessons("ko", tmp_path)
    assert isinstance(lesson, Lesson)
    assert (lesson.title, lesson.language, lesson.minutes) == ("작은 수업", "ko", 4)
    ask = lesson.steps[3].ask
    assert ask is not None
    assert (ask.options[2], ask.answer) == ("온도 5", "largest")
    assert lesson.steps[1].view["page"] == "masks"


def test_without_a_translation_it_comes_in_english(tmp_path: Path):
    write(tmp_path, korean=None)
    (lesson,) = lessons("ko", tmp_path)
    assert isinstance(lesson, Lesson)
    assert lesson.language == "en"


def test_python_in_the_words_is_no_block_of_ours(tmp_path: Path):
    code = "```python\n## no step\nx = 1\n```"
    write(tmp_path, ENGLISH.replace("Words alone.", code), None)
    (lesson,) = lessons("en", tmp_path)
    assert isinstance(lesson, Lesson)
    assert lesson.steps[-1].words == code


@pytest.mark.parametrize(
    ("right", "wrong", "cause"),
    [
        ("head: 3", "head: 6", "head is 6; layer 1 has 6 heads, 0 to 5"),
        ("layer: 1", "layer: 9", "layer is 9; the model has 4 layers, 0 to 3"),
        ("query: 2", "query: 5", "query is 5; the text has 5 tokens, 0 to 4"),
        ("query: 2", "query: two", "expected a whole number from 0"),
        ("page: masks", "page: maskes", "there is no page maskes"),
        ("part: head", "part: heads", "no part heads; it has examples, head, why"),
        ("step: softmax", "step: softmaxx", "no step softmaxx"),
        ("page: explore", "page: explore\nmodel: gpt-9", "there is no bundled model gpt-9"),
        ("page: explore", "page: explore\nmodel: tiny-translator", "there is no bundled model tiny-translator"),
        ("page: explore", "page: explore\ncolour: red", "unknown entry colour"),
        ("page: explore", "page: explore\nlesson: 3", "unknown entry lesson"),
        ("answer: largest", "answer: larger", "there is no answer larger"),
        ("with: {of: entropy,", "with: {off: entropy,", "largest: missing a required argument: 'of'"),
        ("with: {of: entropy,", "with: {of: entropie,", "of is 'entropie'; expected one of weight"),
        ("{temperature: 5}]", "{temperature: 0}]", "temperature is 0.0; expected a number above 0"),
        (", {temperature: 5}]", "]", "2 states for 3 options"),
        ("click: token", "click: word", "click is word; expected cell or token"),
        ("click: token", "clack: token", "unknown entry clack"),
        ("mistake: 2", "mistake: 14", "expected a whole number from 1 to 13"),
        ("minutes: 4", "minutes: soon", "expected a whole number from 1 to 60"),
        ("minutes: 4", "", "minutes is missing"),
        ("title: A small lesson", "title: [A", "expected"),
        ("title: A small lesson", "title: a: b", "mapping values are not allowed here"),
        ("summary: One", "summary: x\nsummary: One", "summary stands here twice"),
        ("{{token}}", "{{tokan}}", "there is no value tokan"),
        ("{{token}}", "{{token(at=77)}}", "token: "),
        ("{{token}}", "{{token(where=7)}}", "unexpected keyword argument 'where'"),
        ("{{token}}", "{{7 7}}", "is no value"),
        ("why: Ahead.", "", "why is missing"),
        ("{{token}}", "{{token(at={[1]})}}", "is no value"),
        ("{{token}}", "{{token(at={[]: 1})}}", "is no value"),
        pytest.param("{{token}}", "{{" + "-" * 3000 + "1}}", "is no value", id="signs without end"),
        ("title: A small lesson", "title: A {{nope}}", "title can hold no {{…}}"),
        ("summary: One head", "summary: One {{token}}", "summary can hold no {{…}}"),
        ("- undivided", "- as it is", "two options are the same: as it is"),
        ("- undivided", '- ""', "options: expected a list of two texts or more"),
        ("{temperature: 5}]", "{temperature: 2020-13-45}]", "could not convert"),
        ("{temperature: 5}]", "{temperature: 0x_}]", "could not convert"),
        ("{temperature: 5}]", "{temperature: !!int abc}]", "a lesson has neither tags"),
        ("{temperature: 5}]", "{temperature: !!float zz}]", "a lesson has neither tags"),
        ("{temperature: 5}]", "{temperature: !!bool x}]", "a lesson has neither tags"),
        ("{temperature: 5}]", "{temperature: !!timestamp foo}]", "a lesson has neither tags"),
        ("[{}, {divide_by: 1}", "[&a {}, *a", "a lesson has neither tags"),
        ("{temperature: 5}]", "{temperature: 5, temperature: 5}]", "temperature stands here twice"),
        ("{temperature: 5}]", "{[5]: 5}]", "expected lines of the form"),
        ("{divide_by: 1}", "{divide_by: 0}", "division by zero"),
        ("{divide_by: 1}", "{model: gpt-9}", "gpt-9"),
        ("{divide_by: 1}", "{heads_off: 3}", "largest: "),
        ("{of: entropy, between", "{of: no, between", "no: expected true or false"),
        pytest.param("[{}, {divide", "[" * 3000 + "{}, {divide", "ask: lists in lists", id="lists without end"),
        pytest.param("answer: largest", "answer:\n" + "- " * 3000 + "x", "ask: lists in lists", id="lines without end"),
        ("## It looks back", "# It looks back", "words before the first step"),
        ("nats.\n```", "nats.\n", "this block has no end"),
        ("Words alone.", "```view\npage: masks\n```\n```view\npage: masks\n```", "a second view in one step"),
        ("Words alone.", "```ask\nquestion: q\nclick: cell\nanswer: forbidden\nwhy: w\n```", "nothing to click"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, right: str, wrong: str, cause: str):
    assert right in ENGLISH
    english = ENGLISH.replace(right, wrong, 1)
    (complaint, *_more) = told(write(tmp_path, english, None))
    file, line, said = complaint.split(":", 2)
    assert file == "01-small.md"
    assert cause in said
    changed = [
        number
        for number, (one, other) in enumerate(
            zip([*english.splitlines(), ""], [*ENGLISH.splitlines(), ""], strict=False), 1
        )
        if one != other
    ]
    assert abs(int(line) - changed[0]) <= 10, "not near what is wrong"


@pytest.mark.parametrize(
    ("right", "wrong", "cause"),
    [
        ("head: 3", "head: 6", "head is 6"),
        ("page: masks", "page: maskes", "there is no page"),
        ("part: head", "part: heads", "no part heads"),
        ("answer: largest", "answer: larger", "there is no answer"),
        ("minutes: 4", "minutes: soon", "minutes is 'soon'"),
        ("{{token}}", "{{tokan}}", "there is no value"),
        ("title: A small lesson", "title: a: b", "mapping values"),
    ],
)
def test_the_line_is_the_very_one(tmp_path: Path, right: str, wrong: str, cause: str):
    english = ENGLISH.replace(right, wrong, 1)
    assert f"01-small.md:{line_of(english, wrong)}: " in told(write(tmp_path, english, None))[0]


@pytest.mark.parametrize("sign", ["\u2028", "\f", "\x85", "\v"])
def test_a_line_ends_where_an_editor_ends_it(tmp_path: Path, sign: str):
    english = ENGLISH.replace("to one token.", f"to{sign}one token.").replace("head: 3", "head: 6", 1)
    line = english.split("\n").index("head: 6") + 1
    assert f"01-small.md:{line}: head: head is 6" in told(write(tmp_path, english, None))[0]


def test_lines_of_a_block_are_counted_alike(tmp_path: Path):
    english = ENGLISH.replace("title: A small", "title: A\u2028  small").replace("minutes: 4", "minutes: soon")
    assert told(write(tmp_path, english, None))[0].startswith("01-small.md:4: ")


def test_numbers_words_and_truths_of_an_answer(tmp_path: Path):
    written = "{a: 7, b: -0.5, c: .25, d: '7', e: true, f: False, g: , h: 010, i: 11–14, j: 1e3, k: [a, [1, \"no\"]]}"
    block = Block(f"with: {written}", tmp_path, 1, "ask")
    expected = {"a": 7, "b": -0.5, "c": 0.25, "d": "7", "e": True, "f": False, "g": None, "h": 10, "i": "11–14"}
    assert block.plain("with") == expected | {"j": "1e3", "k": ["a", [1, "no"]]}


@pytest.mark.parametrize("unreadable", ["a folder", "a link to nothing", "not for us"])
@pytest.mark.parametrize("name", ["14-d.md", "01-small.ko.md"])
def test_what_cannot_be_read_leaves_the_others(tmp_path: Path, name: str, unreadable: str, monkeypatch):
    file = write(tmp_path, korean=None) / name
    if unreadable == "a folder":
        file.mkdir()
    elif unreadable == "a link to nothing":
        file.symlink_to(tmp_path / "nothing")
    else:  # chmod does not keep root from reading
        read = Path.read_text
        file.write_text(ENGLISH, encoding="utf-8")

        def refused(self: Path, **given: str) -> str:
            if self == file:
                raise PermissionError(13, "Permission denied")
            return read(self, **given)

        monkeypatch.setattr(Path, "read_text", refused)
    (complaint,) = told(tmp_path)
    assert complaint.startswith(f"{name}:1: this cannot be read: ")
    assert [lesson.number for lesson in lessons("ko", tmp_path) if isinstance(lesson, Lesson)] == [1]


def test_what_can_be_read_again_is(tmp_path: Path):
    file = write(tmp_path, korean=None) / "02-later.md"
    file.symlink_to(tmp_path / "later")
    assert isinstance(lessons("en", tmp_path)[1], Broken)
    (tmp_path / "later").write_text(ENGLISH, encoding="utf-8")
    assert isinstance(lessons("en", tmp_path)[1], Lesson)


@pytest.mark.parametrize("error", [AttributeError, RuntimeError, NotImplementedError])
def test_a_fault_of_ours_is_not_told_as_the_authors(tmp_path: Path, monkeypatch, error: type[Exception]):
    def broken(_asked: Asked, of: str, between: list[object]) -> int:
        raise error("ours")

    monkeypatch.setitem(ANSWERS, "largest", broken)
    with pytest.raises(error, match="ours"):
        check(write(tmp_path))


def test_what_may_be_a_fault_of_ours_is_logged_with_its_place(tmp_path: Path, monkeypatch, caplog):
    def broken(_asked: Asked, of: str, between: list[object]) -> int:
        raise TypeError("ours?")

    monkeypatch.setitem(ANSWERS, "largest", broken)
    assert "largest: ours?" in told(write(tmp_path))[0]
    (record,) = caplog.records
    assert record.exc_info[2].tb_next.tb_next.tb_frame.f_code.co_name == "broken"


@pytest.mark.parametrize(
    ("right", "wrong", "cause"),
    [
        ("## 끝\n\n낱말뿐입니다.\n", "", "4 steps; the English file has 5"),
        ("[그대로, 나누지 않음, 온도 5]", "[그대로, 온도 5]", "2 options; the English file has 3"),
        ("question: 가장 진한", "click: cell\nquestion: 가장 진한", "unknown entry click"),
        ("낱말뿐입니다.", "```ask\nquestion: q\nwhy: w\n```", "asks nothing"),
        ("낱말뿐입니다.", "```view\npage: masks\n```", "presets stand in the English file alone"),
        ("{{token}}", "{{tokan}}", "there is no value tokan"),
        ("작은 수업", "작은 {{nope}}", "title can hold no"),
        ("[그대로, 나누지 않음, 온도 5]", "[그대로, 그대로, 온도 5]", "two options are the same"),
        ("[그대로, 나누지 않음, 온도 5]", '[그대로, " ", 온도 5]', "a list of two texts"),
    ],
)
def test_a_translation_that_does_not_fit_leaves_the_english(tmp_path: Path, right: str, wrong: str, cause: str):
    assert right in KOREAN
    write(tmp_path, korean=KOREAN.replace(right, wrong, 1))
    (complaint,) = told(tmp_path)
    assert complaint.startswith("01-small.ko.md:")
    assert cause in complaint
    lesson, broken = lessons("ko", tmp_path)
    assert isinstance(lesson, Lesson)
    assert lesson.language == "en"
    assert isinstance(broken, Broken)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("02-big.xx.md", "unknown language xx; there are en, ko"),
        ("2-big.md", "expected a name like 04-why-sqrt.md"),
        ("00-big.md", "expected a name like 04-why-sqrt.md"),
        ("02-big.ko.md", "there is no English file 02-big.md for it"),
        ("01-twin.md", "01-small.md has the number 1 too"),
    ],
)
def test_a_file_of_a_wrong_name(tmp_path: Path, name: str, cause: str):
    write(tmp_path)
    (tmp_path / name).write_text(ENGLISH, encoding="utf-8")
    (complaint,) = told(tmp_path)
    assert complaint.startswith(f"{name}:1: ")
    assert cause in complaint
    assert sum(isinstance(lesson, Lesson) for lesson in lessons("en", tmp_path)) == 1


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"\xff\xfe\x00",
        b"no front matter",
        b"---\ntitle: x",
        b"---\n- a\n---\n## b",
        b"---\ntitle: \x07\n---\n## b",
    ],
)
def test_what_is_no_lesson_at_all(tmp_path: Path, source: bytes):
    (tmp_path / "01-small.md").write_bytes(source)
    (complaint,) = told(tmp_path)
    assert complaint.startswith("01-small.md:")


def test_the_command_tells_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["check", str(write(tmp_path))]) == 0
    write(tmp_path, ENGLISH.replace("head: 3", "head: 6", 1))
    assert main(["check", str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith(
        f"{tmp_path / '01-small.md'}:{line_of(ENGLISH, 'head: 3')}: head: head is 6"
    )
    with pytest.raises(SystemExit, match="2"):
        main(["check", str(tmp_path / "none")])


@pytest.mark.parametrize("place", ["The row “", "title: A small", "question: Which cell", "why: The largest"])
def test_a_picture_is_refused_for_every_reader_would_ask_for_it(tmp_path: Path, place: str):
    (complaint,) = told(write(tmp_path, ENGLISH.replace(place, f"{place} ![x](http://127.0.0.1/x)", 1)))
    assert complaint.startswith(f"01-small.md:{line_of(ENGLISH, place)}: a lesson shows views, not pictures")
