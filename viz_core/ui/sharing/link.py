"""The address of what is looked at now, and who can open it."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st

from viz_core.ui import classroom, state

EVERY = {None, "", "0.0.0.0", "::"}  # noqa: S104  where a server listens to all
NOWHERE = ("192.0.2.1", 9)  # RFC 5737: an address that is nobody's
PORTS = {"http": 80, "https": 443}
CONTAINER = ("/.dockerenv", "/run/.containerenv")  # Docker's mark, and Podman's
LONG = 2_000  # characters, from which messengers, mails and old servers cut an address


@dataclass(frozen=True)
class Link:
    """missing: what is looked at and too long for any address, by its name in one; alone: nobody but this computer can
    open it; host: the name of this computer for others, where the visitor's own name for it would be of no use."""

    address: str
    missing: tuple[str, ...] = ()
    alone: bool = False
    host: str = ""

    @property
    def long(self) -> bool:
        return len(self.address) > LONG


def here() -> Link:
    """To this page."""
    return _to(st.context.url or "", state.current())


def to(page: str, address: Mapping[str, str]) -> str:
    """To another page of this server; "" where its own address is not known."""
    url = st.context.url or ""
    now = str(st.session_state.get("page", "explore"))
    root = (url.rstrip("/").removesuffix(f"/{now}") if now != "explore" else url).rstrip("/")
    return _written(_for_others(f"{root}/{'' if page == 'explore' else page}")[0], address) if url else ""


def _to(url: str, view: state.View) -> Link:
    address = state.address_of(view)
    default = state.View()
    missing = [
        name for name in ("text", "model") if getattr(view, name) != getattr(default, name) and name not in address
    ]
    missing += [name for name, _value in view.settings if name not in address]
    others, alone, host = _for_others(url)
    return Link(_written(others, address), tuple(missing), alone, host)


def _written(url: str, address: Mapping[str, str]) -> str:
    query = urlencode(address, quote_via=quote, errors="replace")
    return f"{url}?{query}" if query else url


def _for_others(url: str) -> tuple[str, bool, str]:
    """The address under which others reach the same; whether there is none; the name of this computer in it, if it had
    to be put there."""
    parts = urlsplit(url)
    if parts.netloc and not parts.path:
        url = parts._replace(path="/").geturl()
        parts = urlsplit(url)
    if classroom.current().address:  # what the teacher says is right
        told = urlsplit(classroom.current().address)
        return parts._replace(scheme=told.scheme, netloc=told.netloc).geturl(), False, ""
    if not _is_this_computer(parts.hostname or "x"):
        return url, False, ""
    found = _in_the_network(parts.port or PORTS.get(parts.scheme))
    if not found:
        return url, True, ""
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=f"{found}{port}").geturl(), False, found


def _is_this_computer(host: str) -> bool:
    try:
        return ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def listens() -> bool:
    """Whether the server takes what comes from other computers."""
    return st.get_option("server.address") in EVERY


def _in_the_network(port: int | None) -> str:
    """This computer's address in its network, where the server listens there and lets itself be called so; else "".
    Of another port than its own, or from a container, it knows no name that others could use."""
    if not listens() or port != st.get_option("server.port") or any(map(os.path.exists, CONTAINER)):
        return ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(NOWHERE)  # of a datagram: chooses the way, sends nothing
        except OSError:
            return ""
        found = str(asked.getsockname()[0])
    allowed = st.get_option("server.allowedHosts") or [found]
    return found if found in allowed and not ip_address(found).is_loopback else ""
