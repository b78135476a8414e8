"""What is shared: the address and who can open it, the name of a file, the lesson as a file, the paper."""

import re
import socket
import subprocess
import sys
import time
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from viz_core.figures.handout import LARGEST, Handout, Picture, Question, Section, Words, document
from viz_core.lessons.lesson import LESSONS, Lesson, Step
from viz_core.lessons.shelf import lessons
from viz_core.ui import state
from viz_core.ui.sharing import __main__ as program
from viz_core.ui.sharing import lesson as of_lesson
from viz_core.ui.sharing import link, menu, paper, works
from viz_core.ui.sharing.link import Link
from viz_core.ui.sharing.sheet import file_name
from viz_core.ui.state import View
from viz_core.ui.workshop import GivenUp

ROOT = Path(__file__).parents[2]
LONGEST = "11"  # the lesson with the largest figures


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A server: its options, the visitor's view, the address it is seen under, this computer's in the network."""
    server = SimpleNamespace(
        options={"server.address": None, "server.allowedHosts": [], "server.port": 8501},
        view=View(),
        url="",
        lan="192.168.0.12",
    )

    class Socket(socket.socket):
        def connect(self, _address: object) -> None:
            if not server.lan:
                raise OSError("Network is unreachable")

        def getsockname(self) -> tuple[str, int]:
            return server.lan, 1

    context = SimpleNamespace(context=server, get_option=server.options.get, session_state={"page": "masks"})
    monkeypatch.setattr(link, "st", context)
    monkeypatch.setattr(link.socket, "socket", Socket)
    monkeypatch.setattr(link, "CONTAINER", ())
    monkeypatch.setattr(state, "current", lambda: server.view)
    return server


def test_the_link_has_all_of_the_view(served: SimpleNamespace) -> None:
    served.url = "https://attention.example.org/masks"
    served.view = View(text="커피 & #?/é", layer=2, settings=(("lang", "ko"), ("mask", "window")))
    found = link.here()
    assert found.address.isascii()
    assert found.address.startswith("https://attention.example.org/masks?")
    said = parse_qs(urlsplit(found.address).query)
    assert said == {"text": ["커피 & #?/é"], "layer": ["2"], "lang": ["ko"], "mask": ["window"]}
    assert (found.missing, found.alone, found.host) == ((), False, "")


def test_what_is_too_long_is_told(served: SimpleNamespace) -> None:
    served.url = "https://attention.example.org/"
    served.view = View(text="가" * 10_000, settings=(("cells", "1" * 5_000),))
    found = link.here()
    assert found.missing == ("text", "cells")
    assert found.address == "https://attention.example.org/"


def test_a_lone_surrogate_makes_a_link(served: SimpleNamespace) -> None:
    served.url = "http://localhost:8501/"
    served.view = View(text="a\ud800b")
    assert "text=a%3Fb" in link.here().address


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "[::]"])  # noqa: S104
def test_this_computer_is_called_by_its_name_in_the_network(served: SimpleNamespace, host: str) -> None:
    served.url = f"http://{host}:8501/masks"
    found = link.here()
    assert found.address == "http://192.168.0.12:8501/masks"
    assert found.host == "192.168.0.12"
    assert not found.alone


@pytest.mark.parametrize(
    ("options", "lan"),
    [
        ({"server.address": "localhost"}, "192.168.0.12"),
        ({"server.address": "127.0.0.1"}, "192.168.0.12"),
        ({"server.allowedHosts": ["attention.example.org"]}, "192.168.0.12"),
        ({}, ""),
        ({}, "127.0.1.1"),
    ],
)
def test_a_server_that_nobody_else_reaches(served: SimpleNamespace, options: dict[str, object], lan: str) -> None:
    served.url = "http://localhost:8501/masks"
    served.options.update(options)
    served.lan = lan
    found = link.here()
    assert found.alone
    assert found.address == "http://localhost:8501/masks"


@pytest.mark.parametrize(
    ("url", "port", "marked"),
    [
        ("http://localhost/masks", 8501, False),  # through nginx, or another port of the machine around a container
        ("https://localhost/masks", 8501, False),
        ("http://localhost:8080/masks", 8501, False),
        ("http://localhost:8501/masks", 8501, True),
    ],
)
def test_a_server_that_does_not_know_how_it_is_reached(
    served: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, port: int, marked: bool
) -> None:
    served.url, served.options["server.port"] = url, port
    if marked:
        monkeypatch.setattr(link, "CONTAINER", (str(tmp_path),))
    assert (link.here().address, link.here().alone) == (url, True)
    assert "under the server's own name" in menu._about(link.here(), None)[0]


@pytest.mark.parametrize(("url", "port"), [("http://localhost/masks", 80), ("https://localhost/masks", 443)])
def test_the_port_that_need_not_be_written(served: SimpleNamespace, url: str, port: int) -> None:
    served.url, served.options["server.port"] = url, port
    assert link.here().address == url.replace("localhost", "192.168.0.12")


def test_whom_nobody_reaches_is_told_the_command_of_the_readme() -> None:
    command = "make run HOST=0.0.0.0"
    assert f"`{command}`" in menu._about(Link("http://localhost:8501/", alone=True), None)[0]
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")


def test_another_page_of_the_same_server(served: SimpleNamespace) -> None:
    served.url = "https://example.org/attention/masks"
    assert link.to("explore", {}) == "https://example.org/attention/"
    assert link.to("block", {"part": "x"}) == "https://example.org/attention/block?part=x"


def test_a_file_has_a_name_every_system_takes() -> None:
    assert file_name("04 왜 √dₖ?") == "04-왜-dₖ"
    assert file_name("../../x") == "x"
    assert file_name("???") == "page"


# -- the lesson ----------------------------------------------------------------------------------------


def test_a_lesson_is_one_file_of_all_its_steps(tmp_path: Path) -> None:
    out = tmp_path / "lesson.html"
    command = [sys.executable, "-m", "viz_core.ui.sharing", LONGEST, "--out", str(out), "--progress"]
    done = subprocess.run(
        [*command, "--root", "http://192.168.0.12:8501"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    page = out.read_text(encoding="utf-8")
    source = next(LESSONS.glob(f"{LONGEST}-*[!o].md")).read_text(encoding="utf-8")
    steps = re.findall(r"^## (.+)$", source, flags=re.MULTILINE)
    assert done.stdout.split()[0] == f"0/{len(steps)}"
    assert len(re.findall(r"<h2>\d+\. ", page)) == len(steps)
    assert page.count('class="ask"') == source.count("```ask")
    assert page.count('class="plot"') >= source.count("```view")
    assert "{{" not in page.partition('id="plotly"')[0]
    assert f"lesson={LONGEST}&amp;lesson_step=2" in page
    assert len(page.encode()) <= LARGEST


@pytest.mark.parametrize("page", ["explore", "masks"])
def test_a_lesson_draws_its_own_sentence_and_not_that_of_the_class(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Namespace(language="en", theme="light")
    step = Step("A step", "of no text", {"page": page})
    monkeypatch.delenv("ATTENTION_CLASS", raising=False)
    own = list(program._pictures(step, options))
    file = tmp_path / "class.toml"
    file.write_text(
        'model = "tiny-bert"\nlanguage = "ko"\nsentences = [{ name = "x", text = "A quiet cat slept" }]\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("ATTENTION_CLASS", str(file))
    in_class = list(program._pictures(step, options))
    assert own
    assert in_class == own


def test_links_of_a_hand_out_speak_its_language() -> None:
    """Be the lesson's words in it or not."""
    english = next(lesson for lesson in lessons("en") if isinstance(lesson, Lesson))
    options = Namespace(language="ko", root="http://192.168.0.12:8501/")
    for number, step in enumerate(english.steps, start=1):
        said = parse_qs(urlsplit(program._address(options, english, number, step)).query)
        assert said["lang"] == ["ko"]


def test_what_a_click_answers_is_shown_with_the_answer() -> None:
    options = Namespace(language="en", theme="light", root="")
    lesson, number, step = next(
        (lesson, number, step)
        for lesson in lessons("en")
        if isinstance(lesson, Lesson)
        for number, step in enumerate(lesson.steps, start=1)
        if step.ask is not None and step.ask.click
    )
    blocks = program._section(lesson, number, step, options).blocks
    question = blocks[-1]
    assert isinstance(question, Question)
    assert not [block for block in blocks if isinstance(block, Picture)]
    assert question.pictures
    assert "Text: The" in question.question


# -- the program that makes it ---------------------------------------------------------------------------


def run(code: str, folder: Path, note: works.Note = lambda *_told: None) -> float:
    """Seconds that it ran."""
    before = time.monotonic()
    try:
        of_lesson._run([sys.executable, "-c", code], note, folder)
    finally:
        seconds = time.monotonic() - before
    return seconds


def test_how_far_it_is(tmp_path: Path) -> None:
    told = []
    code = "import time; print('starts'); print('2/7', flush=True); time.sleep(1); print('3/', end='', flush=True)"
    run(code, tmp_path, lambda *said: told.append(said))
    assert told[-1] == (2, 7, "")


def test_a_silent_program_ends_when_nobody_waits(tmp_path: Path) -> None:
    def gives_up(*_told: object) -> None:
        raise GivenUp

    before = time.monotonic()
    with pytest.raises(GivenUp):
        run("import time; time.sleep(60)", tmp_path, gives_up)
    assert time.monotonic() - before < 10


def test_a_program_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_lesson, "PATIENCE", 1)
    with pytest.raises(works.Failed, match="within 1 seconds"):
        run("import time; time.sleep(60)", tmp_path)


def test_why_it_failed_is_told(tmp_path: Path) -> None:
    with pytest.raises(works.Failed, match=r"could not be drawn: .*ValueError: no such figure") as failed:
        run("import sys; print('noise ' * 9, file=sys.stderr)\n\n\nraise ValueError('no such figure')", tmp_path)
    assert "noise" not in str(failed.value)


def test_a_lesson_that_is_not_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "viz_core.ui.sharing", "99", "--out", str(tmp_path / "x.html")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no lesson 99" in done.stderr


def test_a_lesson_is_made_anew_when_a_file_of_it_or_the_program_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, program = tmp_path / "lessons", tmp_path / "viz_core"
    folder.mkdir()
    program.mkdir()
    files = [folder / "03-scores.md", folder / "03-scores.ko.md", program / "attention.py"]
    for file in files:
        file.write_text("as it was")
    monkeypatch.setattr(of_lesson, "ROOT", tmp_path)
    lesson = Lesson(3, "scores", "Scores", "", 5, (), "ko", files[1])
    seen = [of_lesson.digest(lesson)]
    assert of_lesson.digest(lesson) == seen[0]
    for file in files:
        file.write_text("as it is now")
        seen.append(of_lesson.digest(lesson))
    (folder / "04-other.md").write_text("another lesson")
    assert of_lesson.digest(lesson) == seen[-1]
    assert len(set(seen)) == 4


# -- paper ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(not paper.can(), reason="no chromium on this machine")
@pytest.mark.parametrize("kind", ["pdf", "png"])
def test_a_browser_draws_it(kind: str) -> None:
    page = document(Handout("Title", ["line"], [Section("One", [Words("word " * 3_000)])])).encode()
    with ThreadPoolExecutor(1) as other:  # as in the app; where a browser test has been, this one has a loop of its own
        drawn = other.submit(paper.printed, page, kind).result()
    if kind == "pdf":
        assert drawn.startswith(b"%PDF-")
        assert drawn.count(b"/Type /Page\n") >= 3
    else:
        image = Image.open(BytesIO(drawn))
        assert image.width == 2 * paper.ACROSS["png"]
        assert image.height > 2_000


@pytest.mark.skipif(not paper.can(), reason="no chromium on this machine")
def test_a_page_that_never_stands_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "PATIENCE", 3)
    page = b"<html><body>no hand-out</body></html>"
    with ThreadPoolExecutor(1) as other, pytest.raises(paper.Failed, match="Print the HTML file"):
        other.submit(paper.printed, page, "pdf").result()
