"""What a teacher presets for a class, and what is said of a file that cannot be used."""

from pathlib import Path

import pytest

from viz_core.ui import classroom, state
from viz_core.ui.classroom import Classroom, Unusable, read
from viz_core.ui.state import View, address_of

WHOLE = """
title = "Attention, week 3"
language = "ko"
model = "tiny-bert"
models = ["tiny-gpt", "tiny-bert", "formation@1650", "Qwen/Qwen3-0.6B", "gpt2"]
lessons = [4, 1]
address = "http://192.168.0.12:8501/"
sentences = [{ name = "coffee", text = "커피 마시고" }, { name = "a dog", text = "The dog bit the man" }]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "class.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_that_can_be_set(tmp_path: Path) -> None:
    assert read(written(tmp_path, WHOLE)) == Classroom(
        title="Attention, week 3",
        language="ko",
        model="tiny-bert",
        models=("tiny-gpt", "tiny-bert", "formation@1650", "Qwen/Qwen3-0.6B", "gpt2"),
        sentences=(("coffee", "커피 마시고"), ("a dog", "The dog bit the man")),
        lessons=(4, 1),
        address="http://192.168.0.12:8501",
    )


def test_nothing_need_be_set(tmp_path: Path) -> None:
    assert read(written(tmp_path, "")) == Classroom()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("titel = 3", "titel = 3: there is no such key; allowed are title, language, model"),
        ('language = "fr"', 'language = "fr": allowed is en, ko'),
        ('model = "tiny-gtp"', 'model = "tiny-gtp": allowed is formation, '),
        ('model = "formation@7"', 'model = "formation@7": allowed is formation, or one of its steps: '),
        ('model = "tiny-translator"', 'model = "tiny-translator": allowed is '),  # reads no single text
        ('model = "/no/such/folder"', 'model = "/no/such/folder": allowed is a folder that exists'),
        ('models = ["tiny-gpt", "tiny-gtp"]', 'models = "tiny-gtp": allowed is formation, '),
        ('models = ["tiny-gpt", "tiny-gpt"]', 'models = "tiny-gpt": allowed is each once'),
        ('model = "gpt2"\nmodels = ["tiny-gpt"]', 'model = "gpt2": allowed is one of models: tiny-gpt'),
        ('sentences = ["a"]', 'sentences[1] = "a": allowed is {name = "…", text = "…"}'),
        ('sentences = [{ name = "a", text = "b", lang = "c" }]', 'sentences[1].lang = "c": there is no such key'),
        ('sentences = [{ name = "a", text = " " }]', 'sentences[1].text = " ": allowed is text in quotes'),
        ('sentences = [{ text = "b" }]', 'sentences[1].name = "": allowed is text in quotes'),
        ('sentences = [{name="a", text="b"}, {name="a", text="c"}]', 'sentences = "a": allowed is each once'),
        ("lessons = [1, 99]", "lessons = 99: allowed is numbers of lessons: 1, 2, 3"),
        ("lessons = [true]", "lessons = true: allowed is numbers of lessons"),
        ("lessons = [1, 1]", "lessons = 1: allowed is each once"),
        (
            'model = "~nobody-of-that-name/folder"',
            'model = "~nobody-of-that-name/folder": allowed is a folder that exists',
        ),
        ('address = "http://[::1"', 'address = "http://[::1": allowed is the server’s address'),
        ('address = "http://a:99999"', 'address = "http://a:99999": allowed is the server’s address'),
        ('address = "http://a b"', 'address = "http://a b": allowed is the server’s address'),
        ('address = "http://0.0.0.0:8501"', 'address = "http://0.0.0.0:8501": allowed is the server’s address'),
        ('address = "http://user:word@host"', 'address = "http://user:word@host": allowed is the server’s address'),
        (
            "title = '" + "x" * 201 + "'",
            'title = "' + "x" * 78 + "…: allowed is text in quotes, at most 200 characters",
        ),
        ('address = "192.168.0.12:8501"', 'address = "192.168.0.12:8501": allowed is the server’s address'),
        ('address = "http://a/b?c=d"', 'address = "http://a/b?c=d": allowed is the server’s address'),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Unusable) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: {says}")


def test_a_file_that_cannot_be_used_is_said_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTENTION_CLASS", str(tmp_path / "none.toml"))
    assert "ATTENTION_CLASS names the file" in classroom.main()


def test_the_class_is_said_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATTENTION_CLASS", str(written(tmp_path, 'title = "Week 3"')))
    assert not classroom.main()
    assert capsys.readouterr().out == "Class: Week 3\n"


def test_without_a_class_that_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("ATTENTION_CLASS", raising=False)
    assert not classroom.main()
    assert capsys.readouterr().out == "ATTENTION_CLASS is not set: there is no file to check\n"


def test_where_a_visitor_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first sentence, in the default model; and addresses say both: a link is read alike elsewhere."""
    monkeypatch.setenv("ATTENTION_CLASS", str(written(tmp_path, WHOLE)))
    start = state.start()
    assert (start.model, start.text) == ("tiny-bert", "커피 마시고")
    assert address_of(start) == {"model": "tiny-bert", "text": "커피 마시고"}
    assert address_of(View()) == {"model": View.model, "text": View.text}  # of a lesson, say


def test_the_first_model_offered_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTENTION_CLASS", str(written(tmp_path, 'models = ["formation", "tiny-gpt"]')))
    assert state.start() == View(model="formation")
