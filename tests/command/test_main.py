"""Exit codes, and what goes to stdout and what to stderr, as a shell sees them."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from viz_core import models
from viz_core.analysis.scores import MEASURES
from viz_core.command import arguments, main, record
from viz_core.models.hub import About
from viz_core.notebook import View

ROOT = Path(__file__).parents[2]
EPILOGS = [
    arguments.RECORD_EXAMPLES,
    arguments.FIGURE_EXAMPLES,
    arguments.HEADS_EXAMPLES,
    arguments.ABOUT_EXAMPLES,
]
COMMAND = [sys.executable, "-m", "viz_core"]
RECORD = ["record", "--model", "tiny-gpt", "--text", "The dog"]


@pytest.mark.parametrize("action", [[], ["record"], ["figure"], ["heads"], ["about"], ["models"]])
def test_help_teaches(action: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main([*action, "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert "Exit codes" in " ".join(said.split())
    if action and action != ["models"]:
        assert "examples:" in said
        assert f"python -m viz_core {action[0]} " in said.split("examples:")[1]


@pytest.mark.parametrize("epilog", EPILOGS)
def test_every_example_can_be_typed(epilog: str):
    examples = re.findall(rf"{arguments.PROG} (.*?)(?: [|>] .*)?$", epilog, re.MULTILINE)
    assert len(examples) > 1
    for example in examples:
        assert arguments.parser().parse_args(shlex.split(example)).action == example.split()[0]


def test_help_waits_for_nothing_large():
    check = "import sys\ntry:\n    from viz_core.command import main; main(['record', '--help'])\n"
    check += "except SystemExit:\n    sys.exit('torch' in sys.modules or 'plotly' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True, capture_output=True, cwd=ROOT)


def test_what_can_be_asked_for_is_what_there_is():
    """Written down twice, so that help needs no torch."""
    assert arguments.COLUMNS == MEASURES
    assert get_args(View) == arguments.VIEWS


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["draw"],
        ["record", "--model", "tiny-gpt", "--out", "a.npz"],
        [*RECORD, "--text-file", "b", "--out", "a.npz"],
        [*RECORD, "--out", "a.npz", "--ablate", "1"],
        [*RECORD, "--out", "a.npz", "--ablate", "1.x"],
        [*RECORD, "--out", "a.npz", "--scale", "much"],
        ["heads", "--model", "tiny-gpt", "--text", "The dog", "--sort", "beauty"],
        ["heads", "--model", "tiny-gpt", "--text", "The dog", "--top", "0"],
        ["figure", "--model", "tiny-gpt", "--recording", "a.npz", "--out", "a.html"],
        ["figure", "--model", "tiny-gpt", "--text", "a", "--out", "a.png", "--width", "9"],
        ["figure", "--model", "tiny-gpt", "--text", "a", "--out", "a.png", "--resolution", "nan"],
    ],
)
def test_a_wrong_command_line_is_2_with_usage(wrong: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(wrong)
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("usage: python -m viz_core")


def test_a_fault_of_the_program_is_not_hidden(run: Callable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(record, "run", lambda _options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(*RECORD, "--out", "a.npz")


def test_interrupted(run: Callable, monkeypatch: pytest.MonkeyPatch):
    def interrupt(_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(record, "run", interrupt)
    assert run(*RECORD, "--out", "a.npz") == (130, b"", "")


def test_models(run: Callable):
    done = run("models")
    assert done.code == 0
    said = done.out.decode()
    assert said.index("tiny-bert  ") < said.index("tiny-gpt  ") < said.index("tiny-translator  ")
    assert "decoder-only Transformer, pre-norm, rotary positions" in said
    assert "formation@1650" in said


def test_what_a_download_would_take_is_told_before_it(run: Callable, monkeypatch: pytest.MonkeyPatch):
    there = {"gpt2": About("gpt2", 550_000_000, 500_000_000, 4_000_000_000, "mit")}
    there["large/one"] = About("large/one", 80_000_000_000, 160_000_000_000, 4_000_000_000, None)
    monkeypatch.setattr(models, "about", there.get)
    assert run("about", "gpt2") == (
        0,
        b"gpt2: 550 MB to download; licence: mit; takes 0.5 GB of memory, 4.0 GB are free\n",
        "",
    )
    assert run("about", "large/one").out.endswith(b"takes 160.0 GB of memory, 4.0 GB are free: it does not fit\n")


def test_what_is_here_need_not_be_downloaded(run: Callable, tmp_path: Path):
    for name in ("tiny-gpt", tmp_path):
        expected = f"{name} is on this machine already: nothing need be downloaded.\n"
        assert run("about", name) == (0, expected.encode(), "")
    done = run("about", "no such model")
    assert (done.code, done.out) == (1, b"")
    assert done.err.startswith("python -m viz_core about: 'no such model' is no Hub id;")


def test_a_shell_sees_codes_and_clean_streams():
    """One process that fails, one whose reader goes away."""
    wrong = [*COMMAND, *RECORD, "--out", "no/such/a.npz"]
    failed = subprocess.run(wrong, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "python -m viz_core record: There is no folder no/such to write a.npz to.\n"
    heads = [*COMMAND, "heads", "--model", "tiny-gpt", "--text", "The dog bit the man", "--out", "-"]
    with subprocess.Popen(heads, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
