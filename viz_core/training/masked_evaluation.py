"""What an encoder-only model is worth: hidden words guessed, and whether its attention sees both sides."""

import numpy as np
import torch
from torch import Tensor

from viz_core.training.corpora import Corpus
from viz_core.training.evaluation import Evaluation, Table, roles_table, rounded
from viz_core.training.language_model import windows
from viz_core.training.masked import MaskedToken, masked_accuracy
from viz_core.training.text_evaluation import roles_on_text
from viz_core.transformer import Transformer


def evaluate(task: MaskedToken, model: Transformer) -> Evaluation:
    corpora, length = task.corpora, task.recipe.length
    right = [masked_accuracy(model, corpus, task.mask, length) for corpus in corpora]
    guessed = [float((corpus.held_out == commonest(corpus)).mean()) for corpus in corpora]
    rows = [
        (corpus.source.name, f"{ours:.1%}", f"{often:.1%}")
        for corpus, ours, often in zip(corpora, right, guessed, strict=True)
    ]
    accuracy = float(np.average(right, weights=task.shares))
    frequency = float(np.average(guessed, weights=task.shares))
    rows.append(("**all, by share**", f"**{accuracy:.1%}**", f"**{frequency:.1%}**"))
    note = (
        "One token in seven hidden, all at once, in held-out text. Guessing by frequency: always the token that is "
        "commonest in that source's training text."
    )
    hidden = Table("Hidden tokens guessed", ("source", "this model", "always its commonest token"), rows, note)
    ahead = looking_ahead(model, corpora, length)
    sides = Table(
        "Both sides",
        ("", "mean", "least of any head", "most of any head"),
        [("weight on tokens after the row's own", f"{ahead.mean():.0%}", f"{ahead.min():.0%}", f"{ahead.max():.0%}")],
    )
    roles = rounded({role: s.tolist() for role, s in roles_on_text(model, corpora, length, both_sides=True).items()})
    heads = roles_table(roles, dict.fromkeys(roles, "held-out text"))
    figures = {"masked_accuracy": round(accuracy, 4), "frequency_accuracy": round(frequency, 4)}
    return Evaluation([hidden, sides, heads], figures | {"weight_ahead": round(float(ahead.mean()), 4)}, roles)


def commonest(corpus: Corpus) -> int:
    return int(np.bincount(corpus.train).argmax())


@torch.inference_mode()
def looking_ahead(model: Transformer, corpora: list[Corpus], length: int) -> Tensor:
    """[layer, head]: the mean share of a row's weight that lies on tokens after it."""
    found = []
    for corpus in corpora:
        for window in windows(corpus, length - 1, most=4):
            blocks = model(torch.from_numpy(window.astype(np.int64)), last_only=True).blocks
            found.append(torch.stack([block.attention.weights.triu(1).sum(-1).mean(-1) for block in blocks]))
    return torch.stack(found).mean(0)
