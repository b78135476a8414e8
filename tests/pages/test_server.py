"""The app as a public server shows it: what it offers, and what it refuses."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.models.checkpoints import saved
from tests.pages.test_classroom import plain
from tests.pages.test_pages import ROOT, drawn, opened
from tests.servers import Serve, serve
from viz_core.ui import store

__all__ = ["serve"]  # a fixture


def refusal(app: AppTest, name: str) -> str:
    """What is said of a model, but for its name."""
    assert not app.exception
    (error,) = app.error
    said = plain(error.value)
    assert "This server has no model" in said
    assert repr(name[:100]) in said
    assert drawn(app) > 0, "the last good picture stands"
    return said.replace(repr(name[:100]), "…")


def test_an_address_opens_no_folder(serve: Serve, tmp_path: Path) -> None:
    """Whether it exists, holds a model, or holds one that was loaded before, or not."""
    folder = str(saved(tmp_path, "llama"))
    serve("localhost")
    assert not opened("app.py", model=folder).error
    serve()
    bundled = str(ROOT / "assets" / "models" / "tiny-gpt")
    names = ["/etc", bundled, folder, f"{folder}/none", "assets", "../main", "~", "gpt2"]
    said = {refusal(opened("app.py", model=name), name) for name in names}
    assert len(said) == 1
    assert "It has formation, positions-alibi, " in said.pop()


def test_through_a_proxy_it_opens_none_either(serve: Serve) -> None:
    serve("localhost", **{"X-Forwarded-For": "203.0.113.7"})
    refusal(opened("app.py", model="/etc"), "/etc")


def test_another_model_to_compare_with_is_no_other_way(serve: Serve, tmp_path: Path) -> None:
    serve()
    for name in ("/etc", str(tmp_path), "gpt2"):
        app = opened("pages/compare.py", part="model", other_model=name)
        refusal(app, name)
        assert not app.selectbox(key="setting-other_model").proto.accept_new_options


@pytest.mark.parametrize(
    ("settings", "offered", "typed", "helps"),
    [
        ({}, [], False, []),
        ({"file": 'models = ["gpt2"]'}, ["gpt2"], False, ["The others are downloaded once"]),
        ({"file": 'models = ["gpt2", "Qwen/*"]'}, ["gpt2"], True, ["type", "formation@1650", "Qwen/*"]),
        ({"file": 'models = ["*"]'}, [], True, ["type", "any model of the Hugging Face Hub"]),
        ({"file": 'folders = ["/usr"]'}, [], True, ["type", "a folder in /usr"]),
    ],
)
def test_what_is_offered(serve: Serve, settings: dict[str, str], offered: list[str], typed: bool, helps: list[str]):
    serve(**settings)
    app = opened("app.py")
    assert not app.error
    chooser = app.selectbox(key="model_name")
    own = ["tiny-gpt", "formation", "positions-alibi", "positions-learned", "positions-none", "positions-rotary"]
    assert chooser.options == [*own, "positions-sinusoidal", "tiny-bert", *offered]
    assert chooser.proto.accept_new_options == typed
    said = plain(chooser.help)
    assert all(words in said for words in helps)
    assert ("type" in said) == typed
    assert ("downloaded" in said) == bool(offered)
    assert "of this computer" not in said


def test_whoever_runs_it_is_offered_all(serve: Serve) -> None:
    serve("localhost")
    chooser = opened("app.py").selectbox(key="model_name")
    assert chooser.options[-1] == "gpt2-xl"
    assert chooser.proto.accept_new_options
    assert "a folder of this computer" in chooser.help


def test_what_the_class_names_is_offered_and_opens(serve: Serve, tmp_path: Path) -> None:
    folder = saved(tmp_path, "llama")
    serve(of_class=f'models = ["tiny-gpt", "formation@1650", "{folder}"]')
    app = opened("app.py", model=str(folder))
    assert not app.error
    assert app.selectbox(key="model_name").options == ["tiny-gpt", "formation@1650", str(folder)]
    assert not app.selectbox(key="model_name").proto.accept_new_options
    assert "downloaded" not in app.selectbox(key="model_name").help, "neither a step nor a folder is"
    refusal(opened("app.py", model=str(tmp_path)), str(tmp_path))


def test_a_class_of_one_model_can_compare(serve: Serve) -> None:
    serve(of_class='models = ["tiny-gpt"]')
    app = opened("pages/compare.py", part="model")
    assert not app.exception
    assert app.selectbox(key="setting-other_model").value == "positions-learned"


def test_a_text_that_is_too_long_is_refused_kept_and_can_be_cut(serve: Serve) -> None:
    serve(file="longest_text = 5_000")
    store.shelves.clear()
    app = opened("app.py")
    text = "word " * 1_001
    app.text_input(key="sentence").set_value(text).run()
    assert not app.exception
    assert [plain(error.value) for error in app.error] == [
        "The text has 5,005 characters; this server takes at most 5,000. Shorten it."
    ]
    assert app.text_input(key="sentence").value == text
    app.button(key="cut").click().run()
    assert not app.error
    assert text.startswith(app.text_input(key="sentence").value)
    store.shelves.clear()


@pytest.mark.parametrize(
    ("page", "box", "part"),
    [
        ("pages/compare.py", "other-sentence", "sentence"),
        ("pages/positions.py", "setting-one", "order"),
        ("pages/encoder_decoder.py", "setting-english", ""),
        ("pages/encoder_decoder.py", "one-side-text", "kinds"),
    ],
)
def test_the_other_texts_are_as_short(serve: Serve, page: str, box: str, part: str) -> None:
    serve()
    app = opened(page, **{"part": part} if part else {})
    app.text_input(key=box).set_value("가" * 1_000_000).run()
    assert not app.exception
    assert "1,000,000 characters; this server takes at most 100,000" in app.error[0].value
    assert app.text_input(key=box).value == "가" * 1_000_000


@pytest.mark.parametrize("page", ["app.py", "pages/lessons.py"])
def test_a_file_that_cannot_be_used_shows_nothing(serve: Serve, page: str, tmp_path: Path) -> None:
    serve(file='folders = ["/no/such/folder"]')
    app = opened(page)
    assert not app.exception
    (error,) = app.error
    assert "python -m viz_core.ui.server" in error.value
    assert "/no/such" not in error.value
    assert str(tmp_path) not in error.value
    assert not app.selectbox


def test_what_is_wrong_with_the_class_is_told_to_who_runs_it_alone(serve: Serve) -> None:
    """It says where things lie on the disk."""
    serve("localhost", of_class="adress = 1")
    (error,) = opened("app.py").error
    assert "class.toml: adress = 1: there is no such key" in plain(error.value)
    serve(of_class="adress = 1")
    (error,) = opened("app.py").error
    assert "class.toml" not in error.value
    assert "python -m viz_core.ui.classroom" in error.value


def test_a_session_forgets_the_widgets_that_are_gone() -> None:
    """Streamlit does not: each would keep its figure, and the recording that its callback holds."""
    app = opened("app.py")
    known = app.session_state._state._state._new_widget_state.widget_metadata  # AppTest's own around the session's
    for text in ("The cat saw the boy", "The cat saw the girl", "She ate the cake"):
        before = set(known)
        app.text_input(key="sentence").set_value(text).run()
        assert not app.exception
        gone = [name.partition("-next")[2] for name in before - set(known)]
        assert "-figure" in gone, "a figure that can be clicked is another widget when it shows something else"
    (figure,) = [name for name in known if name.endswith("-next-figure")]
    assert known[figure].callback is not None
    assert any(name.endswith("choice__events") for name in known), "events of components are still heard"
