"""What whoever runs a server lets visitors ask of it, and what is said of a file that cannot be used."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit import config
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.web.server.starlette.starlette_routes import create_upload_routes

import viz_core
from tests.models.checkpoints import saved
from tests.servers import EVERYWHERE, Serve, serve
from viz_core import memory
from viz_core.models import UnusableText, WeightsUnavailable, gpt2, hub
from viz_core.ui import server, store
from viz_core.ui.server import Permit, Server, read
from viz_core.ui.toml_file import Unusable

__all__ = ["serve"]  # a fixture
PROGRAM = Path(__file__).parents[2]


def written(folder: Path, text: str) -> str:
    path = folder / "server.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


# -- the file ----------------------------------------------------------------------------------------------


def test_everything_that_can_be_set(tmp_path: Path) -> None:
    text = f"""
models = ["gpt2", "Qwen/*", "google-bert/bert-base-uncased"]
folders = ["{tmp_path}"]
longest_text = 5_000
largest_model = 1.5
memory = 2
heavy = 3
"""
    models = ("gpt2", "Qwen/*", "google-bert/bert-base-uncased")
    assert read(written(tmp_path, text)) == Server(models, (tmp_path,), 5_000, 1_500_000_000, 2_000_000_000, 3)


@pytest.mark.parametrize(("free", "kept"), [(100_000_000_000, 3_000_000_000), (4_000_000_000, 2_000_000_000)])
def test_nothing_need_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, kept: int) -> None:
    monkeypatch.setattr(memory, "available", lambda: free)
    read.cache_clear()
    assert read(written(tmp_path, "")) == read("") == Server((), (), 100_000, kept // 2, kept, 1)
    read.cache_clear()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("model = 3", "model = 3: there is no such key; allowed are models, folders, longest_text, largest_model"),
        ('models = ["gtp2"]', 'models = "gtp2": allowed is gpt2, distilgpt2'),
        ('models = ["own*/x"]', 'models = "own*/x": allowed is gpt2'),
        ('models = ["*/x"]', 'models = "*/x": allowed is gpt2'),
        ('models = ["a/b/c"]', 'models = "a/b/c": allowed is gpt2'),
        ('models = ["/etc"]', 'models = "/etc": allowed is gpt2'),
        ('models = ["gpt2", "gpt2"]', 'models = "gpt2": allowed is each once'),
        ('folders = ["/no/such/folder"]', 'folders = "/no/such/folder": allowed is a folder that exists'),
        (f'folders = ["/{"a" * 300}"]', f'folders = "/{"a" * 77}…: allowed is a folder that exists'),  # isn't looked at
        ('folders = ["assets"]', 'folders = "assets": allowed is a folder that exists, from / or ~ on'),
        ('folders = ["/"]', 'folders = "/": allowed is a folder that exists, from / or ~ on, and not the whole disk'),
        ('folders = ["/tmp/.."]', 'folders = "/tmp/..": allowed is a folder that exists'),
        ('folders = ["~nobody-of-that-name"]', 'folders = "~nobody-of-that-name": allowed is a folder that exists'),
        ("longest_text = 999", "longest_text = 999: allowed is a whole number from 1000 to 10000000"),
        ("largest_model = 0", "largest_model = 0: allowed is a number from 0.001 to 10000"),
        ("memory = inf", "memory = inf: allowed is a number from 0.1 to 10000"),
        ("heavy = 0", "heavy = 0: allowed is a whole number from 1 to 64"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Unusable) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: {says}")
    read.cache_clear()


def test_a_file_that_cannot_be_used_is_said_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTENTION_SERVER", str(tmp_path / "none.toml"))
    assert "ATTENTION_SERVER names the file" in server.main()


def test_what_it_allows_is_said_at_the_start(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    serve(file='models = ["gpt2", "*"]\nlargest_model = 2', of_class='models = ["distilgpt2"]')
    assert not server.main()
    said = capsys.readouterr().out
    assert "those that come with the program, distilgpt2, gpt2, any model of the Hugging Face Hub\n" in said
    assert "100,000 characters" in said
    assert "2.0 GB in float32" in said
    serve()
    server.main()
    assert capsys.readouterr().out == "ATTENTION_SERVER is not set: there is no file to check\n"


# -- who asks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "headers", "operator"),
    [
        ("localhost", {}, True),
        ("127.0.0.1", {"Host": "127.0.0.1:8501"}, True),
        ("::1", {"Host": "[::1]:8501"}, True),
        ("localhost", {"Host": "localhost:8501", "Origin": "http://localhost:8501"}, True),
        (EVERYWHERE, {"Host": "localhost:8501"}, False),
        (None, {}, False),
        ("192.168.0.12", {}, False),
        ("localhost", {"X_Forwarded_For": "203.0.113.7"}, False),
        ("localhost", {"x_forwarded_proto": "https"}, False),
        ("localhost", {"Forwarded": "for=203.0.113.7"}, False),
        ("localhost", {"X_Real_IP": "203.0.113.7"}, False),
        ("localhost", {"x_real_ip": ""}, False),
        ("localhost", {"Via": "1.1 proxy"}, False),
        ("localhost", {"Host": "attention.example.org"}, False),
        ("localhost", {"Host": "localhost.example.org:8501"}, False),
        ("localhost", {"Host": "[::1"}, False),
    ],
)
def test_who_is_taken_for_the_operator(
    serve: Serve, address: str | None, headers: dict[str, str], operator: bool
) -> None:
    serve(address, **headers)
    assert server.is_operator() == operator
    serve(address, file="", **headers)
    assert not server.is_operator(), "where there is a file it holds for everybody"


def test_the_operator_may_ask_for_everything_as_ever(serve: Serve) -> None:
    serve("localhost")
    assert server.permit("gpt2") == server.permit("/etc") == server.permit("assets") == Permit(viz_core.models.SOURCES)
    assert server.offered()[0] == "tiny-gpt"
    assert server.offered()[-5:] == ["gpt2", "distilgpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"]


# -- models ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "name", "sources"),
    [
        ([], "tiny-gpt", ["bundled"]),
        ([], " formation@1650 ", ["bundled"]),
        ([], "tiny-translator", ["bundled"]),  # which then is refused as one that reads and writes
        (["gpt2"], "gpt2", ["hub"]),
        (["gpt2"], "openai-community/gpt2", ["hub"]),  # one and the same
        (["openai-community/gpt2"], "gpt2", ["hub"]),
        (["openai-community/*"], "gpt2-xl", ["hub"]),
        (["Qwen/*"], "Qwen/Qwen3-0.6B", ["hub"]),
        (["*"], "owner/any", ["hub"]),
        (["*"], "any", ["hub"]),
        (["gpt2"], "gpt2-medium", []),
        (["gpt2"], "GPT2", []),
        (["gpt2"], "gpt", []),
        (["gpt2"], "", []),
        (["gpt2"], "formation@7", []),
        (["gpt2"], "formation@" + "9" * 5_000, []),
        (["gpt2"], "gpt2@main", []),
        (["gpt2"], "gpt%32", []),
        (["Qwen/*"], "qwen/Qwen3-0.6B", []),
        (["Qwen/*"], "Qwen2/x", []),
        (["Qwen/*"], "Qwen", []),
        (["Qwen/*"], "Qwen/", []),
        (["Qwen/*"], "Qwen/*", []),
        (["Qwen/*"], "Qwen/x/y", []),
        (["Qwen/*"], "Qwen/../etc", []),
        (["Qwen/*"], "Qwen/..", []),
        (["*"], "*", []),
        (["*"], "/etc", []),
        (["*"], "..", []),
        (["*"], "../etc", []),
        (["*"], "~", []),
        (["*"], "~\0", []),
        (["*"], "~\ud800", []),
        (["*"], "%2Fetc", []),
        (["*"], "a/b\0", []),
        (["*"], "owner/na\nme", []),
        (["*"], "\udc80", []),
        (["*"], "owner/" + "x" * 300, []),
    ],
)
def test_which_names_are_allowed(serve: Serve, allowed: list[str], name: str, sources: list[str]) -> None:
    serve(file=f"models = {json.dumps(allowed)}")
    if sources:
        assert server.permit(name) == Permit(
            tuple(sources), None if sources == ["bundled"] else server.current().largest_model
        )
    else:
        with pytest.raises(WeightsUnavailable, match=r"This server has no model .*\. It has formation, positions-"):
            server.permit(name)


def test_what_the_class_names_is_allowed(serve: Serve, tmp_path: Path) -> None:
    serve(of_class=f'models = ["tiny-gpt", "distilgpt2", "Qwen/Qwen3-0.6B", "{tmp_path}", "evil/*"]')
    assert server.permit("distilgpt2").sources == server.permit("Qwen/Qwen3-0.6B").sources == ("hub",)
    assert server.permit(str(tmp_path)).sources == ("folder",)
    for name in ("gpt2", "Qwen/Qwen3-1.7B", "evil/x", f"{tmp_path}/below", str(tmp_path.parent)):
        with pytest.raises(WeightsUnavailable):
            server.permit(name)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """open/model may be named, secret may not; links lead from one to the other."""
    for name in ("open/model", "secret/model", "open-too"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "open" / "out").symlink_to(tmp_path / "secret" / "model")
    (tmp_path / "open" / "in").symlink_to("model")
    (tmp_path / "open" / "round").symlink_to("round")
    (tmp_path / "secret" / "open").symlink_to(tmp_path / "open")
    (tmp_path / "link").symlink_to(tmp_path / "open")
    return tmp_path


@pytest.mark.parametrize("name", ["open", "open/model", "open/in", "open//model/", "open/./model", "open/none"])
def test_folders_that_are_allowed(serve: Serve, disk: Path, name: str) -> None:
    serve(file=f'folders = ["{disk}/open"]')
    assert server.permit(f"{disk}/{name}").sources == ("folder",)


def test_an_allowed_folder_may_itself_be_a_link(serve: Serve, disk: Path) -> None:
    serve(file=f'folders = ["{disk}/link"]')
    assert server.permit(f"{disk}/link/model").sources == ("folder",)


@pytest.mark.parametrize(
    "name",
    [
        "secret",
        "secret/model",
        "open-too",
        "",
        "open/../secret",
        "open/../open/model",  # would ask the disk where ".." leads
        "open/out",
        "open/round",
        "open/a\0b",
        "secret/open/model",
        "OPEN/model",
        "%6Fpen/model",
        "open%2Fmodel",
    ],
)
def test_folders_that_are_not(serve: Serve, disk: Path, name: str) -> None:
    serve(file=f'folders = ["{disk}/open"]')
    with pytest.raises(WeightsUnavailable, match="This server has no model"):
        server.permit(f"{disk}/{name}")


def test_folders_named_from_elsewhere(serve: Serve, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home and the folder in which the server was started give no other names."""
    monkeypatch.chdir(disk)
    monkeypatch.setenv("HOME", str(disk))
    serve(file=f'folders = ["{disk}/open"]')
    assert server.permit("~/open/model").sources == ("folder",)
    for name in ("open", "open/model", "./open/model", "~", "~/secret", "~root", "file:///etc", f"/{disk}/secret"):
        with pytest.raises(WeightsUnavailable):
            server.permit(name)


def test_a_refused_name_is_not_looked_up(serve: Serve, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the folder exists or not: the same words, and nothing was asked."""
    serve(file=f'folders = ["{disk}/open"]\nmodels = ["Qwen/*"]')
    server.current()

    def asked(*_any: object, **_named: object) -> None:
        raise AssertionError("the Hub was asked, or a model looked for")

    for place, name in ((store, "is_here"), (viz_core, "about"), (viz_core, "load"), (hub, "is_here"), (hub, "about")):
        monkeypatch.setattr(place, name, asked)
    looked_up: list[str] = []
    for name in ("stat", "lstat", "scandir", "open", "readlink"):
        own = getattr(os, name)
        monkeypatch.setattr(os, name, lambda path, *a, own=own, **b: looked_up.append(str(path)) or own(path, *a, **b))
    said = set()
    for name in ("secret", "secret/none", "open/../secret", "none"):
        for ask in (store.model, store.about):
            with pytest.raises(WeightsUnavailable) as raised:
                ask(f"{disk}/{name}")
            said.add(str(raised.value).replace(repr(f"{disk}/{name}"[:100]), "…"))
    assert len(said) == 1
    assert looked_up, "what comes with the program is looked for"
    assert not [path for path in looked_up if str(disk) in path]


def test_a_folder_of_the_name_of_an_allowed_model_is_not_opened(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, "llama").rename(tmp_path / "gpt2")
    monkeypatch.chdir(tmp_path)
    serve("localhost")
    assert store.model("gpt2").source == "folder", "whoever runs the server may"
    serve("localhost", of_class='models = ["gpt2"]', X_Forwarded_For="203.0.113.7")
    monkeypatch.setattr(hub, "is_here", lambda _name: False)
    asked: list[str] = []

    def fetch(name: str, **_others: object) -> None:
        asked.append(name)
        raise WeightsUnavailable("the Hub was asked")

    monkeypatch.setattr(hub, "fetch", fetch)
    monkeypatch.setattr(hub, "about", lambda name, **_others: SimpleNamespace(memory=1, name=name))
    assert store.about("gpt2") is not None, "it is to be downloaded"
    with pytest.raises(WeightsUnavailable, match="the Hub was asked"):
        store.model("gpt2")
    assert asked == ["gpt2"]


def test_what_the_operator_has_loaded_is_not_shown_to_others(serve: Serve, tmp_path: Path) -> None:
    folder = str(saved(tmp_path, "llama"))
    serve("localhost")
    own = store.model(folder)
    assert store.model(f" {folder} ") is own
    serve("localhost", X_Forwarded_For="203.0.113.7")
    for ask in (store.model, store.about):
        with pytest.raises(WeightsUnavailable, match="This server has no model"):
            ask(folder)
    assert store.model("tiny-gpt").name == "tiny-gpt"


def test_a_folder_that_is_allowed_is_shown(serve: Serve, tmp_path: Path) -> None:
    folder = saved(tmp_path, "llama")
    serve(file=f'folders = ["{tmp_path}"]')
    assert store.about(str(folder)) is None
    assert store.model(str(folder)).source == "folder"


# -- limits ------------------------------------------------------------------------------------------------


def test_a_larger_model_is_refused_before_it_is_read(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path, "llama")
    serve(file=f'folders = ["{tmp_path}"]\nlargest_model = 0.001')
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | {"dtype": "float64"}))  # what it says is not believed
    weights = folder / "model.safetensors"
    needed = weights.stat().st_size
    assert needed < 1_000_000
    assert store.model(str(folder)).name == str(folder)
    store.shelves.clear()
    too_large = server.Permit(("folder",), needed // 2)
    monkeypatch.setattr(server, "permit", lambda _name: too_large)
    for module in ("checkpoint_of_transformers", "gpt2"):
        monkeypatch.setattr(f"viz_core.models.{module}.{'checkpoint' if module != 'gpt2' else 'load'}", None)
    with pytest.raises(WeightsUnavailable, match=r"of memory in float32, and this server takes models of at most 0\.0"):
        store.model(str(folder))
    assert gpt2.load is None


def test_a_larger_model_is_refused_before_it_is_downloaded(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(file='models = ["owner/*"]\nlargest_model = 2')
    about = hub.About("owner/big", 10, 2_100_000_000, 10**12, None)
    plan = SimpleNamespace(about=about, config=Path(), files={})
    monkeypatch.setattr(hub, "_plan", lambda *_any, **_named: plan)
    monkeypatch.setattr(hub, "_download", None)
    monkeypatch.setattr(hub, "is_here", lambda _name: False)
    for ask in (store.about, store.model):
        with pytest.raises(WeightsUnavailable, match=r"owner/big takes 2\.1 GB of memory .* at most 2\.0 GB"):
            ask("owner/big")


@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert"])
def test_a_longer_text_is_refused_wherever_it_goes(serve: Serve, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    serve("localhost", file="longest_text = 1_000")
    store.shelves.clear()
    text = "word " * 201
    for model in (store.model(name), store.companion(name)):
        assert model.tokenizer is not None
        monkeypatch.setattr(model.tokenizer, "_encode", None)  # nothing is tokenized
        for ask in (model.token_ids, model.record, lambda text, of=model: store.recording(of, text)):
            with pytest.raises(UnusableText, match=r"The text has 1,005 characters; this server takes at most 1,000\."):
                ask(text)
    with pytest.raises(UnusableText, match="at most 1,000"):
        store.translation("tiny-translator", text)
    store.shelves.clear()


def test_a_cut_text_is_short_enough(serve: Serve) -> None:
    serve("localhost", file="longest_text = 1_000")
    store.shelves.clear()
    model = store.model("tiny-gpt")
    assert model.tokenizer is not None
    limit = 10**6  # tokens
    assert model.tokenizer.cut("word " * 201, limit) == "word " * 200
    assert model.tokenizer.cut("x" * 999 + "e\u0301", limit) == "x" * 999, "no character is parted"
    assert len(model.token_ids(model.cut("word " * 201))) <= model.context
    store.shelves.clear()


def test_nothing_is_kept_that_a_browser_uploads() -> None:
    """No page asks for a file; but whoever has a session could send some, each kept until the session ends."""
    assert not [path for path in (PROGRAM / "viz_core").rglob("*.py") if "file_uploader" in path.read_text("utf-8")]
    kept = MemoryUploadedFileManager("/upload")
    everybody = SimpleNamespace(is_active_session=lambda _session: True)
    app = Starlette(routes=create_upload_routes(everybody, kept, "/"))  # type: ignore[arg-type]
    before = config.get_option("server.enableXsrfProtection")
    config.set_option("server.enableXsrfProtection", False)
    try:
        sent = TestClient(app).put("/_stcore/upload_file/session/file", files={"file": ("a.npz", b"x" * 1000)})
    finally:
        config.set_option("server.enableXsrfProtection", before)
    assert st.get_option("server.maxUploadSize") == 0
    assert sent.status_code == 413
    assert not kept.get_files("session", ["file"])
