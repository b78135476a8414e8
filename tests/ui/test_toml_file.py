"""What is said of a file that a person has written and that cannot be used, whichever file it is."""

from operator import methodcaller
from pathlib import Path

import pytest

from viz_core.ui.toml_file import Reader, Unusable, table_of

TEXT, VALUES, TEXTS = (methodcaller(kind, "key") for kind in ("text", "values", "texts"))
WHOLE, NUMBER = methodcaller("whole_number", "key", 5, 1, 64), methodcaller("number", "key", 0.1, 10_000)
KNOWN, APART = methodcaller("known", {"kee": 3}, ("key", "other")), methodcaller("told_apart", "key", ["a", "b", "a"])


def reader(folder: Path, text: str) -> Reader:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return Reader(path, table_of(path, "ATTENTION_OWN"))


def test_the_mark_that_some_editors_begin_a_file_with_is_none_of_it(tmp_path: Path) -> None:
    assert reader(tmp_path, "\ufeffkey = 5").found == {"key": 5}


@pytest.mark.parametrize(
    ("ask", "text", "found"),
    [
        (TEXT, "key = ' a b '", "a b"),
        (TEXT, "", ""),
        (VALUES, "key = [3, 'a']", [3, "a"]),
        (VALUES, "", []),
        (TEXTS, "key = [' a ', 'b']", ["a", "b"]),
        (WHOLE, "key = 64", 64),
        (WHOLE, "", 5),
        (NUMBER, "key = 2", 2.0),
        (NUMBER, "", None),
    ],
)
def test_what_is_written_is_read(ask: methodcaller, text: str, found: object, tmp_path: Path) -> None:
    assert ask(reader(tmp_path, text)) == found


@pytest.mark.parametrize(
    ("ask", "text", "says"),
    [
        (TEXT, "key = 3", 'key = 3: allowed is text in quotes, as in key = "…"'),
        (TEXT, "key = true", "key = true: allowed is text in quotes"),
        (TEXT, f"key = ['{'x' * 100}']", f"key = ['{'x' * 77}…: allowed is text in quotes"),
        (VALUES, "key = 'a'", 'key = "a": allowed is a list, as in key = […]'),
        (TEXTS, "key = 'a'", 'key = "a": allowed is a list, as in key = […]'),
        (TEXTS, "key = ['a', 3]", "key = 3: allowed is a list of texts in quotes"),
        (TEXTS, "key = ['a', ' ']", 'key = " ": allowed is a list of texts in quotes'),
        (WHOLE, "key = 0", "key = 0: allowed is a whole number from 1 to 64"),
        (WHOLE, "key = 65", "key = 65: allowed is a whole number"),
        (WHOLE, "key = 2.0", "key = 2.0: allowed is a whole number"),
        (WHOLE, "key = true", "key = true: allowed is a whole number"),
        (WHOLE, "key = '2'", 'key = "2": allowed is a whole number'),
        (NUMBER, "key = -1", "key = -1: allowed is a number from 0.1 to 10000"),
        (NUMBER, "key = nan", "key = nan: allowed is a number"),
        (NUMBER, "key = inf", "key = inf: allowed is a number"),
        (NUMBER, "key = true", "key = true: allowed is a number"),
        (KNOWN, "", "kee = 3: there is no such key; allowed are key, other"),
        (APART, "", 'key = "a": allowed is each once'),
    ],
)
def test_what_is_wrong_is_named(ask: methodcaller, text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(Unusable) as raised:
        ask(reader(tmp_path, text))
    assert str(raised.value).startswith(f"{tmp_path / 'own.toml'}: {says}")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (b"key = \n", "Invalid value (at line 1, column 7)"),
        (b"key = " + b"[" * 5_000, ""),
        (b"\xff\xfe key", ""),
    ],
    ids=["half", "deep", "no UTF-8"],
)
def test_what_is_no_toml(written: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(written)
    with pytest.raises(Unusable) as raised:
        table_of(path, "ATTENTION_OWN")
    assert str(raised.value).startswith(f"{path}: is no TOML: {says}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"none\.toml: cannot be read \(No such file.*ATTENTION_OWN names the file"):
        table_of(tmp_path / "none.toml", "ATTENTION_OWN")
