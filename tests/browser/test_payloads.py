"""Words that would like to be more: scripts, links, pictures, formulas and directives, wherever a stranger's words are
shown. One that ran, was drawn as anything but itself, or asked another machine for something, is a failure.

Every payload either says `canary`, as the name of what it calls or as the whole text of what it would make (a link, a
bold word, a formula), so one look at the page finds any that was acted upon (`ACTED`).
"""

import http.client
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest
import tokenizers
import torch
from hypothesis import settings
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Page, Request, Route, expect
from transformers import GPT2Config, GPT2LMHeadModel

import viz_core
from tests.browser.conftest import TOKENIZER
from tests.browser.serving import ROOT, served_app
from tests.fuzz.cases import NIGHTLY
from tests.pages.test_pages import EVERY_PAGE
from viz_core.figures.handout import Handout, Picture, Question, Section, Words, document
from viz_core.figures.taken import standalone
from viz_core.models import Model
from viz_core.ui.state import SETTINGS

pytestmark = pytest.mark.browser

ELSEWHERE = "http://127.0.0.1:9/canary"  # nobody's: asking it is enough
RUN = "window.canary=1"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'"><svg onload={RUN}>',
    f"'><iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"</style><script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"</title></textarea><img src={ELSEWHERE}>",
    f"-->]]><script>{RUN}</script><!--",
    f"&lt;img src=x onerror={RUN}&gt;",
    "&#60;b&#62;canary&#60;/b&#62;",
    f"<style>@import '{ELSEWHERE}';</style>",
    f"}}*{{background:url({ELSEWHERE})}}",
    f"<a href='javascript:{RUN}'>canary</a>",
    "<b>canary</b><br><i>canary</i>",
    f"[canary](javascript:{RUN})",
    f"[canary]({ELSEWHERE})",
    f"![canary]({ELSEWHERE})",
    f"![canary][1]\n\n[1]: {ELSEWHERE}",
    f"<{ELSEWHERE}>",
    f"see {ELSEWHERE} or www.canary.example",
    "**canary** _canary_ ~~canary~~ `canary`",
    "\n# canary\n",
    "\n- canary\n",
    "\n| canary | x |\n|---|---|\n| canary | x |\n",
    "$canary$ $$canary$$",
    f"$\\href{{javascript:{RUN}}}{{canary}}$",
    f"$\\url{{{ELSEWHERE}}}$",
    f"$\\includegraphics{{{ELSEWHERE}}}$",
    ":material/skull: :skull: :canary:",
    ":red[canary] :blue-background[canary] :small[canary]",
    ":red-badge[canary] :button[canary]",
    "%{x} %{customdata} {canary} {0} %s",
    "<extra>canary</extra>",
    "{{ canary }} {% canary %}",
    "\u202e\u2066canary\u202c\u2069",
    "\\<b>canary\\</b> \\[canary\\]",
]
# What a payload would leave behind in the page, shadow roots and all.
ACTED = """((markdown) => {
  const found = [], ours = location.origin;
  const addresses = ["href", "src", "srcset", "action", "formaction", "data", "poster", "xlink:href", "style"];
  const look = (root) => {
    for (const node of root.querySelectorAll("*")) {
      for (const { name, value } of node.attributes) {
        const said = value.toLowerCase();
        if (/^on/.test(name)) found.push(`${node.tagName} ${name}=${value}`);
        if (!addresses.includes(name) || !(said.includes("canary") || said.includes("javascript:"))) continue;
        const { origin, protocol } = new URL(value, location.href);
        if (name === "href" && (origin === ours || (markdown && protocol.startsWith("http")))) continue;
        found.push(`${node.tagName} ${name}=${value}`);
      }
      const [said, kind] = [node.textContent.trim(), node.tagName];
      if (kind === "SCRIPT" ? /^(parent\\.)?window\\.canary/.test(said) : kind === "STYLE" && said.includes("canary"))
        found.push(`${kind} ${said.slice(0, 200)}`);
      const formula = kind === "annotation" && said.includes("canary") && !said.includes("\\\\text");
      const icon = node.dataset.testid === "stIconMaterial" && said === "skull";
      if (!markdown && (said === "canary" || icon || formula)) // Markdown that is meant may be as much as that
        found.push(`${(node.parentElement ?? node).outerHTML.slice(0, 300)}`);
      if (node.shadowRoot) look(node.shadowRoot);
    }
  };
  look(document);
  if (window.canary !== undefined) found.push("a script ran");
  return [...new Set(found)];
})"""
# The pointer over every figure and token, without waiting for any.
POINTED = """() => {
  document.querySelectorAll(".js-plotly-plot").forEach((gd, figure) => {
    const rows = gd._fullData?.at(-1)?.z?.length ?? gd._fullData?.at(-1)?.x?.length ?? 1;
    for (let at = 0; at < 4; at++) {
      const cell = (9 * at + 5 * figure) % rows;
      window.Plotly.Fx.hover(gd, { xval: cell, yval: cell });
    }
  });
  const roots = [document, ...[...document.querySelectorAll("*")].flatMap((node) => node.shadowRoot ?? [])];
  for (const node of roots.flatMap((root) => [...root.querySelectorAll("[data-token-index]")]).slice(0, 60))
    for (const kind of ["pointerenter", "pointerover", "pointermove", "mouseover"])
      node.dispatchEvent(new PointerEvent(kind, { bubbles: true, composed: true }));
}"""


SETTLED = """() => {
  const charts = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')];
  return document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning"
    && !document.querySelector('[data-testid="stSkeleton"]')
    && charts.every((chart) => !chart.checkVisibility() || chart.querySelector(".main-svg"));
}"""


DRAWN = ".js-plotly-plot .main-svg"
SOON = 50  # ms between two looks: one at every frame would have the browser paint every frame


class Watch:
    """A page on which nothing may happen; what did is in `complaints`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("dialog", self._opened)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("console", self._said)
        page.on("request", self._asked)

    def _opened(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _said(self, message: ConsoleMessage) -> None:
        if "Content Security" in message.text or "Refused" in message.text:
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(("http://localhost:", "data:", "blob:", "file:")):
            self.complaints.append(f"asked {request.url}")

    def app(self, url: str, *, shows: str = DRAWN, markdown: bool = False) -> None:
        """Opens a page of the app, and looks at it when it has come to rest."""
        for _waiting in self.opened(url, shows=shows, markdown=markdown):
            pass

    def opened(self, url: str, *, shows: str = DRAWN, markdown: bool = False) -> Iterator[None]:
        """Likewise, yielding where it would wait: other tabs have their turn."""
        self.page.goto(url, wait_until="commit")
        yield
        self.page.locator(shows).first.wait_for(state="attached")
        self.looked(url, markdown=markdown)

    def clicked(self, what: Locator, where: str) -> Iterator[None]:
        """Likewise what a click leads to, which is another address."""
        before = what.evaluate("node => { const before = location.search; node.click(); return before; }")
        yield
        self.page.wait_for_function("before => location.search !== before", arg=before, polling=SOON)
        self.looked(where)

    def looked(self, where: str, *, markdown: bool = False) -> None:
        """At everything, the pointer over it; asserts that nothing happened."""
        self.page.wait_for_function(SETTLED, polling=SOON)
        self.rested(where, markdown=markdown)

    def rested(self, where: str, *, markdown: bool = False) -> None:
        self.page.evaluate(POINTED)
        self.complaints += self.page.evaluate(ACTED, markdown)
        assert not self.complaints, (where[:200], self.complaints)


@contextmanager
def watched(browser: Browser, **shape: bool) -> Iterator[Watch]:
    with tabs(browser, 1, **shape) as (watch,):
        yield watch


@contextmanager
def tabs(browser: Browser, number: int = 3, **shape: bool) -> Iterator[list[Watch]]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **shape)
    context.set_default_timeout(60_000)
    yield [Watch(context.new_page()) for _tab in range(number)]
    context.close()


def in_turn(rounds: Iterable[Iterator[None]]) -> None:
    """Each as far as it would wait, then the next: while one tab is looked at, the others draw."""
    going = [*rounds]
    while going:
        going = [one for one in going if next(one, going) is not going]


def address_of(**view: str) -> str:
    return urlencode(view, quote_via=quote)


def checkpoint(folder: Path, tokens: list[str]) -> Path:
    torch.manual_seed(0)
    tokenizer = tokenizers.Tokenizer.from_file(str(TOKENIZER))
    tokenizer.add_tokens([tokenizers.AddedToken(token, normalized=False) for token in tokens])
    size = tokenizer.get_vocab_size()
    shape = {"n_layer": 2, "n_head": 2, "n_embd": 16, "n_positions": 96}
    config = GPT2Config(vocab_size=size, initializer_range=0.3, bos_token_id=0, eos_token_id=0, **shape)
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose tokens and name are payloads."""
    name = f"<img src=x onerror={RUN}>[canary](javascript:{RUN}) **canary** $canary$"
    return checkpoint(tmp_path_factory.mktemp("hostile") / name, PAYLOADS)


STRIP = ".st-key-chain [role=radio]"
FREE = ["other_text", "so_far", "hidden", "replaced", "typed", "toward", "source"]  # of which any text is shown


def test_every_token_of_a_model(browser: Browser, address: str, hostile: Path) -> None:
    """On every page, with payloads as settings too: in every part of it by night (`make fuzz`), else in every third."""
    step = 1 if settings.get_current_profile_name() == NIGHTLY else 3
    view = dict(zip(sorted(SETTINGS), PAYLOADS * len(SETTINGS), strict=False))
    for name in ("lang", "lesson", "lesson_step", "present", "other_model", "chat", "part", "step", "stage"):
        view.pop(name, None)
    view |= dict.fromkeys(FREE, "".join(reversed(PAYLOADS)))
    view |= {"english": " ".join(PAYLOADS[:5]), "text": "".join(PAYLOADS), "model": str(hostile)}
    pages = iter(["" if file == "app.py" else Path(file).stem for file in EVERY_PAGE])

    def through(watch: Watch) -> Iterator[None]:
        for name in pages:  # whichever no tab has taken
            shows = ".st-key-lesson-0, h2" if name == "lessons" else DRAWN
            yield from watch.opened(f"{address}/{name}?{address_of(**view)}", shows=shows)
            parts = watch.page.locator(STRIP)
            for at in range(step, parts.count(), step):
                yield from watch.clicked(parts.nth(at), f"{name} {at}")

    with tabs(browser) as watches:
        in_turn(through(watch) for watch in watches)


def test_what_is_wrong_is_told_in_their_words(browser: Browser, address: str, tmp_path: Path) -> None:
    """Names of models that are none, settings and templates of checkpoints, texts that are too long."""
    views = [{"model": "".join(PAYLOADS[at::6])[:300]} for at in (0, 2)]
    views += [{"text": "".join(PAYLOADS) * 3, "other_text": "".join(PAYLOADS) * 3}]
    whole = "".join(PAYLOADS)
    files = {
        "kind": {"config.json": json.dumps({"model_type": "".join(PAYLOADS[:4])})},
        "index": {"model.safetensors.index.json": json.dumps({"weight_map": {"a": "".join(PAYLOADS[4:])}})},
        "chat": {"chat_template.jinja": f"{{{{ raise_exception({whole!r}) }}}}"},
        "said": {"chat_template.jinja": f"{{{{ {whole[:200]!r} + messages[0].content }}}}"},
    }
    for name, spoiled in files.items():
        folder = checkpoint(tmp_path / name, PAYLOADS)
        for file, words in spoiled.items():
            (folder / file).write_text(words, encoding="utf-8")
        if name == "index":
            (folder / "model.safetensors").unlink()
        views.append({"model": str(folder), "text": "hello", "chat": "1"})
    left = iter(views)

    def through(watch: Watch) -> Iterator[None]:
        for view in left:
            yield from watch.opened(f"{address}/?{address_of(**view)}", shows=".st-key-map .main-svg")
            told = watch.page.get_by_test_id("stAlert")
            expect(told).to_have_count(0 if str(view.get("model", "")).endswith("said") else 1)

    with tabs(browser) as watches:
        in_turn(through(watch) for watch in watches)


LESSON = """---
title: {payload}
summary: {payload}
minutes: 4
---

## Where {heading}

{words}

```view
page: scaling
part: head
text: {text}
layer: 1
```

```ask
question: {payload}
options:
  - {options}
  - {payload}
answer: largest
with: {{of: entropy, between: [{{}}, {{divide_by: 1}}]}}
why: {payload}
```
"""


# What acts in Markdown is meant in a lesson; what is more than that is not.
MEANT = [payload for payload in PAYLOADS if (RUN in payload or "<" in payload) and "![" not in payload]
MEANT += ["$\\includegraphics{" + ELSEWHERE + "}$", "$\\url{" + ELSEWHERE + "}$", f"[canary]({ELSEWHERE})"]


@pytest.fixture
def taught(tmp_path: Path) -> Iterator[str]:
    """A server whose class and lessons are full of payloads."""
    inside, said = " ".join(MEANT), json.dumps("".join(MEANT))
    lessons = tmp_path / "lessons"
    lessons.mkdir()
    filled = {
        "payload": json.dumps(inside),
        "heading": inside,
        "words": "\n\n".join(MEANT),
        "options": said,
        "text": json.dumps("".join(MEANT[:4])),
    }
    (lessons / "01-hostile.md").write_text(LESSON.format(**filled), encoding="utf-8")
    picture = LESSON.format(**filled | {"words": f"![canary]({ELSEWHERE})"})
    (lessons / "02-picture.md").write_text(picture, encoding="utf-8")
    (lessons / "03-broken.md").write_text(f"---\n{PAYLOADS[1]}: {PAYLOADS[14]}\n---\n", encoding="utf-8")
    sentences = [f"{{name = {json.dumps(payload)}, text = {said}}}" for payload in PAYLOADS]
    title = json.dumps("".join(PAYLOADS)[:200])
    (tmp_path / "class.toml").write_text(f"title = {title}\nsentences = [{', '.join(sentences)}]", encoding="utf-8")
    (tmp_path / "sitecustomize.py").write_text(
        f"from viz_core.lessons import lesson\nlesson.LESSONS = type(lesson.LESSONS)({str(lessons)!r})\n"
    )
    paths = f"{tmp_path}{os.pathsep}{ROOT}"
    with served_app(tmp_path, PYTHONPATH=paths, ATTENTION_CLASS=str(tmp_path / "class.toml")) as url:
        yield url


def test_lessons_and_a_class(browser: Browser, taught: str) -> None:
    with watched(browser) as watch:
        watch.app(f"{taught}/lessons", shows="h2", markdown=True)
        expect(watch.page.get_by_text(re.compile("02-.?picture.md.*a lesson shows views"))).to_be_visible()
        expect(watch.page.get_by_text(re.compile("03-.?broken.md"))).to_be_visible()
        watch.app(f"{taught}/scaling?lesson=1&lesson_step=1", shows="[data-testid=stRadio] label", markdown=True)
        watch.page.locator("[data-testid=stRadio] label").last.click()
        watch.page.locator(".st-key-lesson-check button").click()
        watch.page.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached")
        watch.looked("answered", markdown=True)
        watch.app(f"{taught}/?text=hello")


def test_files_of_the_program(browser: Browser, model: Model, tmp_path: Path) -> None:
    """Hand-outs, figures and the figures of a notebook, opened without a network."""
    text = "".join(PAYLOADS)
    recording = replace(model.record([7] * len(PAYLOADS)), tokens=tuple(PAYLOADS))
    figure = viz_core.show(recording, layer=1, head=2)
    figures = [figure, *(viz_core.show(recording, view=view) for view in ("heads", "chain", "row"))]
    pictures = [Picture.of(drawn, "".join(PAYLOADS)) for drawn in figures]
    words = [Words(payload) for payload in PAYLOADS]
    ask = Question(PAYLOADS[0], PAYLOADS, PAYLOADS[1], "\n\n".join(PAYLOADS), pictures[:1])
    link = f"http://localhost/?{address_of(text=text)}"
    sheet = Handout("".join(PAYLOADS), PAYLOADS, [Section("".join(PAYLOADS), [*words, ask, *pictures], link)], link)
    files = {"hand-out": document(sheet), "figure": standalone(figure, theme="light", about=PAYLOADS)}
    files |= {f"notebook {at}": drawn.to_html(include_plotlyjs=True) for at, drawn in enumerate(figures)}
    with watched(browser, offline=True) as watch:
        for name, html in files.items():
            file = tmp_path / f"{name}.html"
            file.write_text(html, encoding="utf-8")
            watch.page.goto(file.as_uri())
            watch.page.locator(".main-svg").first.wait_for(state="attached")
            watch.page.evaluate("window.drawn")
            watch.rested(name, markdown=name == "hand-out")


FOREIGN = "http://elsewhere.example/"
OPENER = """<script>
const app = window.open("ADDRESS");
const messages = [{ presenterTimer: true }, { presenterKey: "ArrowRight" }, { presenterPage: { now: "canary" } }];
setInterval(() => messages.forEach((message) => app.postMessage(message, "*")), 20);
</script>"""


def test_messages_of_other_pages_move_nothing(browser: Browser, address: str) -> None:
    def hostile(route: Route) -> None:
        route.fulfill(body=OPENER.replace("ADDRESS", f"{address}/masks?present=1"), content_type="text/html")

    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.route(f"{FOREIGN}**", hostile)
    stranger = context.new_page()
    with stranger.expect_popup() as opened:
        stranger.goto(FOREIGN)
    page = opened.value
    page.locator("[data-testid=presenter] .bar").wait_for(state="attached")
    page.wait_for_function(SETTLED)
    page.wait_for_timeout(300)
    expect(page.locator(STRIP).first).to_have_attribute("aria-checked", "true")
    assert page.evaluate("window.attentionPresenter.timer") is None, "a stranger is not taken for the timer"
    context.close()


# -- the server ----------------------------------------------------------------------------------------


def answered(address: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    said = b"" if answer.status == 101 else answer.read()
    connection.close()
    return answer.status, said


def test_the_server_answers_its_own_pages_alone(address: str) -> None:
    websocket = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
    websocket["Sec_WebSocket_Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    for origin, status in ((address, 101), ("http://elsewhere.example", 403), ("null", 403)):
        assert answered(address, "GET", "/_stcore/stream", **websocket, Origin=origin)[0] == status, origin
    form = {"Content_Type": "multipart/form-data; boundary=x"}
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\na\r\n--x--\r\n'
    assert answered(address, "PUT", "/_stcore/upload_file/a/b", file, **form)[0] == 403, "without a token"
    status, said = answered(address, "GET", "/_stcore/host-config")
    assert json.loads(said)["allowedOrigins"] == [], "no other page may steer it"
    for path in ("/app/static/../../app.py", "/app/static/%2e%2e/app.py", "/_stcore/agent/mcp"):
        assert answered(address, "GET", path)[0] >= 400
