"""The Hub, played by a server on this machine."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "5f91d94bd9cd7190a9f3216ff93cd1dd95f2c7be"


class Hub(ThreadingHTTPServer):
    """Repositories in memory: name → file → bytes. `fault` decides how it misbehaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.repos: dict[str, dict[str, bytes]] = {}
        self.fault = ""
        self.requests: list[str] = []
        self.waiting = threading.Event()  # set when the test is over, so that no slow answer outlives it

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def asked(self, method: str) -> list[str]:
        return [line.split(" ", 1)[1] for line in self.requests if line.startswith(method)]


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        hub, path = self.server, unquote(urlsplit(self.path).path)
        hub.requests.append(f"{self.command} {path} {self.headers.get('Range', '')}".strip())
        if match := re.fullmatch(r"/api/models/([\w.-]+/[\w.-]+)", path):
            self._describe(match[1])
        elif match := re.fullmatch(r"/([\w.-]+/[\w.-]+)/resolve/([\w.-]+)/(.+)", path):
            self._file(match[1], match[3], body=body)
        else:
            self._send(404, b"{}")

    def _describe(self, repo: str) -> None:
        hub = self.server
        if hub.fault == "portal":
            self._send(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})
        elif hub.fault == "down":
            self._send(503, b"{}")
        elif hub.fault == "slow":
            hub.waiting.wait(20)
        elif self.headers.get("Authorization"):
            self._send(401, b"{}", {"X-Error-Message": "Invalid credentials in Authorization header"})
        elif repo not in hub.repos:
            self._send(401, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        else:
            siblings = [{"rfilename": name, "size": len(data)} for name, data in hub.repos[repo].items()]
            about = {"id": repo, "sha": COMMIT, "siblings": siblings, "cardData": {"license": "mit"}}
            self._send(200, json.dumps(about).encode())

    def _file(self, repo: str, name: str, *, body: bool) -> None:
        hub, data = self.server, self.server.repos[repo].get(name)
        if hub.fault == "page" and body:
            self._send(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})
        elif hub.fault == "gated":
            self._send(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"})
        elif hub.fault == "silent":
            hub.waiting.wait(20)
        elif data is None:
            self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        else:
            start = int(match[1]) if (match := re.search(r"bytes=(\d+)-", self.headers.get("Range", ""))) else 0
            headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": COMMIT}
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            cut = {"breaks once": 0 if start else 100, "breaks": len(data)}.get(hub.fault, 0)
            cut = cut if body and name.endswith("safetensors") else 0
            if body and name.endswith("safetensors") and hub.fault in ("stands still", "trickles"):
                self._slowly(data, headers, start)
            else:
                self._send(206 if start else 200, data[start:], headers, cut=cut)

    def _slowly(self, data: bytes, headers: dict[str, str], start: int) -> None:
        """Half of it at once; then nothing more, or a few bytes now and then."""
        half = max(start, len(data) // 2)
        self._send(206 if start else 200, data[start:half], headers | {"Content-Length": str(len(data) - start)})
        try:
            for at in range(half, len(data), 10):
                if self.server.waiting.wait(20 if self.server.fault == "stands still" else 0.02):
                    break
                self.wfile.write(data[at : at + 10])
        except OSError:
            pass  # whoever asked has gone
        self.close_connection = True

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, cut: int = 0) -> None:
        self.send_response(status)
        for name, value in (
            {"Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {})
        ).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: max(len(body) - cut, 0)])
        if cut:
            self.close_connection = True

    def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002  the name http.server gives it
        pass


@contextmanager
def served() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.waiting.set()
        server.shutdown()
        thread.join()
        server.server_close()
