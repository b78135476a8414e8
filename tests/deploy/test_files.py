"""What deploy/ has for a public server agrees: with itself, with the app and with what is installed."""

import base64
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import streamlit
import yaml
from streamlit import config

from tests.browser.serving import ROOT
from tests.deploy.front import DEPLOY, TEMPORARY
from tests.deploy.front import NGINX as PROGRAM
from viz_core.ui.server import VARIABLE
from viz_core.ui.state import LONGEST_URL
from viz_core.ui.store import SHARES

NGINX, CONTAINER = (DEPLOY / "nginx.conf").read_text(), (DEPLOY / "Containerfile").read_text()
UNIT = (DEPLOY / "attention@.service").read_text()
MANUAL = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
APPS = {name: service for name, service in COMPOSE["services"].items() if name != "web"}
ANYBODYS = {"docker.io", "download.pytorch.org", "pypi.org", "127.0.0.1", "localhost", "everyone"}


def set_in(text: str, name: str) -> str:
    """What a directive of nginx.conf is set to, the first time."""
    found = re.search(rf"^\s*{re.escape(name)} ([^;]+);", text, re.MULTILINE)
    assert found is not None, f"{name} is not set"
    return found[1]


def processes(path: Path) -> dict[str, str]:
    """Port: address, of a processes.conf; of both places in it, which must say the same."""
    text = path.read_text()
    upstream = dict(re.findall(r"server ([\d.]+):(\d+)", text))
    by_cookie = dict(re.findall(r"^\s+(\d+)\s+([\d.]+:\d+);", text, re.MULTILINE))
    addresses = re.findall(r"server ([\d.]+:\d+)", text)
    assert upstream, f"{path} names no process"
    assert by_cookie == {address.rpartition(":")[2]: address for address in addresses}
    return by_cookie


def environment_of_unit() -> dict[str, str]:
    return dict(re.findall(r"^Environment=(\w+)=(.*)$", UNIT, re.MULTILINE))


def environment_of_container() -> dict[str, str]:
    (said,) = re.findall(r"^ENV ((?:.*\\\n)*.*)$", CONTAINER, re.MULTILINE)
    return dict(pair.split("=", 1) for pair in shlex.split(said.replace("\\\n", " ")))


def with_encryption(text: str, folder: Path) -> str:
    """nginx.conf as docs/deploy.md says to change it, with a certificate of our own."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl on this machine")
    key, certificate = folder / "privkey.pem", folder / "fullchain.pem"
    command = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    open_to_all = "        listen 80 default_server;\n        listen [::]:80 default_server;\n"
    assert open_to_all in text
    text = text.replace(open_to_all, "").replace("/etc/letsencrypt/live/attention.example.org", str(folder))
    parts = re.findall(r"# Encrypted: .*\n((?: *# .*\n| *#\n?)+)", text)
    assert len(parts) == 2
    for part in parts:
        text = text.replace(part, re.sub(r"^( *)# ?", r"\1", part, flags=re.MULTILINE))
    return text


def megabytes(said: str) -> int:
    return int(said[:-1]) * {"m": 1, "g": 1024}[said[-1].lower()]


def test_every_process_is_in_both_places_and_in_the_composition() -> None:
    assert len(processes(DEPLOY / "processes.conf")) >= 2
    composed = {
        service["environment"]["STREAMLIT_SERVER_PORT"]: service["networks"]["attention"]["ipv4_address"]
        for service in APPS.values()
    }
    expected = {port: f"{address}:{port}" for port, address in composed.items()}
    assert processes(DEPLOY / "compose/processes.conf") == expected


def test_nginx_lets_through_what_the_app_sends_and_the_security_policy_fits_streamlit() -> None:
    count, size = set_in(NGINX, "large_client_header_buffers").split()
    assert int(count) >= 4
    assert int(size.removesuffix("k")) * 1024 >= LONGEST_URL + 4096
    index = (Path(streamlit.__file__).parent / "static/index.html").read_text()
    inline = re.findall(r"<script>(.*?)</script>", index, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    assert re.findall(r"'sha256-([^']+)'", NGINX) == hashes
    pings = config.get_option("server.websocketPingInterval") or 30
    stream = NGINX.partition("location = /_stcore/stream")[2]
    assert int(set_in(stream, "proxy_read_timeout").removesuffix("s")) >= 3 * pings


def test_nginx_takes_no_files_because_the_app_asks_for_none() -> None:
    assert "location /_stcore/upload_file { return 404; }" in NGINX
    asking = re.compile(r"st\.(file_uploader|camera_input|audio_input|chat_input)\b|accept_file")
    asked = [path for room in ("pages", "viz_core") for path in (ROOT / room).rglob("*.py")]
    assert [path for path in asked if asking.search(path.read_text(encoding="utf-8"))] == []


def test_nginx_writes_no_sentence_anywhere() -> None:
    """The address of a page holds it: neither the address nor what refers to it is logged, and no error that quotes
    them."""
    formats = re.findall(r"log_format \w+ ([^;]+);", NGINX)
    assert len(formats) == 1
    for name in ("request", "request_uri", "args", "query_string", "http_referer", "remote_addr", "http_cookie"):
        assert not re.search(rf"\${name}\b", formats[0])
    assert set(re.findall(r"^\s*access_log ([^;]+);", NGINX, re.MULTILINE)) == {
        "/var/log/nginx/access.log brief",
        "off",
    }
    assert set_in(NGINX, "error_log").endswith(" crit")


def test_what_the_container_copies_exists_and_is_let_in() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [
        source for line in re.findall(r"^COPY (?!--)(.+)$", CONTAINER, re.MULTILINE) for source in line.split()[:-1]
    ]
    assert sorted(copied) == sorted(let_in)
    for source in copied:
        assert (ROOT / source).exists(), source
    for service in COMPOSE["services"].values():
        here = [volume.split(":")[0] for volume in service["volumes"] if volume.startswith(".")]
        for path in here:
            assert (DEPLOY / path).is_file(), path


def test_service_and_container_say_the_same() -> None:
    unit, container = environment_of_unit(), environment_of_container()
    for name in unit.keys() & container.keys() - {"HF_HOME", VARIABLE}:
        assert unit[name] == container[name], name
    assert set(unit) ^ set(container) == {"HOME", "STREAMLIT_SERVER_ADDRESS", "STREAMLIT_SERVER_PORT"}
    assert "--server.address 127.0.0.1 --server.port %i" in UNIT
    assert re.findall(r"^WorkingDirectory=(.+)$", UNIT, re.MULTILINE) == ["/opt/attention"]
    assert re.findall(r"^WORKDIR (.+)$", CONTAINER, re.MULTILINE) == ["/opt/attention"] * 2
    assert re.findall(r"^USER (.+)$", CONTAINER, re.MULTILINE) == ["10001:10001"]
    known = {re.sub("([A-Z])", r"_\1", name).upper().replace(".", "_") for name in config.get_config_options()}
    for name in container:
        assert not name.startswith("STREAMLIT_") or name.removeprefix("STREAMLIT_") in known, name


def test_who_asks_is_never_taken_for_the_operator() -> None:
    """Behind a proxy all requests come from this machine: without the file, every folder would be open."""
    assert environment_of_unit()[VARIABLE] == "/etc/attention/server.toml", "which an update leaves alone"
    path = "/opt/attention/deploy/server.toml"
    assert environment_of_container()[VARIABLE] == path
    assert f"COPY deploy/server.toml {Path(path).relative_to('/opt/attention')}" in CONTAINER
    for service in APPS.values():
        assert f"./server.toml:{path}:ro" in service["volumes"]
    assert not {VARIABLE} & {name for service in APPS.values() for name in service["environment"]}


def test_memory_is_the_same_everywhere_and_twice_what_is_kept() -> None:
    (most,) = re.findall(r"^MemoryMax=(.+)$", UNIT, re.MULTILINE)
    kept = tomllib.loads((DEPLOY / "server.toml").read_text())["memory"]
    assert {megabytes(service["mem_limit"]) for service in APPS.values()} == {megabytes(most)}
    assert 2 * kept * 1000 <= megabytes(most)
    assert "MemoryHigh" not in UNIT, "the kernel would slow down what the app believes it may take"


def test_the_largest_model_fits_into_the_share_of_models_and_the_manual_shows_the_file() -> None:
    allowed = tomllib.loads((DEPLOY / "server.toml").read_text())
    assert allowed["largest_model"] <= SHARES["models"] * allowed["memory"]
    (shown,) = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)
    told = tomllib.loads(shown)
    assert told.keys() == allowed.keys()
    for name in allowed.keys() - {"models", "folders"}:
        assert told[name] == allowed[name], name


def test_limits_are_those_of_the_manual() -> None:
    each, all_of_them = (int(set_in(NGINX, f"limit_conn {zone}")) for zone in ("visitors", "everybody"))
    assert f"| {each:,}; {all_of_them:,} |" in MANUAL
    assert all_of_them == 600 * len(APPS)
    body = set_in(NGINX, "client_max_body_size").removesuffix("k")
    assert f"(`client_max_body_size`) | {body} kB |" in MANUAL
    (tasks,) = re.findall(r"^TasksMax=(.+)$", UNIT, re.MULTILINE)
    (stop,) = re.findall(r"^TimeoutStopSec=(.+)$", UNIT, re.MULTILINE)
    for service in APPS.values():
        assert service["pids_limit"] == int(tasks)
        assert service["stop_grace_period"] == f"{stop}s"


def test_both_ways_to_build_an_image_ask_whether_it_is_well() -> None:
    (options, asked) = re.findall(r"^HEALTHCHECK (.*) \\\n    CMD (.+)$", CONTAINER, re.MULTILINE)[0]
    said = dict(option.removeprefix("--").replace("-", "_").split("=") for option in options.split())
    for service in APPS.values():
        check = service["healthcheck"]
        assert check["test"] == ["CMD", *json.loads(asked)]
        assert {name: str(value) for name, value in check.items() if name != "test"} == said


@pytest.mark.parametrize("encrypted", [False, True])
def test_nginx_takes_its_file(tmp_path: Path, *, encrypted: bool) -> None:
    if PROGRAM is None:
        assert not os.environ.get("CI"), "CI must have nginx: .ci/run installs it"
        pytest.skip("no nginx on this machine: apt-get install nginx-light")
    text = with_encryption(NGINX, tmp_path) if encrypted else NGINX
    assert text.count("location /.well-known/acme-challenge/") == 2
    temporary = "".join(f"{name}_temp_path {tmp_path}/{name}; " for name in TEMPORARY)
    text = text.replace("include processes.conf;", f"include processes.conf; {temporary}")
    text = re.sub(r"/(var/log/nginx|var/lib/nginx|run)/", f"{tmp_path}/", text)
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)  # a machine may have no IPv6
    text = re.sub(r"(listen )(80|443)\b", r"\g<1>127.0.0.1:2\2", text).replace("user www-data;", "")
    (tmp_path / "nginx.conf").write_text(text)
    (tmp_path / "processes.conf").write_text((DEPLOY / "processes.conf").read_text())
    command = [PROGRAM, "-t", "-c", f"{tmp_path}/nginx.conf", "-e", f"{tmp_path}/start"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert "test is successful" in said, said
    assert "[warn]" not in said.replace('[warn] the "user" directive', "")


@pytest.mark.parametrize("name", list(COMPOSE["services"]))
def test_a_container_may_do_little(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert "mem_limit" in service
    assert not service.get("privileged")
    assert ("ports" in service) == (name == "web"), "visitors reach nginx alone"


def test_no_address_of_a_place_of_work_is_written_down() -> None:
    written = "".join(path.read_text() for path in DEPLOY.rglob("*") if path.is_file())
    hosts = re.findall(r"(?:https?://|image: |ARG PYTHON=)([\w-]+(?:\.[\w-]+)*)", written)
    assert set(hosts) - {"attention"} <= ANYBODYS
