"""Serve the real app on a free port, and start the system's Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OFF = ["quic", "gpu", "background-networking", "component-update", "sync"]


@contextmanager
def served_app(folder: Path, port: int = 0, script: str = "app.py", **variables: str) -> Iterator[str]:
    """The app's URL. Its home is an empty `folder`, as on a fresh machine, and it cannot reach any Hub."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = port or free.getsockname()[1]
    environment = os.environ | {"HOME": str(folder), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)} | variables
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless", "true"]
    log = folder / "log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, "--server.port", str(port)], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_healthy(f"http://localhost:{port}/_stcore/health", server, log)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _attempt in range(600):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  our own loopback server
                if answer.read() == b"ok":
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the app did not start:\n{log.read_text()}")


def launched(playwright: Playwright) -> Browser:
    """Headless Chromium that asks nothing of the network by itself."""
    arguments = ["--no-sandbox", "--no-first-run", *(f"--disable-{feature}" for feature in OFF)]
    return playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
