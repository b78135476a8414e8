"""The app as a teacher has set it for a class."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.pages.test_pages import opened
from viz_core.ui.sharing import link

SENTENCES = 'sentences = [{ name = "*one*", text = "The dog bit the man" }, { name = "둘", text = "커피 마시고" }]\n'
Set = Callable[[str], None]


@pytest.fixture
def class_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Set:
    def class_of(text: str) -> None:
        (tmp_path / "class.toml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("ATTENTION_CLASS", str(tmp_path / "class.toml"))

    return class_of


def plain(markdown: str) -> str:
    """What is read where nothing in a text acts as Markdown."""
    return markdown.replace("\\", "").replace("\u2060", "")


def test_its_sentences_are_the_examples(class_of: Set) -> None:
    class_of(SENTENCES)
    app = opened("app.py")
    assert not app.exception
    assert app.text_input(key="sentence").value == "The dog bit the man"
    examples = app.get("button_group")[0]
    assert [plain(option.content) for option in examples.proto.options] == ["*one*", "둘"]
    app.button_group(key="example").set_value("둘").run()
    assert app.text_input(key="sentence").value == "커피 마시고"


def test_its_models_are_those_offered(class_of: Set) -> None:
    class_of('model = "tiny-bert"\nmodels = ["tiny-gpt", "tiny-bert"]\ntitle = "<Week 3>"\nlanguage = "ko"')
    app = opened("app.py")
    assert not app.exception
    chooser = app.selectbox(key="model_name")
    assert (chooser.value, chooser.options) == ("tiny-bert", ["tiny-gpt", "tiny-bert"])
    assert not chooser.proto.accept_new_options
    assert chooser.label == "모델"
    assert "<Week 3>" in [plain(caption.value) for caption in app.sidebar.caption]


def test_an_address_overrides_it(class_of: Set) -> None:
    class_of(SENTENCES + 'model = "tiny-bert"\nlanguage = "ko"')
    app = opened("app.py", model="tiny-gpt", text="A cat sat", lang="en")
    assert app.text_input(key="sentence").value == "A cat sat"
    assert app.selectbox(key="model_name").value == "tiny-gpt"
    assert app.selectbox(key="model_name").label == "Model"
    left_out = opened("app.py", lang="en")
    assert left_out.text_input(key="sentence").value == "The dog bit the man"


def test_its_lessons_in_its_order(class_of: Set) -> None:
    class_of("lessons = [4, 2]")
    cards = [title.value for title in opened("pages/lessons.py").markdown if title.value.startswith("#### ")]
    assert [title.split()[1] for title in cards if title.split()[1].isdigit()] == ["4", "2"]


def test_a_lesson_stands_on_the_programs_own_sentence(class_of: Set) -> None:
    class_of(SENTENCES)
    app = opened("pages/scaling.py", lesson="4", lesson_step="1", part="one_head")
    assert app.query_params.get("text") != "The dog bit the man"


@pytest.mark.parametrize("page", ["app.py", "pages/masks.py"])
def test_what_is_wrong_with_the_file_is_told_in_place_of_a_page(class_of: Set, page: str) -> None:
    class_of('model = "tiny-gtp"')
    app = opened(page)
    assert not app.exception
    (error,) = app.error
    assert 'class.toml: model = "tiny-gtp": allowed is ' in plain(error.value)
    assert not app.selectbox


def test_links_lead_where_the_teacher_says(class_of: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    class_of('address = "https://lab.example.org"')
    monkeypatch.setattr(link.st, "context", SimpleNamespace(url="http://localhost:8501/masks"))
    monkeypatch.setattr(link.state, "current", link.state.View)
    assert link.here() == link.Link("https://lab.example.org/masks")
