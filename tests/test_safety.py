"""Safe by default: what a checkpoint, a file or a stranger brings is never run, and the program asks nobody.

What is drawn of a stranger's words: tests/browser/test_payloads.py.
"""

import ast
import json
import re
import threading
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
import tokenizers

from tests import audit
from tests.models.checkpoints import saved
from tests.pages.test_pages import opened
from viz_core.models import UnusableText, chat, templates
from viz_core.models.tokens import Tokenizer
from viz_core.ui.sharing import paper

ROOT = Path(__file__).parents[1]
SOURCES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "viz_core").rglob("*.py"))]
SCRIPTS = sorted((ROOT / "viz_core").rglob("*.js"))
RUN = {"eval", "exec", "compile", "__import__"}
UNPICKLE = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib", "jsonpickle"}
YAML = {"load", "load_all", "unsafe_load", "full_load"}
# Files whose HTML was read by somebody, who saw that all words in it are escaped.
HTML = {
    "viz_core/ui/frame.py",
    "viz_core/ui/head_roles.py",
    "viz_core/ui/lessons/__init__.py",
    "viz_core/ui/lessons/panel.py",
    "viz_core/ui/mechanism/block/rows.py",
    "viz_core/ui/mechanism/efficient/tables.py",
    "viz_core/ui/mechanism/many_heads/concat.py",
    "viz_core/ui/mechanism/many_heads/shared.py",
    "viz_core/ui/mechanism/matrix_lab/page.py",
    "viz_core/ui/presenting/__init__.py",
    "viz_core/ui/questions/head_finder/heads.py",
}


# -- the program as it is written ----------------------------------------------------------------------


@cache
def trees() -> dict[Path, ast.Module]:
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in SOURCES}


def calls() -> Iterator[tuple[str, str, dict[str, ast.expr]]]:
    """(where, what is called, what it is given by name) of all that the program calls."""
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                where = f"{file.relative_to(ROOT)}:{node.lineno}"
                yield where, ast.unparse(node.func), {word.arg: word.value for word in node.keywords if word.arg}


def says(given: dict[str, ast.expr], name: str, value: object) -> bool:
    return isinstance(given.get(name), ast.Constant) and given[name].value == value  # type: ignore[attr-defined]


def test_nothing_is_called_that_runs_what_it_reads() -> None:
    found = []
    for where, name, given in calls():
        *of, last = name.split(".")
        bad = (name in RUN) or (of and of[-1] == "yaml" and last in YAML) or name in {"os.system", "os.popen"}
        bad |= last == "from_pretrained" and not (
            says(given, "trust_remote_code", False) and says(given, "local_files_only", True)
        )
        bad |= last == "from_config" and not says(given, "trust_remote_code", False)
        bad |= name == "torch.load" and not says(given, "weights_only", True)
        bad |= any(name in given and not says(given, name, False) for name in ("shell", "allow_pickle", "unsafe"))
        bad |= any(name.startswith("unsafe_allow") for name in given) or name == "tempfile.mktemp"
        found += [f"{where} {name}"] if bad else []
    assert not found


def test_nothing_is_imported_that_unpickles() -> None:
    for file, tree in trees().items():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not UNPICKLE & {name.partition(".")[0] for name in names}, file


def test_html_is_written_where_somebody_has_read_it() -> None:
    written = {where.partition(":")[0] for where, name, _given in calls() if name in {"st.html", "html", "st.iframe"}}
    assert written - {"viz_core/ui/components"} <= HTML, "read what is new for words that are not escaped, then add it"


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_a_script_of_ours_makes_no_markup_of_words(file: Path) -> None:
    script = file.read_text(encoding="utf-8")
    wrong = r"\beval\(|new Function|document\.write|insertAdjacentHTML|outerHTML\s*=|createContextualFragment|srcdoc"
    assert not re.search(wrong, script)
    for written in re.findall(r"innerHTML\s*=\s*([^\n]*)", script):
        assert re.fullmatch(r"'[^'$]*';|\"[^\"$]*\";", written), "only what stands in the script as it is"
    for sent in re.findall(r"postMessage\((.*)\);", script):
        assert not sent.endswith('"*"'), "to whoever sits there now"
    if re.search(r"addEventListener\(\s*.message", script):
        assert "origin" in script


# -- Streamlit's own settings ----------------------------------------------------------------------------


def test_the_defaults_of_streamlit_are_kept() -> None:
    said = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    server = said["server"]
    assert server["address"] == "localhost"
    assert server["maxUploadSize"] <= 2
    assert not {"enableXsrfProtection", "enableCORS", "corsAllowedOrigins", "enableAgentApi"} & server.keys()
    assert said["browser"] == {"gatherUsageStats": False}
    assert said["client"]["allowedOrigins"] == []


# -- checkpoints that bring code ---------------------------------------------------------------------------


class Mark:
    """A pickle that leaves a mark where it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def brings_code(folder: Path, mark: Path, told: str) -> None:
    """All that transformers would run if it were let."""
    code = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\nclass Own: pass\n"
    (folder / "own.py").write_text(code, encoding="utf-8")
    names = ["AutoConfig", "AutoModel", "AutoModelForCausalLM", "AutoModelForMaskedLM"]
    own: dict[str, Any] = dict.fromkeys(names, "own.Own") | {"AutoTokenizer": ["own.Own", "own.Own"]}
    settings = json.loads((folder / told).read_text(encoding="utf-8"))
    settings |= {"auto_map": own, "trust_remote_code": True}
    (folder / told).write_text(json.dumps(settings), encoding="utf-8")


@pytest.mark.parametrize("kind", ["llama", "unknown", "tokenizer"])
def test_code_of_a_checkpoint_is_not_run(kind: str, tmp_path: Path) -> None:
    folder, mark = saved(tmp_path, "llama"), tmp_path / "mark"
    if kind == "tokenizer":
        (folder / "tokenizer.json").rename(folder / "vocab.json")
        (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "Own"}', encoding="utf-8")
    brings_code(folder, mark, "tokenizer_config.json" if kind == "tokenizer" else "config.json")
    if kind == "unknown":
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8")) | {"model_type": "own"}
        (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    app = opened("app.py", model=str(folder), trust_remote_code="1")
    assert not app.exception
    assert len(app.error) == 1
    assert not mark.exists()


def test_a_pickle_is_not_opened_under_any_address(tmp_path: Path) -> None:
    import pickle  # noqa: PLC0415  what we refuse

    folder, mark = saved(tmp_path, "llama"), tmp_path / "mark"
    for file in folder.glob("*.safetensors"):
        file.unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Mark(mark)))
    for name in ("", "pytorch_model.bin"):
        where = str(folder / name) if name else str(folder)
        app = opened("app.py", model=where, pickles="1", use_safetensors="0")
        assert not app.exception
        assert len(app.error) == 1
        assert not mark.exists()


# -- chat templates ------------------------------------------------------------------------------------------


GREETING = [{"role": "user", "content": "Hi"}]


def test_a_template_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chat.Chat("{{ messages[0].content }}!").text(GREETING) == "Hi!"
    monkeypatch.setattr(templates, "PATIENCE", 0.5)
    with pytest.raises(UnusableText, match="came to no end"):
        chat.Chat("{% for _ in range(9999) %}{% for _ in range(9999) %}{% endfor %}{% endfor %}{{ 9 ** 9 ** 9 }}").text(
            GREETING
        )
    monkeypatch.undo()
    assert chat.Chat("{{ messages[0].content }}!").text(GREETING) == "Hi!", "the next one is not hurt"


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere a template is bounded in time alone")
@pytest.mark.parametrize("hungry", ["{{ 'a' * 10**10 }}", "{{ '%10000000000d' % 1 }}", "{{ [0] * 10**9 }}"])
def test_a_template_gets_little_memory(hungry: str) -> None:
    with pytest.raises(UnusableText, match="MemoryError"):
        chat.Chat(hungry).text(GREETING)


@pytest.mark.parametrize(
    "sly",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('touch MARK') }}",
        "{{ lipsum.__globals__['os'].popen('touch MARK').read() }}",
        "{{ raise_exception.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ messages.__class__ }}{{ messages.append(1) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
        "{{ '{0.__class__}'.format(messages) }}",
        "{{ 'a' * 2000000 }}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ undefined.attribute }}",
        "{% if %}",
    ],
)
def test_a_template_gets_nothing_but_the_messages(sly: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    try:
        written = chat.Chat(sly.replace("MARK", str(mark))).text(GREETING)
    except UnusableText as error:
        assert "does not take these messages" in str(error)  # noqa: PT017  either is right
    else:
        assert not written, "an attribute that is not there is empty"
    assert not mark.exists()


# -- tokenizers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["pre_tokenizer", "normalizer"])
def test_a_tokenizer_that_goes_astray_in_a_text_is_told(part: str) -> None:
    """Its regular expression takes more steps than the library lets it, which Rust calls a panic."""
    written = json.loads((ROOT / "assets/models/tiny-gpt/tokenizer.json").read_text(encoding="utf-8"))
    pattern = {"Regex": "(a+)+b"}
    written[part] = (
        {"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False}
        if part == "pre_tokenizer"
        else {"type": "Replace", "pattern": pattern, "content": "x"}
    )
    tokenizer = Tokenizer(tokenizers.Tokenizer.from_str(json.dumps(written)))
    assert tokenizer.token_ids("aab")
    counted = [tokenizer.fewest_tokens] if part == "normalizer" else []
    for read in (tokenizer.token_ids, tokenizer.offsets, *counted):
        with pytest.raises(UnusableText, match="tokenizer cannot read this text"):
            read("a" * 60 + "c")


# -- the server's own browser --------------------------------------------------------------------------------


@pytest.fixture
def neighbour() -> Iterator[tuple[str, list[str]]]:
    """Somebody on this machine, and what they were asked."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_said: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(not paper.can(), reason="no browser on this machine")
def test_the_browser_that_draws_hand_outs_asks_nobody(neighbour: tuple[str, list[str]]) -> None:
    """Even if the words of a page were not escaped, and without its rule of what it may ask for."""
    address, asked = neighbour
    page = f"""<!DOCTYPE html><link rel=stylesheet href={address}/style><link rel=prefetch href={address}/prefetch>
    <img src={address}/picture><iframe src={address}/frame></iframe><script src={address}/script></script>
    <object data={address}/object></object><style>@import "{address}/import";</style>
    <script>fetch("{address}/fetch", {{mode: "no-cors"}}).catch(() => 0); navigator.sendBeacon("{address}/beacon");
    window.drawn = new Promise((done) => setTimeout(done, 300));</script>"""
    with ThreadPoolExecutor(1) as other:  # as in the app; where a browser test has been, this one has a loop of its own
        drawn = other.submit(paper.printed, page.encode(), "pdf").result()
    assert drawn.startswith(b"%PDF-")
    assert not asked


# -- the audit of what is installed ----------------------------------------------------------------------------


FOUND = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"]}


def said(*vulnerabilities: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": [{"name": "thing", "version": "1.0", "vulns": list(vulnerabilities)}]}


def test_a_known_vulnerability_fails_unless_it_is_accepted_with_a_reason() -> None:
    assert audit.wrong(said(), {}) == []
    assert audit.wrong(said(FOUND), {}) == ["thing 1.0: PYSEC-2026-1, CVE-2026-1; mended in 1.1"]
    known = audit.accepted("# of the past\n\nCVE-2026-1  only where a file is written, which we do not\n")
    assert audit.wrong(said(FOUND), known) == []
    with pytest.raises(ValueError, match="CVE-2026-2: expected the reason"):
        audit.accepted("CVE-2026-2")
    assert audit.wrong({"dependencies": [{"name": "thing", "skip_reason": "not found"}]}, {}) != []


def test_a_database_that_does_not_answer_is_told_from_one_that_finds_nothing() -> None:
    def away() -> bool:
        raise OSError("no way there")

    assert audit.database({"a": away, "b": lambda: True}) == "b"
    with pytest.raises(audit.Unreachable, match="a: no way there; b answers, but knows of no vulnerability"):
        audit.database({"a": away, "b": lambda: False})


def test_the_audit_is_skipped_aloud(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(audit, "database", lambda: (_ for _ in ()).throw(audit.Unreachable("nobody")))
    assert audit.main() == 0
    assert capsys.readouterr().out == "audit: SKIPPED, vulnerability database not reachable: nobody\n"
    monkeypatch.setattr(audit, "database", lambda: "pypi")
    monkeypatch.setattr(audit, "found_by", lambda _name: said(FOUND))
    assert audit.main() == 1
