"""The checkpoints that ship beside a model's last, closest together where induction appears."""

from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from viz_core.training.evaluation import Evaluation, Table, where_best
from viz_core.training.language_model import NextToken, held_out_loss
from viz_core.training.text_evaluation import head_roles
from viz_core.transformer import Transformer

SHIPPED = 12  # with the last
ASLEEP, AWAKE = 0.1, 0.5  # the best induction score before and after the jump


class NoJump(Exception):
    """There is nothing to choose checkpoints around."""


def kept_weights(run: Path) -> dict[int, Path]:
    """Step → the weights kept of it."""
    return {int(path.stem.removeprefix("step-")): path for path in sorted(run.glob("step-*.safetensors"))}


def chosen(induction: dict[int, float], kept: list[int]) -> list[int]:
    """SHIPPED steps of those kept: the last without induction, the first with it and one between, and before and
    after them as evenly as can be on a logarithmic scale. `induction` is the best score at each measured step.

    Raises NoJump where induction never appeared.
    """
    measured = [step for step in sorted(induction) if step in kept]
    awake = next((step for step in measured if induction[step] > AWAKE), None)
    asleep = [step for step in measured if awake and step < awake and induction[step] < ASLEEP]
    if awake is None or not asleep:
        best = max(induction.values(), default=0.0)
        raise NoJump(f"the best induction score is {best:.2f}; expected it to rise from {ASLEEP} to {AWAKE}")
    before, after = asleep[-1], awake
    between = [step for step in kept if before < step < after]
    middle = between[len(between) // 2 :][:1]
    early = (SHIPPED - len(middle)) // 2 + 1
    steps = {*middle, *_spread(kept, kept[0], before, early)}
    return sorted(steps | _spread(kept, after, kept[-1], SHIPPED - len(steps)))


def _spread(kept: list[int], first: int, last: int, count: int) -> set[int]:
    """`count` of the kept steps from `first` to `last`, about evenly on a logarithmic scale."""
    free = [step for step in kept if first <= step <= last]
    steps: set[int] = set()
    for wanted in (last, first, *np.geomspace(first, last, count)[1:-1]):
        if left := [step for step in free if step not in steps]:
            steps.add(min(left, key=lambda step: abs(np.log(step / wanted))))
    return steps


def checkpoint(task: NextToken, path: Path) -> Transformer:
    """The model as it was when `path` was written."""
    model = task.new_model()
    model.load_state_dict(load_file(path), strict=False)  # what is tied is stored once
    model.tie()
    return model.float().eval()


def describe(task: NextToken, weights: dict[int, Path]) -> list[dict[str, object]]:
    """Of each step: its held-out loss and every head's roles."""
    found: list[dict[str, object]] = []
    for step, path in weights.items():
        model = checkpoint(task, path)
        losses = [held_out_loss(model, corpus, task.recipe.length) for corpus in task.corpora]
        loss = round(float(np.average(losses, weights=task.shares)), 4)
        found.append({"step": step, "loss": loss, "roles": head_roles(task, model)})
    return found


def with_checkpoints(evaluation: Evaluation, checkpoints: list[dict[str, object]]) -> Evaluation:
    """The evaluation, with a table of the checkpoints."""
    rows = []
    for checkpoint in checkpoints:
        row = [f"{checkpoint['step']:,}", f"{checkpoint['loss']:.3f}"]
        for role in ("previous", "induction"):
            scores = checkpoint["roles"][role]  # type: ignore[index]
            layer, head = where_best(scores)
            row.append(f"{scores[layer][head]:.2f} (L{layer}·H{head})")
        rows.append(tuple(row))
    note = "The best head's score: induction on random repeats, previous token on held-out text. "
    note += "The weights of these steps are in this folder."
    header = ("step", "held-out loss", "previous token", "induction")
    table = Table("Checkpoints that ship", header, rows, note)
    return Evaluation([table, *evaluation.tables], evaluation.figures | {"checkpoints": checkpoints}, evaluation.roles)
