"""Serve the real app on a free port, and start the system's Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OFF = ["quic", "gpu", "background-networking", "component-update", "sync"]


@contextmanager
def served_app(folder: Path, port: int = 0, script: str = "app.py", **variables: str) -> Iterator[str]:
    """The app's URL. Its home is an empty `folder`, as on a fresh machine, and it cannot reach any Hub."""
    port, log = port or free_ports(1)[0], folder / "log"
    server = started(port, log, script=script, **(at_home(folder) | variables))
    try:
        wait_until_healthy(f"http://localhost:{port}/_stcore/health", server, log)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def free_ports(count: int) -> list[int]:
    with ExitStack() as bound:
        sockets = [bound.enter_context(socket.socket()) for _port in range(count)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]


def at_home(folder: Path) -> dict[str, str]:
    """What the app is told of where it is: its home, the program, no network."""
    return {"HOME": str(folder), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}


def started(
    port: int, log: Path, *options: str, script: str = "app.py", cwd: Path = ROOT, **variables: str
) -> subprocess.Popen[bytes]:
    """The app on a port; what it says is added to `log`."""
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / script), "--server.headless", "true"]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*command, "--server.port", str(port), *options],
            cwd=cwd,
            env=os.environ | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _attempt in range(600):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  our own loopback server
                if answer.read() == b"ok":
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the app did not start:\n{log.read_text()}")


def launched(playwright: Playwright, env: Mapping[str, str] | None = None) -> Browser:
    """Headless Chromium that asks nothing of the network by itself; `env` in place of our own environment."""
    arguments = ["--no-sandbox", "--no-first-run", *(f"--disable-{feature}" for feature in OFF)]
    return playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, env=env and dict(env))
