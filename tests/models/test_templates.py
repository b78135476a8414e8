"""The process that reads chat templates: its end, whoever brings it about, is told in words."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from viz_core.models import templates

ROOT = Path(__file__).parents[2]
GREETING = [{"role": "user", "content": "Hi"}]
PLAY = """
import os, sys
print("ready", flush=True)
for line in sys.stdin:
    print(%s, flush=True)
"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> templates._Elsewhere:
    """One whose program answers what the test writes into program.py."""
    monkeypatch.setattr(templates, "PROGRAM", tmp_path / "program.py")
    made = templates._Elsewhere()
    monkeypatch.setattr(templates, "_elsewhere", made)
    return made


def plays(answer: str) -> None:
    templates.PROGRAM.write_text(PLAY % answer, encoding="utf-8")


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()
    while process.poll() is None:
        time.sleep(0.01)


def test_one_that_died_between_two_conversations_is_started_anew(elsewhere: templates._Elsewhere) -> None:
    plays('"{\\"text\\": \\"yes\\"}"')
    assert templates.conversation("", {}, GREETING) == "yes"
    assert elsewhere._process is not None
    ended(elsewhere._process)
    assert templates.conversation("", {}, GREETING) == "yes"
    elsewhere._end()


def test_what_is_not_read_by_one_that_died_is_let_go(elsewhere: templates._Elsewhere) -> None:
    plays('"{}"')
    elsewhere.asked("\n")
    process = elsewhere._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.write("half a question")
    ended(process)
    elsewhere._end()
    assert process.stdin.closed


def test_a_line_that_was_cut_is_no_answer(elsewhere: templates._Elsewhere) -> None:
    plays("""'{"text": "ha', end="", flush=True) or os._exit(0""")
    with pytest.raises(templates.Refused, match="ended the program"):
        templates.conversation("", {}, GREETING)


def test_it_is_given_none_of_our_secrets(elsewhere: templates._Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HTTPS_PROXY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "secret")
    plays('str(sorted(os.environ)) + str("secret" in os.environ.values())')
    answer = elsewhere.asked("\n")
    elsewhere._end()
    assert "PATH" in answer
    assert "HF_TOKEN" not in answer
    assert answer.endswith("False\n")


def test_closing_does_not_wait_for_whoever_has_the_turn(elsewhere: templates._Elsewhere) -> None:
    templates.PROGRAM.write_text("import time; time.sleep(100)", encoding="utf-8")
    caught: list[str] = []

    def ask() -> None:
        with pytest.raises(templates.Refused) as error:
            elsewhere.asked("\n")
        caught.append(str(error.value))

    asking = threading.Thread(target=ask)
    asking.start()
    while elsewhere._process is None:
        time.sleep(0.01)
    begun = time.monotonic()
    elsewhere.close()
    asking.join(30)
    assert caught == ["the program that reads it did not start"]
    assert time.monotonic() - begun < 20


def test_the_end_of_the_program_waits_for_no_template(tmp_path: Path) -> None:
    slow = tmp_path / "program.py"
    slow.write_text("import time; time.sleep(100)", encoding="utf-8")
    code = f"""
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from viz_core.models import templates
templates.PROGRAM = Path({str(slow)!r})
ThreadPoolExecutor(1).submit(templates.conversation, "", {{}}, [])
while templates._elsewhere._process is None:
    time.sleep(0.01)
print("asked", flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "asked\n"
        assert program.wait(30) == 0
