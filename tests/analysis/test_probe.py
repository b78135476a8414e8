"""The test on random tokens: the same as when the models were made, by hand for what needs no model."""

from pathlib import Path

import numpy as np
import pytest
import torch

import viz_core
from tests.models.checkpoints import saved
from viz_core.analysis.probe import evenly, probe, sequences
from viz_core.training.language_model import random_repeat_roles
from viz_core.training.recipe import RECIPES, read_recipe

VOCABULARY = np.array([3, 5, 7, 11, 13])


def test_tokens_are_said_again_and_come_from_the_vocabulary():
    texts = sequences(VOCABULARY, length=6, times=3, draws=4, seed=1)
    assert len(texts) == 4
    for text in texts:
        assert len(text) == 18
        assert text.tolist() == text[:6].tolist() * 3
        assert set(text.tolist()) <= set(VOCABULARY.tolist())
    assert len({tuple(text) for text in texts}) == 4


def test_a_seed_is_always_the_same_and_more_draws_leave_the_first():
    few, many = (sequences(np.arange(1000), length=5, times=2, draws=draws, seed=3) for draws in (2, 5))
    assert [text.tolist() for text in few] == [text.tolist() for text in many[:2]]
    assert sequences(np.arange(1000), length=5, times=2, draws=1, seed=4)[0].tolist() != few[0].tolist()


@pytest.mark.parametrize("name", ["tiny-gpt", "formation"])
def test_the_same_texts_score_as_when_the_model_was_made(name: str):
    model, recipe = viz_core.load(name), read_recipe(RECIPES / f"{name}.toml")
    generator = np.random.default_rng([recipe.training.seed, 2**32 - 1])
    period = min(32, recipe.length // 3)
    texts = [np.tile(generator.integers(1, recipe.model.vocab_size, period), 3) for _draw in range(8)]
    found, made = probe(model.record, texts), random_repeat_roles(model.transformer, recipe)
    for role in ("induction", "previous", "duplicate"):
        torch.testing.assert_close(found.mean(role), made[role].flatten(), atol=1e-4, rtol=0)


def test_other_draws_agree_with_the_card():
    """Said three times as there; its best induction head has 0.93, and each head's score is near the card's."""
    model = viz_core.load("tiny-gpt")
    texts = sequences(np.arange(1, model.vocab_size), length=32, times=3, draws=8, seed=5)
    found, card = probe(model.record, texts), torch.tensor(model.card["roles"]["induction"]).flatten()
    assert card.max() == pytest.approx(0.93, abs=0.005)
    assert found.mean("induction").max() == pytest.approx(0.93, abs=0.02)
    assert found.mean("induction").argmax() == card.argmax()
    torch.testing.assert_close(found.mean("induction"), card, atol=0.04, rtol=0)
    assert (found.mean("induction") - card).abs().max() <= 3 * found.spread("induction").max()


def test_means_and_spreads_are_over_draws():
    model = viz_core.load("tiny-gpt")
    texts = sequences(np.arange(1, 4096), length=8, times=2, draws=3, seed=0)
    told: list[tuple[int, int]] = []
    found = probe(model.record, texts, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3)]
    alone = torch.stack([probe(model.record, [text]).mean("previous") for text in texts])
    torch.testing.assert_close(found.mean("previous"), alone.mean(0))
    by_hand = ((alone - alone.mean(0)) ** 2).sum(0).div(2).sqrt()
    torch.testing.assert_close(found.spread("previous"), by_hand)
    assert probe(model.record, texts[:1]).spread("previous").isnan().all()


def test_what_a_head_that_looks_everywhere_alike_would_score():
    """Of A B C A B C: rows 3, 4, 5 give 1/4, 1/5, 1/6 to what followed; in an encoder every row has one of 6."""
    model = viz_core.load("tiny-gpt")
    text = np.array([100, 200, 300, 100, 200, 300])
    even = probe(model.record, [text]).even
    assert even["induction"].tolist() == pytest.approx([(1 / 4 + 1 / 5 + 1 / 6) / 3] * 24)
    assert even["duplicate"].tolist() == pytest.approx([(1 / 4 + 1 / 5 + 1 / 6) / 3] * 24)
    assert even["previous"].tolist() == pytest.approx([sum(1 / keys for keys in range(2, 7)) / 5] * 24)
    bert = viz_core.load("tiny-bert")
    both = probe(bert.record, [text], both_sides=True).even
    assert both["duplicate"].tolist() == pytest.approx([1 / 6] * len(both["duplicate"]))
    assert evenly(torch.ones(4, 4, dtype=torch.bool), 2).tolist() == [[[0.25] * 4] * 4] * 2


def test_a_window_is_no_chance_to_look_further(tmp_path: Path):
    """Gemma 2's first layer sees 4 tokens: of A B C D E said twice every copy is 5 back, what followed it 4 back, both
    hidden from it; its previous token is one of 2, 3 or 4. The second layer sees all."""
    model = viz_core.load(str(saved(tmp_path, "gemma2")))
    text = np.array([10, 20, 30, 40, 50] * 2)
    found = probe(model.record, [text])
    first, second = slice(0, model.heads[0]), slice(model.heads[0], sum(model.heads[:2]))
    window = model.record(text.tolist()).blocks[0].attention.allowed.sum(-1).max()
    assert window == 4
    for role in ("induction", "duplicate"):
        assert found.scores[role][0, first].isnan().all()
        assert found.even[role][first].isnan().all()
        assert not found.scores[role][0, second].isnan().any()
    assert found.even["previous"][first].tolist() == pytest.approx([(1 / 2 + 1 / 3 + 7 / 4) / 9] * model.heads[0])
    assert found.even["induction"][second].tolist() == pytest.approx(
        [sum(1 / keys for keys in range(6, 11)) / 5] * model.heads[1]
    )
