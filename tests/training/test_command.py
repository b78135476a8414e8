"""The command a person types, from text files to a model that loads."""

import sys
from pathlib import Path

import pytest

from viz_core.models import bundled, load
from viz_core.training import __main__ as command
from viz_core.training import formation, profanity, recipe, text_evaluation
from viz_core.training.evaluation import Evaluation, Table

TOML = """
purpose = "A model for tests."
[model]
context = 32
n_layer = 1
n_head = 2
d_model = 8
[tokenizer]
vocab_size = 270
[training]
seed = 0
steps = 50
batch = 2
learning_rate = 1e-2
warmup = 5
decay = 0.3
weight_decay = 0.1
checkpoint_every = 50
random_repeats = 0.2
[[source]]
name = "stories"
file = "stories.txt"
language = "English"
licence = "own"
share = 1.0
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe "mini", its text in corpora/, and an empty shelf of bundled models."""
    recipes, corpora = tmp_path / "recipes", tmp_path / "corpora"
    recipes.mkdir()
    corpora.mkdir()
    (recipes / "mini.toml").write_text(TOML, encoding="utf-8")
    story = "The dog bit the man. The man bit the dog, and the dog ran.<|endoftext|>"
    (corpora / "stories.txt").write_text(story * 300, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recipe, "RECIPES", recipes)
    monkeypatch.setattr(command, "RECIPES", recipes)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path / "models")
    monkeypatch.setattr(text_evaluation, "PROMPTS", 4)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["training", *arguments, "--corpora", "corpora", "--device", "cpu"])
    command.main()


def test_train_evaluate_export(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    run(monkeypatch, "mini")
    run(monkeypatch, "evaluate", "mini")
    printed = capsys.readouterr().out
    for words in ("after step 50 of 50", "Held-out loss", "trigram", "frequency", "| previous |", "with profanity"):
        assert words in printed
    run(monkeypatch, "export", "mini")
    model = load("mini")
    assert len(model.record("The dog").tokens) >= 2
    assert model.card["figures"]["held_out_loss"] < model.card["figures"]["frequency_loss"] * 1.5
    assert len(model.card["roles"]["broad"][0]) == 2
    readme = model.card["readme"]
    for words in ("A model for tests.", "1 layers × 2 heads", "stories", "curve.svg", "export mini", "20%", "80%"):
        assert words in readme
    assert "training loss" in (place / "models" / "mini" / "curve.svg").read_text()


def test_a_model_whose_training_is_watched_ships_its_moments_and_its_history(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    watched = TOML.replace("steps = 50\n", "steps = 100\nkeep_every = 50\n")
    (place / "recipes" / "mini.toml").write_text(watched, encoding="utf-8")
    monkeypatch.setattr(formation, "chosen", lambda _induction, kept: kept)  # so short a training has no induction
    run(monkeypatch, "mini")
    run(monkeypatch, "export", "mini")
    model = load("mini")
    assert [line["step"] for line in model.card["history"]] == [50, 100]
    assert model.card["history"][-1]["loss"] < model.card["history"][0]["loss"]
    assert bundled.steps("mini")
    assert load(f"mini@{bundled.steps('mini')[0]}").card["steps"] == bundled.steps("mini")[0]


def test_a_model_that_is_there_is_replaced_only_when_asked(place: Path, monkeypatch: pytest.MonkeyPatch):
    run(monkeypatch, "mini")
    run(monkeypatch, "export", "mini")
    before = {path: path.read_bytes() for path in (place / "models" / "mini").iterdir()}
    with pytest.raises(SystemExit, match="mini is there; pass --overwrite to replace that model"):
        run(monkeypatch, "export", "mini")
    assert {path: path.read_bytes() for path in (place / "models" / "mini").iterdir()} == before
    run(monkeypatch, "export", "mini", "--overwrite")


def test_a_missing_corpus_is_named(place: Path, monkeypatch: pytest.MonkeyPatch):
    (place / "corpora" / "stories.txt").unlink()
    with pytest.raises(SystemExit, match=r"stories: no file at corpora/stories.txt\. Pass --corpora with the folder"):
        run(monkeypatch, "mini")


def test_a_run_of_another_recipe_is_refused_and_kept(place: Path, monkeypatch: pytest.MonkeyPatch):
    run(monkeypatch, "mini")
    before = (place / "runs" / "mini" / "checkpoint.pt").read_bytes()
    (place / "recipes" / "mini.toml").write_text(TOML.replace("d_model = 8", "d_model = 10"), encoding="utf-8")
    with pytest.raises(SystemExit, match="was prepared for another version of the mini recipe: move it away"):
        run(monkeypatch, "mini")
    assert (place / "runs" / "mini" / "checkpoint.pt").read_bytes() == before


def test_nothing_to_evaluate_yet(place: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(SystemExit, match="no checkpoint in runs/mini: train first"):
        run(monkeypatch, "evaluate", "mini")


def test_the_head_a_visitor_meets_first_is_the_clearest_of_a_role_worth_a_look():
    tables: list[Table] = []
    roles = {"previous": [[0.1, 0.9]], "induction": [[0.8, 0.2]]}
    assert Evaluation(tables, {}, roles).start == (0, 0)
    assert Evaluation(tables, {}, roles | {"induction": [[0.1, 0.2]]}).start == (0, 1)
    assert Evaluation(tables, {}, {}).start is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He was a damn fool.", True),
        ("The cock crowed and the ass brayed.", False),
        ("이런 씨발 뭐야", True),
        ("다시 발견한 사람", False),
        ("조선 시대 영화", False),
    ],
)
def test_profanity(text: str, expected: bool):
    assert profanity.found(text) == expected
