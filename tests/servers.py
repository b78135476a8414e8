"""A server as whoever runs it has set it up, for tests of what visitors may ask of it."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.runtime.context import StreamlitHeaders

from viz_core.ui import classroom, server

Serve = Callable[..., None]
EVERYWHERE = "0.0.0.0"  # noqa: S104  what a public server listens to


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """A server with an address, a file, a class, and what a request says of where it comes from."""
    monkeypatch.delenv(server.VARIABLE, raising=False)
    monkeypatch.delenv(classroom.VARIABLE, raising=False)

    def serve(address: str | None = EVERYWHERE, *, file: str | None = None, of_class: str = "", **headers: str) -> None:
        said = StreamlitHeaders([(name.replace("_", "-"), value) for name, value in headers.items()])
        options = {"server.address": address}
        found = SimpleNamespace(get_option=options.__getitem__, context=SimpleNamespace(headers=said))
        monkeypatch.setattr(server, "st", found)
        if file is None:
            monkeypatch.delenv(server.VARIABLE, raising=False)
        else:
            (tmp_path / "server.toml").write_text(file, encoding="utf-8")
            monkeypatch.setenv(server.VARIABLE, str(tmp_path / "server.toml"))
            server.read.cache_clear()  # which a server never needs: it reads its file once
        monkeypatch.delenv(classroom.VARIABLE, raising=False)
        if of_class:
            (tmp_path / "class.toml").write_text(of_class, encoding="utf-8")
            monkeypatch.setenv(classroom.VARIABLE, str(tmp_path / "class.toml"))

    return serve
