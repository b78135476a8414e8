import io
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import viz_core
from tests.models.checkpoints import saved
from tests.test_storing import the_same
from viz_core.command import inputs
from viz_core.edits import Edits
from viz_core.models.hub import About
from viz_core.storing import load_stored

TEXT = "The dog bit the man"
GPT = ("record", "--model", "tiny-gpt")


@pytest.mark.parametrize("kind", ["npz", "safetensors"])
def test_the_file_holds_the_recording(kind: str, run: Callable, tmp_path: Path):
    out = tmp_path / f"dog.{kind}"
    assert run(*GPT, "--text", TEXT, "--out", out) == (0, b"", "")
    found = load_stored(out)
    assert the_same(found.recording, viz_core.load("tiny-gpt").record(TEXT))
    assert (found.model, found.text, found.about) == ("tiny-gpt", TEXT, {})


def test_every_edit_reaches_the_model(run: Callable, tmp_path: Path):
    out = tmp_path / "edited.npz"
    typed = (
        "--all-logits --scale 1 --temperature 2 --dropout 0.25 --seed 3 --at 0.0 1.4 --ablate 2.5 3.0 --instead mean"
    )
    assert run(*GPT, "--text", TEXT, "--out", out, *typed.split(), "--positions", "shuffled").code == 0
    edits = Edits(
        scale=1.0,
        temperature=2.0,
        dropout=0.25,
        seed=3,
        at=frozenset({(0, 0), (1, 4)}),
        ablated=frozenset({(2, 5), (3, 0)}),
        instead="mean",
        positions="shuffled",
    )
    found = load_stored(out)
    assert the_same(found.recording, viz_core.load("tiny-gpt").record(TEXT, edits, all_logits=True))
    told = {"scale": 1.0, "temperature": 2.0, "dropout": 0.25, "at": [[0, 0], [1, 4]], "ablated": [[2, 5], [3, 0]]}
    assert found.about == {"edits": told | {"instead": "mean", "positions": "shuffled", "seed": 3}}


def test_a_file_of_text_is_read_whole_and_stdin_likewise(run: Callable, tmp_path: Path):
    text = tmp_path / "text.txt"
    text.write_bytes("어머니는 강아지를\r\n보았다.\n".encode())
    for name, source in (("a.npz", text), ("b.npz", "-")):
        assert run(*GPT, "--text-file", source, "--out", tmp_path / name, stdin=text.read_bytes()).code == 0
        assert load_stored(tmp_path / name).text == "어머니는 강아지를\n보았다."


def test_stdout_holds_the_file_and_nothing_else(run: Callable):
    done = run(*GPT, "--text", TEXT, "--out", "-", "--kind", "safetensors")
    assert (done.code, done.err) == (0, "")
    assert load_stored(io.BytesIO(done.out)).text == TEXT


def test_progress_goes_to_stderr_when_asked_for(run: Callable, tmp_path: Path):
    done = run(*GPT, "--text", TEXT, "--out", tmp_path / "a.npz", "--progress")
    assert done.out == b""
    assert "5 tokens, 4 layers, 0.1 MB" in done.err


def test_an_encoder_decoder_is_recorded_with_both_texts(run: Callable, tmp_path: Path):
    translator, english = viz_core.load("tiny-translator"), "The dog does not eat the apple."
    for typed, korean in (((), None), (("--target", "그 개는 사과를 먹는다."), "그 개는 사과를 먹는다.")):
        out = tmp_path / f"{len(typed)}.npz"
        assert run("record", "--model", "tiny-translator", "--text", english, "--out", out, *typed).code == 0
        assert the_same(load_stored(out).recording, translator.record(english, korean))


def test_what_a_user_says_is_read_in_the_models_template(run: Callable, tmp_path: Path):
    """In all three actions; `heads` reads each line so."""
    folder = saved(tmp_path, "chat")
    model = viz_core.load(str(folder))
    said = model.conversation([{"role": "user", "content": TEXT}])
    assert said.startswith("<|endoftext|><|user|>The dog")
    typed = ("--model", folder, "--text", TEXT, "--chat")
    assert run("record", *typed, "--out", tmp_path / "a.npz").code == 0
    found = load_stored(tmp_path / "a.npz")
    assert found.text == said
    assert the_same(found.recording, model.record(said))
    assert run("figure", *typed, "--out", tmp_path / "a.html").code == 0
    assert "Text: &lt;|endoftext|&gt;&lt;|user|&gt;The dog" in (tmp_path / "a.html").read_text()
    chat = run("heads", *typed, "--out", "-", "--per-line").out
    assert chat == run("heads", "--model", folder, "--text", said, "--out", "-", "--per-line").out
    blank = run("record", "--model", folder, "--text", " ", "--chat", "--out", tmp_path / "b.npz")
    assert "The text is blank" in blank.err


@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-translator"])
def test_a_model_without_a_template_takes_no_conversation(model: str, run: Callable, tmp_path: Path):
    done = run("record", "--model", model, "--text", TEXT, "--chat", "--out", tmp_path / "a.npz")
    assert (done.code, done.err) == (
        1,
        f"python -m viz_core record: {model} has no chat template: leave out --chat.\n",
    )


def test_what_is_there_is_replaced_only_when_asked(run: Callable, tmp_path: Path):
    out = tmp_path / "dog.npz"
    out.write_bytes(b"mine")
    done = run(*GPT, "--text", TEXT, "--out", out)
    assert (done.code, done.out) == (1, b"")
    assert done.err == f"python -m viz_core record: {out} is there already; pass --overwrite to replace it.\n"
    assert out.read_bytes() == b"mine"
    assert run(*GPT, "--text", TEXT, "--out", out, "--overwrite").code == 0
    assert load_stored(out).text == TEXT


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["--model", "no such model"], "There is no model 'no such model'. Expected formation,"),
        (["--text", ""], "There is no text. Type at least one word."),
        (["--text", "dog " * 400], "this model takes at most 256. Shorten it."),
        (["--text", "a\ud83d"], "is only half a character"),
        (["--ablate", "9.0"], "--ablate 9.0: tiny-gpt has layers 0 to 3."),
        (["--at", "1.6"], "--at 1.6: layer 1 of tiny-gpt has heads 0 to 5."),
        (["--temperature", "0"], "temperature is 0.0; expected a number above 0."),
        (["--scale", "nan"], "scale is nan; expected a finite number."),
        (["--target", "x"], "tiny-gpt writes no text of its own, so it takes no --target."),
        (["--model", "gru-plain"], "gru-plain is a recurrent network: it has no q, k, v to record."),
        (["--model", "tiny-translator", "--scale", "1"], "tiny-translator is recorded as it is"),
        (["--out", "dog.pt"], "--out is dog.pt; expected a name that ends in .npz or .safetensors."),
        (["--out", "-"], "--out - needs --kind npz or --kind safetensors."),
        (["--kind", "safetensors"], "expected a name that ends in .safetensors."),
    ],
)
def test_what_can_be_mended_is_one_sentence(typed: list[str], says: str, run: Callable, tmp_path: Path):
    usual = {"--model": "tiny-gpt", "--text": TEXT, "--out": str(tmp_path / "dog.npz")}
    usual |= dict(zip(typed[::2], typed[1::2], strict=True))
    done = run("record", *(part for option in usual.items() for part in option))
    assert (done.code, done.out) == (1, b"")
    assert done.err.startswith("python -m viz_core record: ")
    assert says in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_files_that_cannot_be_read(run: Callable, tmp_path: Path):
    latin = tmp_path / "latin.txt"
    latin.write_bytes("Hündin".encode("latin-1"))
    for file, says in (
        (latin, f"{latin} is no UTF-8 text: byte 1 is 0xFC. Save it as UTF-8."),
        (tmp_path / "none.txt", f"{tmp_path / 'none.txt'}: No such file or directory"),
        (tmp_path, f"{tmp_path}: Is a directory"),
    ):
        done = run(*GPT, "--text-file", file, "--out", tmp_path / "a.npz")
        assert (done.code, done.err) == (1, f"python -m viz_core record: {says}\n")


def test_nothing_is_left_of_a_recording_that_failed(run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fails(*_arguments: object, **_named: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "a.npz"))

    monkeypatch.setattr(viz_core.storing.containers.npy, "write_array", fails)
    done = run(*GPT, "--text", TEXT, "--out", tmp_path / "a.npz")
    assert (done.code, done.err.split(": ")[-1]) == (1, "No space left on device\n")
    assert not list(tmp_path.iterdir())


def test_a_terminal_is_not_sent_bytes(run: Callable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inputs.sys.stdout, "isatty", lambda: True)
    done = run(*GPT, "--text", TEXT, "--out", "-", "--kind", "npz")
    assert (done.code, done.out) == (1, b"")
    assert "not to the terminal" in done.err


@pytest.mark.parametrize("action", ["record", "figure", "heads"])
def test_a_download_tells_how_far_it_is(action: str, run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = viz_core.load("tiny-gpt")

    def load(_name: str, *, progress: Callable[[int, int, str], None], pickles: bool) -> viz_core.Model:
        assert not pickles
        time.sleep(0.15)  # a bar is drawn ten times a second at most
        progress(512 * 1024, 1024 * 1024, "model.safetensors")
        return model

    monkeypatch.setattr(
        inputs.models, "about", lambda name: About(name, 1024 * 1024, 4_000_000_000, 9_000_000_000, None)
    )
    monkeypatch.setattr(inputs.models, "load", load)
    monkeypatch.setattr(inputs, "DELAY", 0)
    out = {"record": "a.npz", "figure": "a.html", "heads": "a.csv"}
    done = run(action, "--model", "gpt2", "--text", TEXT, "--out", tmp_path / out[action], "--progress")
    assert "gpt2: 1 MB to download; licence: not told; takes 4.0 GB of memory, 9.0 GB are free\n" in done.err
    assert "model.safetensors" in done.err
    assert "512k/1.00M" in done.err
    assert done.out == b""
