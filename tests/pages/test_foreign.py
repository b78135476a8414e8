"""Models that run by their own code, on every page: drawn where a recording is enough, told in words where not."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

import viz_core
from tests.models.checkpoints import saved
from tests.pages.test_pages import PAGES, SENTENCE, drawn, opened
from viz_core.models import hub
from viz_core.ui import store

ALL_PARTS = {
    "pages/scaling.py": ["head", "why", "examples"],
    "pages/masks.py": ["lab", "leak", "three", "dropout"],
    "pages/many_heads.py": ["off", "needed", "concat", "own", "roles", "shared", "count"],
    "pages/positions.py": ["waves", "added", "rotary", "alibi", "order", "five"],
    "pages/block.py": ["stream", "norm", "wiring", "feedforward", "lens", "next"],
    "pages/efficient.py": ["tiles", "cache", "patterns", "costs"],
    "pages/birth.py": ["watch", "compare"],
    "pages/head_finder.py": ["table", "alike", "map", "repeats"],
    "pages/beyond_weights.py": ["rollout", "gradient", "direct", "absence", "compared"],
    "pages/compare.py": ["sentence", "head", "layer", "model", "edit"],
}
STEPS = ["x", "qkv", "scores", "scale", "mask", "softmax", "values", "output"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("foreign")
    return {name: str(saved(root, name)) for name in ("llama", "gemma2", "bert", "t5", "chat", "sentence")}


def strip_of(app: AppTest) -> str:
    """The sentence as its tokens show it."""
    words = app.session_state["good"][1]
    assert isinstance(words, str)
    return words


def seen(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    return app


@pytest.mark.parametrize("name", ["llama", "bert", "t5", "sentence"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(page: str, name: str, folders: dict[str, str]) -> None:
    app = seen(opened(page, model=folders[name], text=SENTENCE))
    assert app.session_state["view"].model == folders[name]
    assert drawn(app) > 0 or app.info, "a picture, or why there is none"


@pytest.mark.parametrize("name", ["gemma2", "bert", "sentence"])
@pytest.mark.parametrize(("page", "part"), [(page, part) for page, parts in ALL_PARTS.items() for part in parts])
def test_every_part_draws_or_says_why_not(page: str, part: str, name: str, folders: dict[str, str]) -> None:
    app = seen(opened(page, model=folders[name], text=SENTENCE, part=part))
    assert app.get("plotly_chart") or app.info or app.caption or app.markdown


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", ["gemma2", "t5"])
def test_inside_one_head(step: str, name: str, folders: dict[str, str]) -> None:
    app = seen(opened("pages/inside_one_head.py", model=folders[name], text=SENTENCE, step=step, query="3", key="1"))
    assert bool(app.info) == (step in {"x", "output"})
    formulas = " ".join(latex.value for latex in app.latex)
    if name == "gemma2" and step == "softmax":
        assert r"2\tanh(" in formulas, "the cap stands in the arithmetic of the cell"
    if name == "t5" and step == "scale":
        assert "sqrt" not in formulas, "T5 does not divide"


def test_a_part_that_cannot_be_drawn_leads_to_a_model_that_can(folders: dict[str, str]) -> None:
    app = seen(opened("pages/block.py", model=folders["llama"], text=SENTENCE, part="lens"))
    assert "runs by its own code" in app.info[0].value
    app.button(key="own-model").click().run()
    assert app.session_state["view"].model == "tiny-gpt"
    assert drawn(seen(app)) > 0


@pytest.mark.parametrize(("name", "why"), [("t5", "Shown of {} is its encoder"), ("sentence", "{} makes none")])
def test_a_part_about_predictions_leads_to_a_model_that_makes_some(
    name: str, why: str, folders: dict[str, str]
) -> None:
    app = seen(opened("pages/beyond_weights.py", model=folders[name], text=SENTENCE, part="absence"))
    assert why.split("{}")[1] in app.info[0].value
    assert ("predicts no token" in app.info[0].value) == (name == "sentence")
    app.button(key="own-model").click().run()
    assert app.session_state["view"].model == "tiny-gpt"


def test_a_chat_model_reads_a_conversation(folders: dict[str, str]) -> None:
    app = seen(opened("app.py", model=folders["chat"], text="The dog"))
    plain = app.session_state["view"].text
    app.toggle(key="setting-chat").set_value(True).run()
    assert app.session_state["view"].text == plain, "what was typed stays"
    assert app.query_params["chat"] == "1"
    assert "<|user|>The dog" in strip_of(seen(app))
    assert "setting-chat" not in [toggle.key for toggle in opened("app.py", model=folders["llama"]).toggle]


def test_what_predicts_nothing_says_so(folders: dict[str, str]) -> None:
    app = seen(opened("app.py", model=folders["sentence"], text=SENTENCE))
    assert any("predicts no token" in caption.value for caption in app.caption)


# -- before a download -------------------------------------------------------------------------------------


def answered(monkeypatch: pytest.MonkeyPatch, **changes: object) -> list[str]:
    """Lets the Hub answer that owner/name is 1 GiB; returns the names that were loaded."""
    loaded: list[str] = []
    about = hub.About("owner/name", 2**30, 2**31, 2**33, "mit")
    bundled = viz_core.load

    def load(name: str, **how: object) -> object:
        loaded.append(name)
        return bundled("formation" if name == "owner/name" else name)

    def told(name: str, **_how: object) -> hub.About | None:
        return replace(about, **changes) if name == "owner/name" else None

    monkeypatch.setattr(viz_core, "about", told)
    monkeypatch.setattr(viz_core.models, "fetch", lambda _name, **_how: None)
    monkeypatch.setattr(viz_core, "load", load)
    store.shelves.clear()
    return loaded


def test_a_download_is_told_first_and_done_when_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = answered(monkeypatch)
    app = opened("app.py", model="owner/name", text=SENTENCE)
    assert not app.exception
    assert "1\u00a0GiB to download" in app.info[0].value
    assert "licence: mit" in app.info[0].value
    assert drawn(app) > 0, "the last good picture stays"
    assert "owner/name" not in loaded
    app.button(key="download").click().run()
    assert "owner/name" in loaded
    assert not seen(app).info
    store.shelves.clear()


def test_what_does_not_fit_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = answered(monkeypatch, memory=2**40, licence=None)
    app = opened("app.py", model="owner/name", text=SENTENCE)
    assert not app.exception
    assert "It does not fit" in app.error[0].value
    assert "not told" in app.error[0].value
    assert "download" not in [button.key for button in app.button]
    assert drawn(app) > 0
    assert "owner/name" not in loaded
    store.shelves.clear()
