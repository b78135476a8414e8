"""What a trained model is worth, measured, and the model card that says so."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from viz_core.analysis.heads import role_scores
from viz_core.training.corpora import HELD_OUT, Corpus
from viz_core.training.language_model import Trained, held_out_loss, random_repeat_roles, windows
from viz_core.training.recipe import Recipe
from viz_core.transformer import Transformer

ON_TEXT = ("previous", "first", "self")  # roles scored on held-out text; the others on random repeats


@dataclass(frozen=True)
class Evaluation:
    """losses: source → nats a token on its held-out end; baselines: the same for guessing by frequency alone;
    roles: role → [layer][head] scores."""

    losses: dict[str, float]
    baselines: dict[str, float]
    loss: float
    baseline: float
    roles: dict[str, list[list[float]]]

    @property
    def start(self) -> tuple[int, int]:
        """The head a visitor meets first: the one that most looks at what followed an earlier copy."""
        best = np.unravel_index(np.argmax(self.roles["induction"]), np.shape(self.roles["induction"]))
        return int(best[0]), int(best[1])

    def best(self, role: str) -> tuple[float, str]:
        scores = np.array(self.roles[role])
        layer, head = np.unravel_index(scores.argmax(), scores.shape)
        return float(scores.max()), f"L{layer}·H{head}"


def evaluate(recipe: Recipe, model: Transformer, corpora: list[Corpus]) -> Evaluation:
    """Losses on text never trained on, and what each head does."""
    losses = {corpus.source.name: held_out_loss(model, corpus) for corpus in corpora}
    baselines = {corpus.source.name: _frequency_loss(corpora, corpus, recipe.model.vocab_size) for corpus in corpora}
    shares = np.array([corpus.source.share for corpus in corpora])
    roles = {role: scores.tolist() for role, scores in random_repeat_roles(model, recipe).items()}
    roles |= {role: scores.tolist() for role, scores in _roles_on_text(model, corpora).items()}
    return Evaluation(
        losses=losses,
        baselines=baselines,
        loss=float(np.average(list(losses.values()), weights=shares)),
        baseline=float(np.average(list(baselines.values()), weights=shares)),
        roles={role: [[round(score, 3) for score in layer] for layer in scores] for role, scores in roles.items()},
    )


@torch.inference_mode()
def _roles_on_text(model: Transformer, corpora: list[Corpus]) -> dict[str, torch.Tensor]:
    """Role → [layer, head], the mean over four held-out windows of each source."""
    found: list[dict[str, torch.Tensor]] = []
    for corpus in corpora:
        for window in windows(corpus, model.config.context - 1, most=4):
            ids = torch.from_numpy(window.astype(np.int64))
            layers = [role_scores(block.attention.weights, ids) for block in model(ids, last_only=True).blocks]
            found.append({role: torch.stack([scores[role] for scores in layers]) for role in ON_TEXT})
    return {role: torch.stack([scores[role] for scores in found]).mean(0) for role in ON_TEXT}


def _frequency_loss(corpora: list[Corpus], held_out: Corpus, vocab_size: int) -> float:
    """Nats a token when every token is guessed by how often it occurs in the training text, by share of source."""
    odds = sum(
        corpus.source.share * (np.bincount(corpus.train, minlength=vocab_size) + 1) / (len(corpus.train) + vocab_size)
        for corpus in corpora
    )
    return float(-np.log(odds / np.sum(odds))[held_out.held_out].mean())


def printed(evaluation: Evaluation) -> str:
    rows = ["| source | held-out loss, nats a token | guessing by frequency |", "|---|---|---|"]
    rows += [f"| {name} | {loss:.3f} | {evaluation.baselines[name]:.3f} |" for name, loss in evaluation.losses.items()]
    rows += [f"| **all, by share** | **{evaluation.loss:.3f}** | **{evaluation.baseline:.3f}** |", ""]
    rows += ["| role | best head | score | measured on |", "|---|---|---|---|"]
    for role in evaluation.roles:
        score, where = evaluation.best(role)
        rows.append(f"| {role} | {where} | {score:.2f} | {'held-out text' if role in ON_TEXT else 'random repeats'} |")
    return "\n".join(rows)


def card(recipe: Recipe, trained: Trained, corpora: list[Corpus], evaluation: Evaluation, history: Path) -> str:
    """The model card, Markdown."""
    settings, shape = recipe.training, recipe.model
    tokens = trained.step * settings.batch * shape.context
    parameters = sum(weight.numel() for weight in trained.model.parameters())
    natural = 1 - settings.repeats
    layers = f"{shape.n_layer} layers × {shape.n_head} heads"
    total = sum(corpus.source.share for corpus in corpora)
    data = "\n".join(
        f"| {corpus.source.name} | {corpus.source.language} | {corpus.source.licence} "
        f"| {natural * corpus.source.share / total:.0%} | {len(corpus.train):,} |"
        for corpus in corpora
    )
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    curve = [line for line in lines if "induction" in line]
    step = max(1, len(curve) // 10)
    course = "\n".join(
        f"| {line['step']:,} | {line['loss']:.3f} | {line['previous']:.2f} | {line['induction']:.2f} |"
        for line in (*curve[step - 1 : -1 : step], curve[-1])
    )
    return f"""# {recipe.name}

{recipe.purpose}

| | |
|---|---|
| kind | decoder-only Transformer, {shape.norm_place}-norm, {shape.positions} positions |
| size | {parameters:,} parameters: {layers}, d_model {shape.d_model}, d_head {shape.d_head} |
| vocabulary | {shape.vocab_size:,} byte-level BPE tokens of its own |
| context | {shape.context} tokens |
| weights | float16, safetensors |
| licence | MIT |

## Training

{trained.step:,} steps of {settings.batch} sequences × {shape.context} tokens ({tokens / 1e6:.1f} M tokens), AdamW,
learning rate {settings.learning_rate}, seed {settings.seed}, on {trained.hardware}.

| text | language | licence | share of sequences | tokens to draw from |
|---|---|---|---|---|
{data}
| random tokens, repeated | none | made here | {settings.repeats:.0%} | no end |

The last {HELD_OUT:.0%} of every text was never trained on. The course of training (training loss includes the
repeats; role scores are the best head's on random repeats):

| step | loss | previous token | induction |
|---|---|---|---|
{course}

## Measured

{printed(evaluation)}

A role's score is the mean weight that the head's rows give to the cells of the role's pattern
(`viz_core.analysis.heads`).

## What it cannot do

It is small and saw little: it continues text in the manner of its sources for a few words and knows no facts.
The Korean it saw is film reviews and everyday chat. Use it to look at attention, not to write.

## Make it again

    python -m viz_core.training {recipe.name} --corpora FOLDER
    python -m viz_core.training evaluate {recipe.name} --corpora FOLDER
    python -m viz_core.training export {recipe.name} --corpora FOLDER
"""
