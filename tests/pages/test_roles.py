"""Heads by role on Explore, and what an encoder guesses is hidden."""

from pathlib import Path

import pytest
import torch

import viz_core
from tests.models.test_hidden import masking_tokenizer
from tests.pages.test_pages import PAGES, drawn, opened
from viz_core.analysis.heads import role_scores
from viz_core.config import TransformerConfig
from viz_core.models import bundled
from viz_core.transformer import Transformer

NO_REPEATS = "The dog bit the man because he was angry."


def best_head(role: str) -> list[int]:
    scores = torch.tensor(viz_core.load("tiny-gpt").card["roles"][role])
    return list(divmod(int(scores.argmax()), scores.shape[1]))


def said(app) -> str:
    return " ".join(markdown.value for markdown in app.markdown)


def chosen(app) -> list[int]:
    return [app.session_state["view"].layer, app.session_state["view"].head]


def test_a_role_leads_to_the_head_that_does_it_most() -> None:
    app = opened("app.py", layer="3", head="0")
    finder = app.selectbox(key="find")
    assert finder.options[0].startswith("the token before · ")
    finder.set_value("previous").run()
    assert not app.exception
    assert chosen(app) == best_head("previous")
    assert app.selectbox(key="find").value == "previous", "its heads stay picked out"
    assert not [button for button in app.button if button.key == "wake"]


def test_a_picked_role_stays_picked_in_another_language() -> None:
    """The box then calls it otherwise; the browser must hear, for it would send the old words with the next click."""
    app = opened("app.py", layer="3", head="0")
    app.selectbox(key="find").set_value("previous").run()
    app.segmented_control(key="language").set_value("ko").run()
    finder = app.selectbox(key="find")
    assert finder.value == "previous"
    assert finder.proto.set_value
    assert finder.proto.raw_value == finder.options[finder.index]


def test_a_role_that_sleeps_says_so_and_the_sentence_said_twice_wakes_it() -> None:
    app = opened("app.py", text=NO_REPEATS, layer="3", head="0")
    app.selectbox(key="find").set_value("induction").run()
    assert chosen(app) == best_head("induction")
    assert "no token of this text repeats, so that cannot show here" in said(app)
    app.button(key="wake").click().run()
    assert not app.exception
    assert app.text_input(key="sentence").value == f"{NO_REPEATS} {NO_REPEATS}"
    assert chosen(app) == best_head("induction")
    assert "cannot show here" not in said(app)
    assert "tokens here repeat an earlier one" in said(app)


def test_scores_on_this_text_stand_beside_the_stored_ones() -> None:
    layer, head = best_head("induction")
    app = opened("app.py", text=NO_REPEATS, layer=str(layer), head=str(head))
    app.session_state["scores"] = True  # the box of scores is open
    app.run()
    table = next(html.proto.body for html in app.get("html") if "class='roles'" in html.proto.body)
    stored = viz_core.load("tiny-gpt").card["roles"]["induction"][layer][head]
    assert f"<em>asleep</em></td><td>{stored:.2f}</td>" in table


def bundle(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: object) -> str:
    """A model of random weights and without stored scores, beside the bundled ones; its name."""
    tokenizer = masking_tokenizer()
    shape = {"context": 64, "n_layer": 2, "n_head": 3, "d_model": 12, "vocab_size": tokenizer.get_vocab_size()}
    transformer = Transformer(TransformerConfig(**shape, **settings))
    for weight in transformer.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    bundled.save(folder / folder.name, transformer, tokenizer)
    for model in bundled.FOLDER.iterdir():
        (folder / model.name).symlink_to(model)
    monkeypatch.setattr(bundled, "FOLDER", folder)
    return folder.name


def test_without_stored_scores_the_text_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, monkeypatch)
    text = "a man bit dogs"
    app = opened("app.py", model=name, text=text)
    assert "an earlier copy · not on this text" in app.selectbox(key="find").options
    app.selectbox(key="find").set_value("duplicate").run()
    assert not app.exception
    assert "cannot be told here: " in said(app)
    app.button(key="wake").click().run()
    assert not app.exception
    assert app.text_input(key="sentence").value == f"{text} {text}"
    model = viz_core.load(name)
    weights = [block.attention.weights for block in model.record(f"{text} {text}").blocks]
    ids = model.record(f"{text} {text}").token_ids
    scores = torch.stack([role_scores(layer, ids)["duplicate"] for layer in weights])
    assert chosen(app) == list(divmod(int(scores.argmax()), 3))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_draws_an_encoder(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, monkeypatch, architecture="encoder")
    app = opened(page, model=name, text="The dog bit the man")
    assert not app.exception
    assert not app.error
    assert drawn(app) > 0


def test_an_encoder_guesses_what_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, monkeypatch, architecture="encoder")
    app = opened("app.py", model=name, text="The dog bit the man", query="1")
    assert "the token after" in " ".join(app.selectbox(key="find").options)
    assert "would say next" not in said(app)
    assert any("<mask>" in caption.value for caption in app.caption)
    before = drawn(app)
    app.button(key="hide").click().run()
    assert not app.exception
    assert app.text_input(key="sentence").value == "The <mask> bit the man"
    assert "guesses is hidden" in said(app)
    assert drawn(app) == before + 1
    assert app.session_state["view"].query == -1  # the hidden row is where it starts


def test_of_several_hidden_places_the_chosen_one_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, monkeypatch, architecture="encoder")
    rows = [i for i, t in enumerate(viz_core.load(name).record("The <mask> bit <mask>").tokens) if t == "<mask>"]
    for query, expected in ((str(rows[1]), rows[1]), ("0", rows[0])):
        app = opened("app.py", model=name, text="The <mask> bit <mask>", query=query)
        assert f"guesses is hidden at token {expected}" in said(app)
