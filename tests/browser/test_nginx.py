"""Several processes behind nginx, as deploy/ sets them up: each visitor stays with one, and outlives it."""

import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocket, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.hand import chosen_head, in_address, settled, tile_centre, type_sentence
from tests.browser.test_taking import menu, saved
from tests.deploy.front import NGINX, Front, nginx_in_front

MINE, HERS = "The cat saw a bird", "Tom gave Lily a red kite"
REFUSED = (
    "document.addEventListener('securitypolicyviolation', it => console.error(`refused: ${it.violatedDirective}`))"
)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if NGINX is None:
        assert not os.environ.get("CI"), "CI must have nginx: .ci/run installs it"
        pytest.skip("no nginx on this machine: apt-get install nginx-light")
    with nginx_in_front(tmp_path_factory.mktemp("front")) as front:
        yield front


def visitor(browser: Browser, complaints: list[str]) -> Page:
    """With cookies of their own. What the page's security policy keeps out is a complaint."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(60_000)
    page.add_init_script(REFUSED)
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    page.on("console", lambda said: complaints.append(said.text) if said.text.startswith("refused") else None)
    return page


def process_of(context: BrowserContext) -> int:
    """The port of the process that serves the visitor."""
    return next(int(cookie["value"]) for cookie in context.cookies() if cookie["name"] == "attention_process")


def runs_of(page: Page) -> list[str]:
    """Grows by the address of the server with every run of the page that it has finished."""
    finished: list[str] = []

    def heard(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: note(socket.url, frame))

    def note(url: str, frame: bytes | str) -> None:
        if isinstance(frame, bytes) and ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
            finished.append(url)

    page.on("websocket", heard)
    return finished


def sees(page: Page, text: str, layer: int, head: int) -> None:
    chosen_head(page, layer, head)
    expect(page.get_by_label("Type a sentence")).to_have_value(text)
    in_address(page, text=text, layer=str(layer), head=str(head))


def chooses(page: Page, layer: int, head: int) -> None:
    settled(page)  # a click while tiles move falls on another
    page.mouse.click(*tile_centre(page, layer, head))
    chosen_head(page, layer, head)


def comes(browser: Browser, front: Front, complaints: list[str], port: int) -> Page:
    """Somebody new whom nginx sends to that process: it takes turns, and leaves out one that has just been away."""
    for _turn in range(100):
        page = visitor(browser, complaints)
        page.context.request.get(front.url)
        if process_of(page.context) == port:
            page.goto(front.url)
            settled(page)
            return page
        page.wait_for_timeout(200)
        page.context.close()
    raise AssertionError(f"nobody new was sent to {port}")


def test_visitors_outlive_the_process_that_serves_them(browser: Browser, front: Front, tmp_path: Path) -> None:
    complaints: list[str] = []
    me = visitor(browser, complaints)
    me.goto(front.url)
    settled(me)
    type_sentence(me, MINE)
    in_address(me, text=MINE)
    chooses(me, 1, 2)
    sees(me, MINE, 1, 2)
    first = process_of(me.context)
    (second,) = set(front.processes) - {first}

    runs = runs_of(me)  # of websockets from now on
    front.processes[first].kill()
    for _moment in range(1200):  # by itself
        if runs:
            break
        me.wait_for_timeout(50)
    assert runs, "the page did not come back"
    assert process_of(me.context) == second
    sees(me, MINE, 1, 2)

    front.processes[first].start()
    chooses(me, 2, 3)
    menu(me, "taking-map")
    table = saved(me, me.get_by_role("button", name="CSV").first, tmp_path)
    assert table.stat().st_size > 100, "a file that the second process keeps was not had from it"

    front.processes[first].wait()
    she = comes(browser, front, complaints, first)
    type_sentence(she, HERS)
    in_address(she, text=HERS)
    chooses(she, 0, 1)
    sees(she, HERS, 0, 1)
    me.keyboard.press("Escape")
    chooses(me, 3, 0)
    sees(me, MINE, 3, 0)
    assert (process_of(me.context), process_of(she.context)) == (second, first), "a visitor was moved without need"
    assert not complaints

    for page in (me, she):
        page.context.close()
    asked = front.log.read_text()
    assert '"/_stcore/stream" 101' in asked
    assert not re.search(r"bird|Lily|text=", asked), "the log has a visitor's sentence"


def test_the_lecturers_timer_runs_under_the_policy(browser: Browser, front: Front) -> None:
    complaints: list[str] = []
    page = visitor(browser, complaints)
    page.goto(f"{front.url}/masks?present=1")
    settled(page, "weights")
    expect(page.locator("[data-testid=presenter] .bar")).to_be_visible()
    with page.expect_popup() as opened:
        page.keyboard.press("t")
    expect(opened.value.locator("#clock")).to_have_text(re.compile(r"\d\d:\d\d"))
    expect(opened.value.locator("#next")).to_have_text("Next: Leakage")
    page.context.close()
    assert not complaints


def test_what_is_not_for_visitors_is_closed(front: Front) -> None:
    for path in ("_stcore/metrics", "_stcore/agent/openapi.json", "_stcore/upload_file/a/b"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{front.url}/{path}", timeout=20)  # noqa: S310  our own loopback server


def test_pages_of_other_sites_are_kept_out(front: Front) -> None:
    """And nobody on the Internet is asked who we are, which Streamlit does to decide it."""
    for origin, expected in (
        (front.url, 200),
        ("http://elsewhere.example", 403),
        (f"{front.url}0", 403),
        ("null", 403),
    ):
        with closing(http.client.HTTPConnection(front.url.removeprefix("http://"), timeout=20)) as connection:
            connection.request("GET", "/_stcore/health", headers={"Origin": origin})
            assert connection.getresponse().status == expected, origin
    for process in front.processes.values():
        assert "external IP" not in (process.home / "log").read_text()


def test_while_no_process_answers_the_page_says_so_and_comes_by_itself(browser: Browser, front: Front) -> None:
    """As when all start again after an update."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    for process in front.processes.values():
        process.kill()
    answer = page.goto(front.url)
    assert answer is not None
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    expect(page.get_by_text("The server is starting.")).to_be_visible()
    expect(page.get_by_text("서버를 시작하고 있습니다.")).to_be_visible()
    for process in front.processes.values():
        process.start()
    expect(page.get_by_label("Type a sentence")).to_be_visible(timeout=90_000)
    page.context.close()
