"""A server whose home cannot be written, that is killed, and whose port is taken; and what a visitor keeps of it."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.hand import at_rest
from tests.browser.serving import free_ports, started, wait_until_healthy

NOWHERE = "/proc"  # nobody can make a file there, root included
OF_A_PAGE = 30  # messages that it takes at least
TEXT = "가 나 다 라 " * 2000  # too long for an address

pytestmark = pytest.mark.browser


@contextmanager
def serving(port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Started elsewhere, without a home or a cache that it could write."""
    told = {"HOME": NOWHERE, "HF_HOME": NOWHERE, "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    server = started(port, log, cwd=Path("/"), **told)
    try:
        wait_until_healthy(f"http://localhost:{port}/_stcore/health", server, log)
        yield server
    finally:
        server.kill()
        server.wait()


def test_killed_at_work_and_started_again_nothing_typed_is_lost(page: Page, tmp_path: Path) -> None:
    """The sentence is too long for the address, so only the browser has it; of a draft nobody else ever heard."""
    (port,), log, other = free_ports(1), tmp_path / "log", tmp_path / "log of another"
    sockets: list[list[int]] = []  # what came through each, a number a message

    def heard(socket: WebSocket) -> None:
        sockets.append([])
        socket.on("framereceived", lambda _frame, own=sockets[-1]: own.append(1))

    page.on("websocket", heard)
    with serving(port, log) as server:
        assert started(port, other, cwd=Path("/")).wait(timeout=60) == 1
        assert f"Port {port} is not available" in other.read_text()

        page.goto(f"http://localhost:{port}/?layer=2&head=3")
        expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=60_000)
        write(page, TEXT)
        page.get_by_role("button", name="Look at this text").click()
        expect(page.get_by_text("Still shown below")).to_be_visible()
        page.wait_for_timeout(1000)
        write(page, "a draft")
        server.send_signal(signal.SIGKILL)
        server.wait()
    with serving(port, log) as server:
        wait_for_reconnection(page, sockets)
        page.keyboard.press("Escape")
        expect(page.get_by_text("Still shown below")).to_be_visible()
        expect(page.get_by_label("Type a sentence")).to_have_value(re.compile(rf"^{TEXT.strip()}\s*$"))
        assert "layer=2" in page.url
        page.get_by_role("button", name="A longer text, of several lines").first.click()
        expect(page.get_by_role("textbox", name="A longer text")).to_have_value("a draft")

        asked = time.monotonic()
        server.terminate()
        server.wait(timeout=20)
        assert time.monotonic() - asked < 15
    said = log.read_text()
    assert "Traceback" not in said


def write(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="A longer text")
    if not box.is_visible():
        page.get_by_role("button", name="A longer text, of several lines").first.click()
    box.fill(text)


def wait_for_reconnection(page: Page, sockets: list[list[int]]) -> None:
    """Until the new server has drawn the page."""
    until = time.monotonic() + 60
    while len(sockets) < 2 or len(sockets[-1]) < OF_A_PAGE:
        assert time.monotonic() < until, "the page did not come back"
        page.wait_for_timeout(200)
    at_rest(page)
