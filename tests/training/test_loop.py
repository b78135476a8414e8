import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.training.conftest import RECIPE
from viz_core.training.language_model import NextToken, held_out_loss
from viz_core.training.loop import IGNORED, Batch, CheckpointMismatch, backward, learning_rate, load_trained, train


def history(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


def with_training(task: NextToken, **settings: object) -> NextToken:
    recipe = replace(task.recipe, training=replace(task.recipe.training, **settings))
    return NextToken(recipe, task.corpora)


def test_loss_falls(task: NextToken, folder: Path):
    run = folder / "run"
    model = train(task, run)
    first, last = history(run)
    assert (first["step"], last["step"]) == (50, 100)
    assert last["loss"] < first["loss"] < np.log(263)
    assert {"previous", "induction", "duplicate", "first", "self"} < set(last)
    assert held_out_loss(model, task.corpora[0], 97) < held_out_loss(task.new_model(), task.corpora[0], 97)


class Interrupted(NextToken):
    def pieces(self, step: int) -> list[Batch]:
        if step == 60:
            raise KeyboardInterrupt
        return super().pieces(step)


def test_interrupted_and_resumed_is_the_same_training(task: NextToken, folder: Path):
    (folder / "whole").mkdir()
    whole = train(task, folder / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(Interrupted(task.recipe, task.corpora), folder / "run")
    assert load_trained(task, folder / "run").step == 50
    resumed = train(task, folder / "run")
    assert history(folder / "run") == history(folder / "whole")
    for name, weight in resumed.state_dict().items():
        assert weight.equal(whole.state_dict()[name]), name
    trained = load_trained(task, folder / "run")
    assert trained.step == 100
    assert trained.hardware.endswith("CPU cores") or trained.hardware.endswith("CPU core")
    assert all(weight.equal(resumed.state_dict()[name]) for name, weight in trained.model.state_dict().items())


def test_another_recipes_checkpoint_is_refused_and_kept(task: NextToken, folder: Path):
    run = folder / "run"
    train(task, run)
    before = {path: path.read_bytes() for path in run.iterdir()}
    other = NextToken(replace(RECIPE, fingerprint="two"), task.corpora)
    for use in (lambda: train(other, run), lambda: load_trained(other, run)):
        with pytest.raises(CheckpointMismatch, match=r"checkpoint.pt was made by another version .*\(one; this one is"):
            use()
    assert {path: path.read_bytes() for path in run.iterdir()} == before


def test_nothing_trained_yet_says_what_to_do(task: NextToken, tmp_path: Path):
    with pytest.raises(CheckpointMismatch, match=f"no checkpoint in {tmp_path}: train first"):
        load_trained(task, tmp_path)


def test_weights_on_the_way_are_kept_where_asked(task: NextToken, folder: Path):
    model = train(with_training(task, keep_every=50), folder / "run")
    kept = sorted(path.name for path in folder.glob("run/step-*.safetensors"))
    steps = [1, 2, 4, 8, 16, 32, 50, 64, 100]
    assert kept == [f"step-{step:06d}.safetensors" for step in steps]
    last = load_file(folder / "run" / kept[-1])
    assert "unembedding.weight" not in last  # tied: it is the embedding
    torch.testing.assert_close(last["embedding.weight"], model.embedding.weight.detach().half())


def test_the_gradient_of_pieces_is_that_of_the_whole_batch(task: NextToken):
    task = with_training(task, batch=12, bfloat16=False)
    pieces = task.pieces(0)
    assert len(pieces) > 1
    whole = tuple(torch.cat(parts) for parts in zip(*pieces, strict=True))
    gradients = []
    for batch in (pieces, [whole]):
        torch.manual_seed(0)
        model = task.new_model()
        loss = backward(task, model, batch)
        gradients.append([weight.grad for weight in model.parameters()] + [torch.tensor(loss)])
    for parts, together in zip(*gradients, strict=True):
        torch.testing.assert_close(parts, together, atol=1e-6, rtol=1e-4)
    assert (whole[-1] == IGNORED).any()


def test_learning_rate_warms_up_stays_and_falls_to_a_tenth():
    rates = [learning_rate(RECIPE.training, step) for step in range(101)]
    assert rates[:5] == pytest.approx([0.002, 0.004, 0.006, 0.008, 0.01])
    assert set(rates[5:81]) == {0.01}
    assert rates[90] == pytest.approx(0.0055)
    assert rates[100] == pytest.approx(0.001)
    assert rates[80:] == sorted(rates[80:], reverse=True)
