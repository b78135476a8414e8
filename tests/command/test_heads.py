import csv
import io
import math
import weakref
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest

import viz_core
from viz_core.analysis import finder
from viz_core.analysis.heads import ROLES, role_scores
from viz_core.command import heads
from viz_core.models import Model

TEXTS = ["The dog bit the man. The dog bit the man.", "어머니는 강아지를 보았다.", "One two."]
GPT = ("heads", "--model", "tiny-gpt")


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "lines.txt"
    path.write_text(f"{TEXTS[0]}\n\n{TEXTS[1]}\r\n   \n{TEXTS[2]}", encoding="utf-8")  # lines 1, 3 and 5
    return path


def table(content: bytes) -> list[dict[str, float]]:
    rows = csv.DictReader(io.StringIO(content.decode()))
    return [{name: float(cell) if cell else math.nan for name, cell in row.items()} for row in rows]


def expected(model: Model, text: str) -> list[dict[str, float]]:
    """From whole maps of weights, where the command takes some rows at a time."""
    recording = model.record(text)
    found = []
    for layer, block in enumerate(recording.blocks):
        roles = role_scores(block.attention.weights, recording.token_ids, both_sides=model.both_sides)
        spread = finder.spread_of(block.attention)._asdict()
        for head in range(block.attention.n_head):
            numbers = {name: float(values[head]) for name, values in (roles | spread).items()}
            found.append({"layer": layer, "head": head} | numbers)
    return found


@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert"])
def test_every_number_of_every_head(name: str, run: Callable):
    done = run("heads", "--model", name, "--text", TEXTS[0], "--out", "-")
    assert (done.code, done.err) == (0, "")
    found, right = table(done.out), expected(viz_core.load(name), TEXTS[0])
    assert [row.pop("texts") for row in found] == [1] * len(right)
    assert found[0].keys() == right[0].keys()
    assert ("next" in found[0]) == (name == "tiny-bert")
    for row, other in zip(found, right, strict=True):
        assert row == pytest.approx(other, abs=1e-6, nan_ok=True)


def test_several_lines_are_averaged_each_counting_the_same(lines: Path, run: Callable):
    found = table(run(*GPT, "--text-file", lines, "--out", "-").out)
    model = viz_core.load("tiny-gpt")
    each = [expected(model, text) for text in TEXTS]
    for place, row in enumerate(found):
        assert row["texts"] == 3
        assert row["broad"] == pytest.approx(sum(rows[place]["broad"] for rows in each) / 3, abs=1e-6)
        assert row["induction"] == pytest.approx(each[0][place]["induction"], abs=1e-6)  # the others repeat nothing


def test_lines_by_themselves(lines: Path, run: Callable, tmp_path: Path):
    model = viz_core.load("tiny-gpt")
    typed = (*GPT, "--text-file", lines, "--per-line", "--out")
    rows = table(run(*typed, "-").out)
    assert [row["line"] for row in rows] == [1] * 24 + [3] * 24 + [5] * 24
    right = [row for text in TEXTS for row in expected(model, text)]
    assert [row["entropy"] for row in rows] == pytest.approx([row["entropy"] for row in right], abs=1e-6)
    assert {row["tokens"] for row in rows[24:48]} == {len(model.token_ids(TEXTS[1]))}
    for name in ("rows.csv", "rows.parquet"):
        assert run(*typed, tmp_path / name) == (0, b"", "")
    assert (tmp_path / "rows.csv").read_bytes() == run(*typed, "-").out
    parquet = pyarrow.parquet.read_table(tmp_path / "rows.parquet")
    assert parquet.column_names == list(rows[0])
    assert str(parquet.schema.field("layer").type) == "int64"
    for row, other in zip(parquet.to_pylist(), rows, strict=True):
        assert {name: math.nan if cell is None else cell for name, cell in row.items()} == pytest.approx(
            other, rel=1e-8, nan_ok=True
        )
    assert parquet["induction"].null_count == 48


@pytest.mark.parametrize("column", ["induction", "distance", "local"])
def test_sorted_the_largest_first_and_cut(column: str, lines: Path, run: Callable):
    rows = table(run(*GPT, "--text-file", lines, "--out", "-", "--sort", column).out)
    assert [row[column] for row in rows] == sorted((row[column] for row in rows), reverse=True)
    assert table(run(*GPT, "--text-file", lines, "--out", "-", "--sort", column, "--top", "2").out) == rows[:2]


def test_those_that_sleep_come_last():
    rows = [{"first": number} for number in (0.1, math.nan, 0.7)]
    options = type("", (), {"sort": "first", "top": None})
    assert [row["first"] for row in heads._ordered(rows, options)][:2] == [0.7, 0.1]


def test_a_table_for_people(run: Callable):
    done = run(*GPT, "--text", "One two.", "--top", "3")
    heading, *rows = done.out.decode().splitlines()
    columns = ["layer", "head", "texts", *(role for role in ROLES if role != "next"), *finder.Spread._fields]
    assert heading.split() == columns
    assert [row.split()[:3] for row in rows] == [["0", "0", "1"], ["0", "1", "1"], ["0", "2", "1"]]
    assert rows[0].split()[columns.index("induction")] == "·"
    assert len({len(line) for line in (heading, *rows)}) == 1


def test_a_line_that_cannot_be_read_is_named_or_left_out(run: Callable):
    content = f"{TEXTS[2]}\n{'dog ' * 400}\n{TEXTS[2]}\n".encode()
    done = run(*GPT, "--text-file", "-", "--out", "-", stdin=content)
    assert done.code == 1
    assert done.err.startswith("python -m viz_core heads: Line 2: The text has ")
    assert done.err.endswith("Or pass --skip-unusable.\n")
    done = run(*GPT, "--text-file", "-", "--out", "-", "--skip-unusable", stdin=content)
    assert (done.code, done.err) == (0, "Lines left out: 1\n")
    assert {row["texts"] for row in table(done.out)} == {2}


def test_a_file_is_there_only_whole(run: Callable, tmp_path: Path):
    content = f"{TEXTS[2]}\n{'dog ' * 400}\n".encode()
    for name in ("a.csv", "a.parquet"):
        assert run(*GPT, "--text-file", "-", "--per-line", "--out", tmp_path / name, stdin=content).code == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("typed", "stdin", "says"),
    [
        (["--text-file", "-"], b"\n  \n", "There is no line to score"),
        (["--text-file", "-"], b"One\nH\xfcndin\n", "-:2 is no UTF-8 text: byte 1 is 0xFC."),
        (["--text", "One", "--sort", "next"], b"", "tiny-gpt looks back alone, so its heads have no score for next."),
        (["--text", "One", "--out", "a.xlsx"], b"", "--out is a.xlsx; expected a name that ends in .csv or .parquet."),
        (["--text", "One", "--model", "tiny-translator"], b"", "tiny-translator is an encoder–decoder; heads are"),
    ],
)
def test_what_can_be_mended_is_one_sentence(typed: list[str], stdin: bytes, says: str, run: Callable):
    done = run(*GPT, *typed, stdin=stdin)
    assert done.code == 1
    assert says in done.err
    assert done.err.count("\n") == 1


def test_two_hundred_lines_take_no_more_memory_than_one(run: Callable, monkeypatch: pytest.MonkeyPatch):
    alive: weakref.WeakSet = weakref.WeakSet()
    most = 0
    record = Model.record

    def counted(model: Model, *arguments: object, **named: object) -> object:
        nonlocal most
        recording = record(model, *arguments, **named)
        alive.add(recording)
        most = max(most, len(alive))
        return recording

    monkeypatch.setattr(Model, "record", counted)
    for typed in ([], ["--per-line"]):
        content = b"The dog bit.\n" * 200
        rows = table(run(*GPT, "--text-file", "-", "--out", "-", *typed, stdin=content).out)
        assert len(rows) == (24 * 200 if typed else 24)
    assert most == 1


def test_progress_counts_the_lines(run: Callable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(heads.inputs, "DELAY", 0)
    done = run(*GPT, "--text-file", "-", "--out", "-", "--progress", stdin=b"One two.\n" * 3)
    assert "lines: 3" in done.err
    assert b"lines" not in done.out


def test_what_orders_nothing_is_said_once(run: Callable, tmp_path: Path):
    """No token comes twice, so that no row could look where induction heads do."""
    path = tmp_path / "lines.txt"
    path.write_text(f"{TEXTS[2]}\n{TEXTS[0]}\n" + f"{TEXTS[2]}\n" * 11)
    typed = (*GPT, "--sort", "induction", "--out", "-")
    done = run(*typed, "--text", TEXTS[2])
    assert done.code == 0
    assert done.err == "--sort induction orders nothing: no row has that pattern.\n"
    done = run(*typed, "--text-file", path, "--per-line")
    lines = "1, 3, 4, 5, 6, 7, 8, 9, 10, 11 …"
    assert done.err == f"--sort induction orders nothing: no row has that pattern (line {lines}).\n"
    assert not run(*typed, "--text", TEXTS[0]).err
