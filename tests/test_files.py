"""Files that are whole or not there."""

from pathlib import Path

from viz_core import files


def test_a_name_as_long_as_a_name_may_be(tmp_path: Path) -> None:
    path = tmp_path / ("가" * 81 + ".json")  # 248 bytes
    files.write(path, "whole")
    assert path.read_text(encoding="utf-8") == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_two_that_write_the_same_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    with files.replacing(path) as first:
        first.write(b"fir")
        with files.replacing(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
        first.write(b"st")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_half_a_file_is_hidden(tmp_path: Path) -> None:
    with files.replacing(tmp_path / "kept.json"):
        (half,) = tmp_path.iterdir()
        assert half.name.startswith(".")
        assert half.name.endswith(".part")
