import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from viz_core.config import TransformerConfig
from viz_core.training import language_model
from viz_core.training.corpora import Corpus, CorpusMissing, documents, load_corpora, train_tokenizer
from viz_core.training.language_model import (
    IGNORED,
    CheckpointMismatch,
    held_out_loss,
    learning_rate,
    load_trained,
    repeated,
    sequences,
    train,
)
from viz_core.training.recipe import END_OF_TEXT, RECIPES, Recipe, Source, Training, read_recipe, recipe_names

CONTEXT = 97
RECIPE = Recipe(
    name="smallest",
    purpose="tests",
    model=TransformerConfig(vocab_size=263, context=CONTEXT, n_layer=1, n_head=2, d_model=12),
    training=Training(
        seed=7,
        steps=100,
        batch=2,
        learning_rate=0.01,
        warmup=5,
        decay=0.2,
        weight_decay=0.1,
        checkpoint_every=50,
        repeats=0.5,
    ),
    sources=(
        Source("stories", "stories.txt", "English", "own", share=0.75),
        Source("questions", "questions.csv", "Korean", "own", share=0.25, layout="question-answer"),
    ),
    fingerprint="one",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    story = "The dog bit the man. The man bit the dog, and the dog ran."
    (tmp_path / "stories.txt").write_text(END_OF_TEXT.join([story] * 20), encoding="utf-8")
    rows = "".join(f'"개가 {i}번 물었어?",아니\n' for i in range(30))
    (tmp_path / "questions.csv").write_text("Q,A\n" + rows, encoding="utf-8")
    (tmp_path / "run").mkdir()
    return tmp_path


@pytest.fixture
def corpora(folder: Path) -> list[Corpus]:
    return load_corpora(RECIPE, train_tokenizer(RECIPE, folder), folder, folder / "run")


def history(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


# -- training ---------------------------------------------------------------------------------------------


def test_loss_falls(corpora: list[Corpus], folder: Path):
    run = folder / "run"
    model = train(RECIPE, corpora, run)
    first, last = history(run)
    assert (first["step"], last["step"]) == (50, 100)
    assert last["loss"] < first["loss"] < np.log(263)
    assert {"previous", "induction", "duplicate", "first", "self"} < set(last)
    untrained = language_model.Transformer(RECIPE.model)
    assert held_out_loss(model, corpora[0]) < held_out_loss(untrained, corpora[0])


def test_interrupted_and_resumed_is_the_same_training(corpora: list[Corpus], folder: Path, monkeypatch):
    (folder / "whole").mkdir()
    whole = train(RECIPE, corpora, folder / "whole")

    def interrupted(recipe: Recipe, corpora: list[Corpus], step: int) -> tuple[torch.Tensor, torch.Tensor]:
        if step == 60:
            raise KeyboardInterrupt
        return sequences(recipe, corpora, step)

    with monkeypatch.context() as patch:
        patch.setattr(language_model, "sequences", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(RECIPE, corpora, folder / "run")
    assert load_trained(RECIPE, folder / "run").step == 50
    resumed = train(RECIPE, corpora, folder / "run")
    assert history(folder / "run") == history(folder / "whole")
    for name, weight in resumed.state_dict().items():
        assert weight.equal(whole.state_dict()[name]), name
    trained = load_trained(RECIPE, folder / "run")
    assert trained.step == 100
    assert all(weight.equal(resumed.state_dict()[name]) for name, weight in trained.model.state_dict().items())


def test_another_recipes_checkpoint_is_refused_and_kept(corpora: list[Corpus], folder: Path):
    run = folder / "run"
    train(RECIPE, corpora, run)
    before = {path: path.read_bytes() for path in run.iterdir()}
    other = replace(RECIPE, fingerprint="two")
    for use in (lambda: train(other, corpora, run), lambda: load_trained(other, run)):
        with pytest.raises(CheckpointMismatch, match=r"checkpoint.pt was made by another version .*\(one; this one is"):
            use()
    assert {path: path.read_bytes() for path in run.iterdir()} == before


def test_nothing_trained_yet_says_what_to_do(tmp_path: Path):
    with pytest.raises(CheckpointMismatch, match=f"no checkpoint in {tmp_path}: train first"):
        load_trained(RECIPE, tmp_path)


def test_learning_rate_warms_up_stays_and_falls_to_a_tenth():
    rates = [learning_rate(RECIPE.training, step) for step in range(101)]
    assert rates[:5] == pytest.approx([0.002, 0.004, 0.006, 0.008, 0.01])
    assert set(rates[5:81]) == {0.01}
    assert rates[90] == pytest.approx(0.0055)
    assert rates[100] == pytest.approx(0.001)
    assert rates[80:] == sorted(rates[80:], reverse=True)


# -- what it trains on ------------------------------------------------------------------------------------


def test_targets_are_the_inputs_one_ahead(corpora: list[Corpus]):
    inputs, targets = sequences(replace(RECIPE, training=replace(RECIPE.training, repeats=0.0)), corpora, 3)
    assert inputs.shape == targets.shape == (2, CONTEXT)
    assert targets[:, :-1].equal(inputs[:, 1:])


def test_random_tokens_are_not_to_be_guessed_before_they_repeat(corpora: list[Corpus]):
    inputs, targets = sequences(replace(RECIPE, training=replace(RECIPE.training, repeats=1.0)), corpora, 3)
    for sequence, target in zip(inputs, targets, strict=True):
        period = int((target == IGNORED).sum()) + 1
        assert (target[: period - 1] == IGNORED).all()
        assert target[period - 1 : -1].equal(sequence[period:])
        assert sequence[period:].equal(sequence[:-period])


def test_a_step_draws_the_same_every_time_and_another_something_else(corpora: list[Corpus]):
    once, again, later = (sequences(RECIPE, corpora, step)[0] for step in (4, 4, 5))
    assert once.equal(again)
    assert not once.equal(later)


def test_repeats_have_a_period_of_8_to_64_and_no_end_of_text():
    drawn = [repeated(np.random.default_rng(seed), 263, 98) for seed in range(500)]
    assert {period for _, period in drawn} == set(range(8, 65))
    assert min(ids.min() for ids, _ in drawn) == 1


def test_every_document_comes_back_and_ends_where_it_ended(corpora: list[Corpus], folder: Path):
    tokenizer = train_tokenizer(RECIPE, folder)
    assert tokenizer.token_to_id(END_OF_TEXT) == 0
    for corpus in corpora:
        ids = np.concatenate([corpus.train, corpus.held_out])
        texts = tokenizer.decode(ids.tolist(), skip_special_tokens=False).split(END_OF_TEXT)
        assert texts == [*documents(corpus.source, folder), ""]
        assert len(corpus.held_out) == pytest.approx(len(ids) / 100, abs=1)


def test_corpora_are_encoded_once(corpora: list[Corpus], folder: Path):
    tokenizer = train_tokenizer(RECIPE, folder)
    (folder / "stories.txt").unlink()
    again = load_corpora(RECIPE, tokenizer, folder, folder / "run")
    assert np.array_equal(again[0].train, corpora[0].train)


def test_a_corpus_that_is_not_there_is_named_by_its_path(folder: Path):
    (folder / "questions.csv").unlink()
    with pytest.raises(CorpusMissing, match=rf"questions: no file at {folder / 'questions.csv'}\. Pass --corpora"):
        train_tokenizer(RECIPE, folder)


def test_a_layout_that_is_not_known_is_refused(folder: Path):
    with pytest.raises(ValueError, match="stories: layout 'xml'; expected text, line or question-answer"):
        list(documents(replace(RECIPE.sources[0], layout="xml"), folder))


# -- recipes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", recipe_names())
def test_the_recipes_that_ship_are_read(name: str):
    recipe = read_recipe(RECIPES / f"{name}.toml")
    assert recipe.name == name
    assert sum(source.share for source in recipe.sources) == pytest.approx(1)


def test_a_changed_recipe_has_another_fingerprint(tmp_path: Path):
    path = tmp_path / "mine.toml"
    text = (RECIPES / f"{recipe_names()[0]}.toml").read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    before = read_recipe(path).fingerprint
    path.write_text(text.replace("seed = ", "seed = 1"), encoding="utf-8")
    assert read_recipe(path).fingerprint != before
