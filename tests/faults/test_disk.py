"""A disk that is full: said in a sentence, and what was there before stays whole.

A process may be forbidden to write files beyond a size (RLIMIT_FSIZE), which fails as a full disk does, but needs no
rights to mount one.
"""

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import viz_core
from tests.training.conftest import corpora, folder, task, tokenizer
from viz_core import files, language, storing
from viz_core.command import main
from viz_core.figures import webfont
from viz_core.models import bundled
from viz_core.training import __main__ as command
from viz_core.training.language_model import NextToken
from viz_core.training.loop import load_trained, train
from viz_core.training.recipe import Recipe

ROOT = Path(__file__).parents[2]
__all__ = ["corpora", "folder", "task", "tokenizer"]  # fixtures


@contextmanager
def full_beyond(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.parametrize("kind", ["npz", "safetensors"])
def test_a_recording(kind: str, tmp_path: Path) -> None:
    model = viz_core.load("tiny-gpt")
    out = tmp_path / f"dog.{kind}"
    short, longer = model.record("The dog"), model.record("The dog bit the man, and the man bit the dog.")
    storing.save(short, out)
    with full_beyond(out.stat().st_size), pytest.raises(OSError, match="File too large") as error:
        storing.save(longer, out)
    assert error.value.filename == str(out)
    assert viz_core.load_recording(out).logits.equal(short.logits), "the one before is still there, whole"
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_text_that_is_written_whole(tmp_path: Path) -> None:
    out = tmp_path / "handout.html"
    files.write(out, "before")
    with full_beyond(100), pytest.raises(OSError, match="File too large"):
        files.write(out, "x" * 101)
    assert out.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["handout.html"]


@pytest.mark.parametrize(
    "arguments", ["record --out {out}.npz", "figure --view heads --out {out}.html", "heads --out {out}.csv"]
)
def test_commands_say_so(arguments: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    action, *others = arguments.format(out=tmp_path / "dog").split()
    with full_beyond(50):
        code = main([action, "--model", "tiny-gpt", "--text", "The dog bit the man", *others])
    said = capsys.readouterr().err
    assert code == 1
    assert f"{others[-1]}: File too large" in said
    assert not list(tmp_path.iterdir())


def test_so_do_they_where_stdout_is_full() -> None:
    with Path("/dev/full").open("wb") as full:
        models = [sys.executable, "-m", "viz_core", "models"]
        done = subprocess.run(models, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "python -m viz_core models: No space left on device\n")


def test_a_checkpoint_that_does_not_fit_leaves_the_one_before(task: NextToken, folder: Path) -> None:
    run = folder / "run"
    task, longer = (NextToken(with_steps(task, steps), task.corpora) for steps in (50, 100))
    train(task, run)
    good = (run / "checkpoint.pt").read_bytes()
    with full_beyond(len(good) // 2), pytest.raises(OSError, match="File too large") as error:
        train(longer, run)
    assert error.value.filename == str(run / "checkpoint.pt")
    assert (run / "checkpoint.pt").read_bytes() == good
    assert load_trained(task, run).step == 50
    assert not [path for path in run.iterdir() if path.name.endswith(".part")]
    train(longer, run)
    assert load_trained(longer, run).step == 100


def with_steps(task: NextToken, steps: int) -> Recipe:
    return replace(task.recipe, training=replace(task.recipe.training, steps=steps))


def test_the_command_says_so_and_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(*_given: object) -> None:
        raise OSError(28, "No space left on device", "checkpoint.pt")

    monkeypatch.setattr(command, "prepare", fails)
    monkeypatch.setattr(sys, "argv", ["training", "tiny-gpt", "--run", str(tmp_path / "run"), "--device", "cpu"])
    with pytest.raises(
        SystemExit, match=r"No space left on device: 'checkpoint.pt'\. What was written before is whole"
    ):
        command.main()


def test_an_export_that_does_not_fit_leaves_the_model_that_is_there(tmp_path: Path) -> None:
    made, there = tmp_path / "run" / "mini", tmp_path / "assets" / "models" / "mini"
    for place, content in ((made, b"new" * 100), (there, b"old")):
        place.mkdir(parents=True)
        (place / "model.safetensors").write_bytes(content)
    with full_beyond(100), pytest.raises(OSError, match="File too large"):
        command.replace_folder(made, there)
    assert (there / "model.safetensors").read_bytes() == b"old"
    assert [path.name for path in (tmp_path / "assets").iterdir()] == ["models"]
    command.replace_folder(made, there)
    assert (there / "model.safetensors").read_bytes() == b"new" * 100


def test_killed_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "weights.bin"
    out.write_bytes(b"good")
    code = f"""
import os, signal
from pathlib import Path
from viz_core import files
with files.replacing(Path({str(out)!r})) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert out.read_bytes() == b"good"


def test_weights_are_not_half_written(tmp_path: Path) -> None:
    out = tmp_path / "step-000100.safetensors"
    with full_beyond(1000), pytest.raises(OSError, match="File too large"):
        bundled.write_weights(out, {"a": torch.zeros(1000, dtype=torch.float16)})
    assert not list(tmp_path.iterdir())


# -- files of the program itself -----------------------------------------------------------------------------


def test_a_damaged_font_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "damaged.woff2").write_bytes(b"wOF2 no font")
    whole = ROOT / "static" / "sans-korean-400.woff2"
    (tmp_path / whole.name).write_bytes(whole.read_bytes())
    assert webfont.faces(tmp_path, "강아지").count("@font-face") == 1
    assert "damaged.woff2 cannot be read" in caplog.text


@pytest.mark.parametrize("content", [b"", b"no catalogue", b"\xde\x12\x04\x95\x00\x00\x00\x00" + b"\xff" * 40])
def test_a_damaged_catalogue_leaves_english(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "ko" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "ko" / "LC_MESSAGES" / "messages.mo").write_bytes(content)
    monkeypatch.setattr(language, "CATALOGUES", tmp_path)
    language._catalogue.cache_clear()
    try:
        language.speak("ko")
        assert language._("Scaling") == "Scaling"
        assert not language.is_whole("ko")
        assert caplog.text.count("cannot be read") == 1, "once, not for every word"
    finally:
        language.speak("en")
        language._catalogue.cache_clear()
