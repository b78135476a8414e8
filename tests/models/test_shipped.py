"""The models that ship: what their cards say is what their weights do. The cheap figures are measured again here."""

import pytest
import torch

from viz_core import grammar
from viz_core.grammar import Pair
from viz_core.models import Model, Translator, bundled, load
from viz_core.training.language_model import random_repeat_roles
from viz_core.training.recipe import RECIPES, read_recipe, recipe_names
from viz_core.training.translation_evaluation import alignment

POSITIONS = ("learned", "sinusoidal", "rotary", "alibi", "none")
READERS = ("tiny-gpt", "tiny-bert", "formation", *(f"positions-{kind}" for kind in POSITIONS))
TRANSLATORS = ("tiny-translator", "gru-attention", "gru-plain")
DECODERS = tuple(name for name in READERS if name != "tiny-bert")


def figures(name: str) -> dict[str, object]:
    return dict(load(name).card["figures"])


def test_every_recipe_ships_its_model():
    assert sorted((*READERS, *TRANSLATORS)) == recipe_names() == bundled.bundled_names()
    assert sorted(READERS) == bundled.bundled_readers()


def test_all_together_they_are_small():
    sizes = {path: path.stat().st_size for path in bundled.FOLDER.rglob("*") if path.is_file()}
    assert sum(sizes.values()) <= 64e6
    assert all(size <= 1e6 for path, size in sizes.items() if path.name.startswith("step-"))


@pytest.mark.parametrize("name", [*READERS, *TRANSLATORS])
def test_a_model_is_the_recipes_and_has_a_card(name: str):
    model, recipe = load(name), read_recipe(RECIPES / f"{name}.toml")
    network = model.transformer if isinstance(model, Model) else model.network
    assert network.config == recipe.model
    assert model.card["steps"] == recipe.training.all_steps
    readme = model.card["readme"]
    for words in ("## Training", "seed 0", "## Measured", "## What it cannot do", "## Make it again", "curve.svg"):
        assert words in readme
    for source in recipe.sources:
        assert source.name in readme
        assert source.licence in readme
    assert (bundled.FOLDER / name / "curve.svg").stat().st_size > 5000


@pytest.mark.parametrize("name", DECODERS)
def test_roles_on_random_repeats_are_as_the_card_says(name: str):
    model = load(name)
    found = random_repeat_roles(model.transformer, read_recipe(RECIPES / f"{name}.toml"))
    for role in ("induction", "duplicate"):
        torch.testing.assert_close(found[role], torch.tensor(model.card["roles"][role]), atol=6e-3, rtol=0)


@pytest.mark.parametrize("name", READERS)
def test_every_head_has_a_score_in_every_role(name: str):
    model = load(name)
    shape = (model.transformer.config.n_layer, model.transformer.config.n_head)
    roles = {"previous", "induction", "duplicate", "first", "self", "local", "broad"}
    assert set(model.card["roles"]) == (roles | {"next"} if name == "tiny-bert" else roles)
    for scores in model.card["roles"].values():
        assert torch.tensor(scores).shape == shape
        assert 0 <= torch.tensor(scores).min() <= torch.tensor(scores).max() <= 1


# -- what each must reach ---------------------------------------------------------------------------------


def test_tiny_gpt_beats_counting_and_has_its_heads():
    found = figures("tiny-gpt")
    assert found["held_out_loss"] < found["pooled_trigram_loss"] < found["frequency_loss"]
    assert found["best_induction"] >= 0.6
    assert found["best_previous_on_repeats"] >= 0.8
    again = random_repeat_roles(load("tiny-gpt").transformer, read_recipe(RECIPES / "tiny-gpt.toml"))
    assert again["previous"].max().item() == pytest.approx(found["best_previous_on_repeats"], abs=6e-3)
    assert found["profane_continuations"] == 0


def test_a_repeated_sentence_wakes_induction_in_both_languages():
    model = load("tiny-gpt")
    for text in ("The little dog chased the red ball. ", "커피를 마시고 싶은 날이다. "):
        ids = model.tokenizer.token_ids(text)
        recording = model.record(ids * 2)
        layer, head = model.card["start"]
        weights = recording.blocks[layer].attention.head(head).weights[0]
        after_copy = [float(weights[row, row - len(ids) + 1]) for row in range(len(ids), 2 * len(ids) - 1)]
        assert sum(after_copy) / len(after_copy) > 0.5


def test_tiny_bert_guesses_twice_as_well_as_frequency_and_sees_both_sides():
    found = figures("tiny-bert")
    assert found["masked_accuracy"] >= 2 * found["frequency_accuracy"]
    model = load("tiny-bert")
    recording = model.record("Once upon a time, there was a little <mask> named Lily.", all_logits=True)
    (row,) = [row for row, label in enumerate(recording.tokens) if "mask" in label]
    words = [guess.label for guess in model.guesses(recording, row, 3)]
    assert any("girl" in word for word in words)
    assert all(block.attention.allowed.all() for block in recording.blocks)
    ahead = torch.stack([block.attention.weights.triu(1).sum(-1).mean(-1) for block in recording.blocks])
    assert 0.3 < ahead.mean() < 0.6
    assert ahead.max() > 0.8


@pytest.fixture(scope="module")
def probe() -> list[Pair]:
    return grammar.pairs(0, 60, held_out=True)  # the first of those that the card was measured on


@pytest.mark.parametrize("name", TRANSLATORS)
def test_sentences_come_out_as_often_as_the_card_says(name: str, probe: list[Pair]):
    model = load(name)
    assert isinstance(model, Translator)
    right = [model.translate(pair.source) == pair.target for pair in probe]
    assert abs(sum(right) / len(right) - figures(name)["exact"]) < 0.16  # 2.5 σ of sixty sentences at a half


def test_the_translator_translates():
    found = figures("tiny-translator")
    assert found["exact"] >= 0.95
    assert found["aligned"] >= 0.85
    assert load("tiny-translator").translate("The boy goes to school.") == "그 소년은 학교에 간다."


@pytest.mark.parametrize("name", ["tiny-translator", "gru-attention"])
def test_cross_attention_finds_the_words(name: str, probe: list[Pair]):
    model = load(name)
    found = alignment(model.network, model.tokenizer.backend, probe)
    layer, head = figures(name)["aligned_head"]
    assert found.agreement[layer, head] == pytest.approx(figures(name)["aligned"], abs=0.08)


def test_attention_helps_more_the_longer_the_sentence():
    with_attention, without = (figures(f"gru-{kind}")["exact_by_length"] for kind in ("attention", "plain"))
    gaps = [with_attention[length] - without[length] for length in with_attention]
    assert all(gap > 0 for gap in gaps)
    assert gaps[-1] > gaps[0] + 0.1
    assert sum(gaps[-2:]) > sum(gaps[:2])


def test_induction_appears_between_three_neighbouring_checkpoints():
    steps = bundled.steps("formation")
    assert len(steps) == 11  # and the last
    card = load("formation").card
    checkpoints = card["figures"]["checkpoints"]
    assert [checkpoint["step"] for checkpoint in checkpoints] == [*steps, card["steps"]]
    best = [max(map(max, checkpoint["roles"]["induction"])) for checkpoint in checkpoints]
    jumps = [after for before, after in zip(best, best[2:], strict=False) if before < 0.1 and after > 0.5]
    assert jumps
    recipe = read_recipe(RECIPES / "formation.toml")
    for checkpoint in checkpoints[-5:-1]:
        model = load(f"formation@{checkpoint['step']}")
        found = random_repeat_roles(model.transformer, recipe)["induction"]
        torch.testing.assert_close(found, torch.tensor(checkpoint["roles"]["induction"]), atol=2e-3, rtol=0)


def test_the_card_of_an_earlier_step_is_of_that_step():
    card = load("formation@1").card
    assert card["steps"] == 1
    assert max(map(max, card["roles"]["induction"])) < 0.1 < max(map(max, load("formation").card["roles"]["induction"]))
    assert card["held_out_loss"] > 7


def test_positions_differ_most_beyond_the_trained_length():
    losses = {kind: figures(f"positions-{kind}") for kind in POSITIONS}
    for found in losses.values():
        assert found["held_out_loss"] < found["frequency_loss"]
    assert losses["alibi"]["held_out_loss_doubled"] < losses["alibi"]["held_out_loss"] + 0.1  # as its paper says
    assert losses["learned"]["held_out_loss_doubled"] > losses["learned"]["held_out_loss"] + 0.1  # never trained there


def test_translators_tell_the_words_they_were_trained_on():
    models = [load(name) for name in TRANSLATORS]
    assert models[0].card["words"] == models[1].card["words"] == models[2].card["words"]
    assert models[0].card["words"]["dog"] > 1000
    assert "telescope" not in models[0].card["words"]
    for pair in grammar.pairs(0, 300, held_out=True):  # combinations are held out, no words are
        assert all(models[0].seen(pair.source).values()), pair.source
