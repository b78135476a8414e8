import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import kaleido
import pytest
from kaleido.errors import BrowserFailedError, ChromeNotFoundError
from PIL import Image

import viz_core
from tests.browser.serving import CHROMIUM
from viz_core.command import images
from viz_core.edits import Edits
from viz_core.notebook import show

ROOT = Path(__file__).parents[2]
TEXT = "The <b>dog</b> bit the man"
GPT = ("figure", "--model", "tiny-gpt")


def numbers(html: str) -> list[str]:
    """The cells of the drawn maps, as Plotly packs them."""
    return re.findall(r'"bdata":"([^"]+)"', html)


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("--layer 1 --head 4", {"view": "head", "layer": 1, "head": 4}),
        ("", {"view": "head"}),
        ("--view heads --theme dark", {"view": "heads", "theme": "dark"}),
        ("--view heads --layer 2", {"view": "heads", "layer": 2}),
        ("--view chain --layer 3 --head 1", {"view": "chain", "layer": 3, "head": 1}),
        ("--view row --row 2 --layer 3", {"view": "row", "row": 2, "layer": 3}),
    ],
)
def test_a_page_draws_what_a_notebook_shows(typed: str, chosen: dict, run: Callable, tmp_path: Path):
    out = tmp_path / "figure.html"
    assert run(*GPT, "--text", TEXT, "--out", out, *typed.split()) == (0, b"", "")
    html = out.read_text()
    figure = show(viz_core.load("tiny-gpt").record(TEXT), **chosen)
    assert numbers(html) == numbers(figure.to_html(include_plotlyjs=False))
    assert "Model: tiny-gpt" in html
    assert ("Drag a box to zoom in" in html) == (figure.layout.dragmode == "zoom")
    assert "Text: The &lt;b&gt;dog&lt;/b&gt; bit the man" in html


def test_of_a_recording_as_of_a_model(run: Callable, tmp_path: Path):
    """With an edit, which the page tells."""
    edit = ("--scale", "1")
    run("record", "--model", "tiny-gpt", "--text", TEXT, "--out", tmp_path / "dog.npz", *edit)
    for name, typed in (("a", [*GPT[1:], "--text", TEXT, *edit]), ("b", ["--recording", tmp_path / "dog.npz"])):
        assert run("figure", *typed, "--out", tmp_path / f"{name}.html", "--layer", "1", "--head", "4").code == 0
    html = (tmp_path / "a.html").read_text()
    assert html == (tmp_path / "b.html").read_text()
    assert "What if: scale = 1.0" in html
    figure = show(viz_core.load("tiny-gpt").record(TEXT, Edits(scale=1.0)), layer=1, head=4)
    assert numbers(html) == numbers(figure.to_html(include_plotlyjs=False))


def test_of_an_encoder_decoder(run: Callable, tmp_path: Path):
    text = "The dog does not eat the apple."
    typed = ("--model", "tiny-translator", "--text", text, "--which", "cross", "--layer", "1", "--head", "2")
    assert run("figure", *typed, "--out", tmp_path / "a.html").code == 0
    figure = show(viz_core.load("tiny-translator").record(text), which="cross", layer=1, head=2)
    assert numbers((tmp_path / "a.html").read_text()) == numbers(figure.to_html(include_plotlyjs=False))


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_images_are_drawn_without_a_network(tmp_path: Path):
    """In a process of its own: a browser is started and ended."""
    code = """if True:
        import sys
        from viz_core.command import main
        text = ["--recording", sys.argv[1] + "/dog.npz", "--layer", "1", "--head", "4", "--theme", "dark"]
        record = ["--model", "tiny-gpt", "--text", "The dog bit the 남자", "--out", sys.argv[1] + "/dog.npz"]
        assert main(["record", *record]) == 0
        assert main(["figure", *text, "--out", sys.argv[1] + "/dog.png", "--width", "600", "--resolution", "1.5"]) == 0
        assert main(["figure", *text, "--out", sys.argv[1] + "/dog.svg"]) == 0
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    image = Image.open(io.BytesIO((tmp_path / "dog.png").read_bytes())).convert("RGB")
    assert image.size[0] == 900
    assert image.getpixel((2, 2)) == (0x0F, 0x12, 0x18)  # the dark page's background, not transparent
    assert len(image.getcolors(1 << 24)) > 50
    svg = (tmp_path / "dog.svg").read_text()
    assert svg.startswith("<svg")
    assert "남자" in svg
    assert "L1·H4" in svg


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            ChromeNotFoundError("x"),
            "PNG is drawn by Chromium or Chrome, and there is none on this machine. Install one",
        ),
        (BrowserFailedError("it died\nat once"), "The browser could not draw this (it died). Write .html"),
        (TimeoutError(), "The browser could not draw this (TimeoutError)."),
    ],
)
def test_without_a_browser(error: Exception, says: str, run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fails(*_arguments: object, **_named: object) -> bytes:
        raise error

    monkeypatch.setattr(kaleido, "calc_fig_sync", fails)
    done = run(*GPT, "--text", TEXT, "--out", tmp_path / "a.png")
    assert (done.code, done.out) == (1, b"")
    assert says in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_single_map_is_as_wide_as_it_must_be(monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr(kaleido, "calc_fig_sync", lambda *drawn, **options: asked.append((*drawn, options)) or b"")
    recording = viz_core.load("tiny-gpt").record("dog " * 60)
    for view in ("head", "row"):
        images.image(show(recording, view), "png", theme="light", width=None, resolution=2)
    (one, first), (_bars, second) = asked
    across = first["opts"]["width"] - one.layout.margin.l - one.layout.margin.r
    assert across == pytest.approx(one.layout.height - one.layout.margin.t - one.layout.margin.b, abs=10)
    assert second["opts"]["width"] == images.WIDTH


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (
            [*GPT, "--text", TEXT, "--out", "a.pdf"],
            "--out is a.pdf; expected a name that ends in .png or .svg or .html.",
        ),
        (
            [*GPT, "--text", TEXT, "--out", "-"],
            "--out needs a file name, which says whether PNG, SVG or HTML is meant.",
        ),
        ([*GPT, "--out", "a.html"], "--model needs a text: pass --text or --text-file."),
        ([*GPT, "--text", TEXT, "--out", "a.html", "--layer", "4"], "layer is 4; expected 0 to 3."),
        ([*GPT, "--text", TEXT, "--out", "a.html", "--head", "-1"], "head is -1; expected 0 to 5."),
        ([*GPT, "--text", TEXT, "--out", "a.html", "--which", "cross"], "this recording has no encoder"),
        ([*GPT, "--text", TEXT, "--out", "a.html", "--row", "1"], "row is 1; view 'head' shows all rows"),
        ([*GPT, "--text", TEXT, "--out", "a.html", "--view", "heads", "--head", "1"], "view 'heads' shows every head"),
        (["figure", "--recording", "none.npz", "--out", "a.html"], "There is no file none.npz."),
        (["figure", "--recording", str(ROOT), "--out", "a.html"], f"figure: {ROOT} is a folder; expected a file."),
        (["figure", "--recording", "a.npz", "--chat", "--out", "a.html"], "leave out --text, --chat and"),
        (["figure", "--recording", __file__, "--out", "a.html"], "is no recording of this program: it begins with"),
        (
            ["figure", "--recording", "a.npz", "--text", "a", "--out", "a.html"],
            "--recording holds text and edits already",
        ),
        (["figure", "--recording", "a.npz", "--scale", "1", "--out", "a.html"], "--recording holds text and edits"),
    ],
)
def test_what_can_be_mended_is_one_sentence(
    typed: list[str], says: str, run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    done = run(*typed)
    assert (done.code, done.out) == (1, b"")
    assert says in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
