from dataclasses import replace
from pathlib import Path

import pytest
import torch

from viz_core.training.formation import NoJump, checkpoint, chosen, describe, kept_weights
from viz_core.training.language_model import NextToken
from viz_core.training.loop import train

KEPT = sorted({2**power for power in range(13)} | set(range(50, 5001, 50)))


def rising(at: int) -> dict[int, float]:
    """A best induction score that jumps within 150 steps, measured every 50."""
    return {step: min(0.9, max(0.04, 0.04 + (step - at) / 150)) for step in range(50, 5001, 50)}


@pytest.mark.parametrize("at", [400, 1500, 3300, 4700])
def test_twelve_steps_with_the_jump_between_neighbours(at: int):
    induction = rising(at)
    steps = chosen(induction, KEPT)
    assert len(steps) == 12
    assert steps == sorted(steps)
    assert steps[0] == 1
    assert steps[-1] == 5000
    scores = [induction.get(step, 0.04) for step in steps]
    before = max(number for number, score in enumerate(scores) if score < 0.1)
    after = min(number for number, score in enumerate(scores) if score > 0.5)
    assert after - before <= 2  # three neighbours


def test_training_without_a_jump_has_nothing_to_show():
    with pytest.raises(NoJump, match=r"the best induction score is 0.04; expected it to rise from 0.1 to 0.5"):
        chosen(rising(9000), KEPT)


def test_checkpoints_are_the_model_as_it_was(task: NextToken, folder: Path):
    recipe = replace(task.recipe, training=replace(task.recipe.training, keep_every=50))
    task = NextToken(recipe, task.corpora)
    model = train(task, folder / "run").eval()
    weights = kept_weights(folder / "run")
    last, first = checkpoint(task, weights[100]), checkpoint(task, weights[1])
    ids = torch.arange(1, 9)
    with torch.no_grad():
        torch.testing.assert_close(last(ids).logits, model(ids).logits, atol=0.02, rtol=0.02)  # float16
        assert (first(ids).logits - model(ids).logits).abs().max() > 0.1
    early, late = describe(task, {step: weights[step] for step in (1, 100)})
    assert (early["step"], late["step"]) == (1, 100)
    assert late["loss"] < early["loss"]
    assert len(late["roles"]["induction"]) == 1  # layers
    assert len(late["roles"]["induction"][0]) == 2  # heads
