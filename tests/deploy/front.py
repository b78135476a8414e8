"""nginx, as deploy/ has it, in front of processes of the app, each of which can be killed and started again."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.serving import ROOT, at_home, free_ports, started, wait_until_healthy

DEPLOY = ROOT / "deploy"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
TEMPORARY = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"]


@dataclass
class Process:
    """One of the app, on a port."""

    port: int
    home: Path
    running: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        self.home.mkdir(exist_ok=True)
        here = "--server.address", "127.0.0.1"
        self.running = started(self.port, self.home / "log", *here, **at_home(self.home))

    def wait(self) -> None:
        wait_until_healthy(f"http://127.0.0.1:{self.port}/_stcore/health", self.running, self.home / "log")

    def kill(self) -> None:
        """As kill -9 does."""
        self.running.kill()
        self.running.wait(timeout=20)


@dataclass(frozen=True)
class Front:
    """What a visitor reaches at `url`; `processes` by port; `log` is nginx's own of what was asked."""

    url: str
    processes: dict[int, Process]
    log: Path


@contextmanager
def nginx_in_front(folder: Path, processes: int = 2) -> Iterator[Front]:
    """The files of deploy/ with ports and folders of this test."""
    listening, packing, *behind = free_ports(processes + 2)
    apps = {port: Process(port, folder / str(port)) for port in behind}
    conf = folder / "nginx.conf"
    conf.write_text(_rewritten(DEPLOY / "nginx.conf", _own(folder, listening, packing)))
    served = {f"{8501 + at}": str(port) for at, port in enumerate(behind)}
    (folder / "processes.conf").write_text(_rewritten(DEPLOY / "processes.conf", served))
    with ExitStack() as until:
        for app in apps.values():
            app.start()
            until.callback(app.kill)
        for app in apps.values():
            app.wait()
        command = [str(NGINX), "-c", str(conf), "-e", str(folder / "start"), "-g", "daemon off;"]
        nginx = subprocess.Popen(command)
        until.callback(nginx.wait, 20)
        until.callback(nginx.terminate)
        wait_until_healthy(f"http://localhost:{listening}/_stcore/health", nginx, folder / "start")
        yield Front(f"http://localhost:{listening}", apps, folder / "access.log")


def _own(folder: Path, listening: int, packing: int) -> dict[str, str]:
    """What of deploy/nginx.conf is another here."""
    temporary = "".join(f"{name}_temp_path {folder}/{name}; " for name in TEMPORARY)
    return {
        "user www-data;": "user root;" if os.geteuid() == 0 else "",
        "pid /run/": f"pid {folder}/",
        "worker_rlimit_nofile 32768;": "",
        "/var/log/nginx/": f"{folder}/",
        "/var/lib/nginx/": f"{folder}/",
        "    include processes.conf;": f"    {temporary}include processes.conf;",
        "        listen 80 default_server;\n        listen [::]:80": f"        listen 127.0.0.1:{listening}",
        "127.0.0.1:8500": f"127.0.0.1:{packing}",
    }


def _rewritten(file: Path, instead: dict[str, str]) -> str:
    text = file.read_text()
    for there, here in instead.items():
        assert there in text, f"{file} has no {there!r} any more"
        text = text.replace(there, here)
    return text
