"""Every page through Streamlit's AppTest: it draws, it takes bad input with one sentence, it loses nothing typed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from transformers import GPT2Config, GPT2LMHeadModel

from viz_core.models import Model, UnusableText

ROOT = Path(__file__).parents[2]
EVERY_PAGE = ["app.py", *(f"pages/{path.name}" for path in sorted((ROOT / "pages").glob("*.py")))]
# which ask for neither the model nor the sentence
OF_THEIR_OWN = {"pages/encoder_decoder.py", "pages/lessons.py", "pages/matrix_lab.py"}
PAGES = [page for page in EVERY_PAGE if page not in OF_THEIR_OWN]
SENTENCE = "The dog bit the man"


def opened(page: str, **address: str) -> AppTest:
    """The page as a visitor finds it who opens a link with this address."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for name, value in address.items():
        app.query_params[name] = value
    if page != "app.py":
        app.switch_page(page)
    return app.run()


def read(number: str) -> float:
    """A number as the pages write it."""
    mantissa, _times, power = number.replace("−", "-").partition("·10")
    plain = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(mantissa) * 10.0 ** int(plain or 0)


def drawn(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_page_draws_at_once(page: str) -> None:
    app = opened(page)
    assert not app.exception
    assert not app.error
    assert (drawn(app) > 0) == (page != "pages/lessons.py")


@pytest.mark.parametrize("page", PAGES)
def test_link_restores_the_view(page: str) -> None:
    app = opened(page, text=SENTENCE, layer="1", head="3", query="4", key="1")
    assert not app.exception
    assert app.text_input(key="sentence").value == SENTENCE
    assert app.session_state["view"].layer == 1
    assert app.session_state["view"].head == 3


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no text"),
        ("   \n\t ", "blank"),
        ("word " * 400, "at most 256"),
        ("a" * 1_000_000, "1,000,000 characters; this server takes at most 100,000"),
    ],
    ids=["empty", "spaces", "too long", "1 MB"],
)
def test_unusable_text_gets_one_sentence_and_stays_typed(page: str, text: str, says: str) -> None:
    app = opened(page, text=SENTENCE)
    app.text_input(key="sentence").set_value(text).run()
    assert not app.exception
    assert len(app.error) == 1
    assert says in app.error[0].value
    assert app.text_input(key="sentence").value == text
    assert drawn(app) > 0, "the last good picture must stay"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "text",
    [
        "안녕하세요, 반갑습니다",
        "👋🏽 👩‍👩‍👧 ok",
        "مرحبا بالعالم",
        "a\x00\x07\x1b[31m b",
        "<script>alert(1)</script>",
        "$x$ **b** `c` <s>",
        "x",
    ],
    ids=["korean", "emoji", "right to left", "controls", "script", "markup", "one letter"],
)
def test_unusual_text_is_drawn(page: str, text: str) -> None:
    app = opened(page)
    app.text_input(key="sentence").set_value(text).run()
    assert not app.exception
    assert not app.error
    assert drawn(app) > 0


@pytest.mark.parametrize("page", PAGES)
def test_too_long_text_can_be_cut(page: str) -> None:
    app = opened(page)
    app.text_input(key="sentence").set_value("word " * 400).run()
    app.button(key="cut").click().run()
    assert not app.exception
    assert not app.error
    kept = app.text_input(key="sentence").value
    assert kept != "word " * 400
    assert ("word " * 400).startswith(kept)


def test_a_text_that_cannot_be_cut_stays_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    def panics(_model: Model, _text: str) -> str:
        raise UnusableText("This model's tokenizer cannot read this text (panic).")

    monkeypatch.setattr(Model, "cut", panics)
    app = opened("app.py")
    app.text_input(key="sentence").set_value("word " * 400).run()
    app.button(key="cut").click().run()
    assert not app.exception
    assert "tokenizer cannot read this text" in app.error[1].value
    assert app.text_input(key="sentence").value == "word " * 400
    app.run()
    assert len(app.error) == 1


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["no such/model name", "../../etc", "/nonexistent", "x" * 300])
def test_unknown_model_gets_one_sentence_and_the_bundled_one(page: str, name: str) -> None:
    app = opened(page, model=name, text=SENTENCE)
    assert not app.exception
    assert len(app.error) == 1
    assert app.text_input(key="sentence").value == SENTENCE
    assert drawn(app) > 0
    app.button(key="use_bundled").click().run()
    assert not app.error
    assert not app.exception


def _without_weights(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "gpt2"}')


def _truncated(folder: Path) -> None:
    GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=11, n_positions=7)).save_pretrained(folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def _another_kind(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "warpdrive"}')


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("spoil", "says"),
    [(_without_weights, "safetensors"), (_truncated, "model.safetensors"), (_another_kind, "warpdrive")],
    ids=["no weights", "truncated", "another kind"],
)
def test_unusable_folder_gets_one_sentence(page: str, spoil: Callable[[Path], None], says: str, tmp_path: Path) -> None:
    spoil(tmp_path)
    app = opened(page, model=str(tmp_path), text=SENTENCE)
    assert not app.exception
    assert len(app.error) == 1
    assert says in app.error[0].value.replace("\\", "")  # Markdown's backslashes are not seen
    assert app.text_input(key="sentence").value == SENTENCE
    assert drawn(app) > 0


@pytest.mark.parametrize("page", EVERY_PAGE)
@pytest.mark.parametrize(
    ("layer", "head", "query", "key"), [("99", "0", "0", "0"), ("-5", "x", "7e9", "²"), ("0", "99", "999", "999")]
)
def test_address_beyond_the_model_still_opens(page: str, layer: str, head: str, query: str, key: str) -> None:
    app = opened(page, text=SENTENCE, layer=layer, head=head, query=query, key=key)
    assert not app.exception
    assert (drawn(app) > 0) == (page != "pages/lessons.py")


@pytest.mark.parametrize("step", ["x", "qkv", "scores", "scale", "mask", "softmax", "values", "output", "nonsense"])
@pytest.mark.parametrize("layer", ["0", "3"])
def test_every_step_of_the_chain_draws(step: str, layer: str) -> None:
    app = opened("pages/inside_one_head.py", text=SENTENCE, step=step, layer=layer)
    assert not app.exception
    assert drawn(app) > 1
