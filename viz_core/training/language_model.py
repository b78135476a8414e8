"""Train a decoder-only model: next-token cross-entropy, AdamW, resumable to the bit of its random choices."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from viz_core.analysis.heads import role_scores
from viz_core.training.corpora import Corpus
from viz_core.training.recipe import Recipe, Training
from viz_core.transformer import Transformer

NOTED_EVERY = 50  # steps between two lines of the history
IGNORED = -100  # a target the loss leaves out


@dataclass(frozen=True, eq=False)
class Trained:
    """A model as far as its training has come, and what it was trained on."""

    model: Transformer
    step: int
    hardware: str


class CheckpointMismatch(Exception):
    """The run's folder belongs to another recipe."""


def sequences(recipe: Recipe, corpora: list[Corpus], step: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets of one step, [batch, context] each: a function of seed and step alone, so a resumed
    run draws what the uninterrupted one would have drawn."""
    settings, context = recipe.training, recipe.model.context
    rng = np.random.default_rng([settings.seed, step])
    shares = np.array([corpus.source.share for corpus in corpora])
    inputs, targets = [], []
    for _ in range(settings.batch):
        if rng.random() < settings.repeats:
            ids, first = repeated(rng, recipe.model.vocab_size, context + 1)
        else:
            corpus = corpora[rng.choice(len(corpora), p=shares / shares.sum())]
            start = rng.integers(len(corpus.train) - context)
            ids, first = corpus.train[start : start + context + 1].astype(np.int64), 0
        target = ids[1:].copy()
        target[: max(first - 1, 0)] = IGNORED  # nobody can guess random tokens the first time
        inputs.append(ids[:-1])
        targets.append(target)
    return torch.from_numpy(np.stack(inputs)), torch.from_numpy(np.stack(targets))


def repeated(rng: np.random.Generator, vocab_size: int, length: int) -> tuple[NDArray[np.int64], int]:
    """Random tokens repeated with a random period of 8 to 64, and that period."""
    period = int(rng.integers(8, 65))
    return np.resize(rng.integers(1, vocab_size, period), length), period


def learning_rate(settings: Training, step: int) -> float:
    """Warm-up, then constant, then down to a tenth over the last `decay` of the steps."""
    falling = settings.steps * (1 - settings.decay)
    progress = max(0.0, (step - falling) / max(settings.steps - falling, 1))
    return settings.learning_rate * min((step + 1) / settings.warmup, 1 - 0.9 * progress)


def train(recipe: Recipe, corpora: list[Corpus], run: Path, device: str = "cpu") -> Transformer:
    """Train to the recipe's last step, from the run's checkpoint if there is one. Writes checkpoint.pt and
    history.jsonl (one line per 50 steps). Raises CheckpointMismatch."""
    settings = recipe.training
    if settings.checkpoint_every % NOTED_EVERY:
        raise ValueError(f"checkpoint_every is {settings.checkpoint_every}; expected a multiple of {NOTED_EVERY}")
    torch.manual_seed(settings.seed)
    model = Transformer(recipe.model).to(device)
    matrices = [weight for weight in model.parameters() if weight.dim() > 1]
    vectors = [weight for weight in model.parameters() if weight.dim() < 2]
    groups = [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.95), fused=True)
    first = _resume(recipe, model, optimizer, run, device)
    history = _history_until(run, first)
    losses: list[float] = []
    bar = tqdm(range(first, settings.steps), initial=first, total=settings.steps, unit="step", smoothing=0.02)
    for step in bar:
        inputs, targets = (part.to(device) for part in sequences(recipe, corpora, step))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, step)
        loss = F.cross_entropy(model(inputs).logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        done = step + 1
        if done % NOTED_EVERY == 0 or done == settings.steps:
            line: dict[str, float] = {"step": done, "loss": round(float(np.mean(losses)), 4)}
            losses.clear()
            rate = bar.format_dict["rate"] or 0.0
            bar.set_postfix_str(f"loss {line['loss']:.3f}, {rate * inputs.numel():,.0f} tokens/s")
            if done % settings.checkpoint_every == 0 or done == settings.steps:
                line |= best_roles(model, recipe)
                _save(recipe, model, optimizer, run, done)
                tqdm.write(json.dumps(line))
            history.append(line)
            (run / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in history))
    return model


@torch.inference_mode()
def best_roles(model: Transformer, recipe: Recipe) -> dict[str, float]:
    """Role → the best score of any head on random repeats."""
    return {role: round(float(scores.max()), 4) for role, scores in random_repeat_roles(model, recipe).items()}


@torch.inference_mode()
def random_repeat_roles(model: Transformer, recipe: Recipe) -> dict[str, Tensor]:
    """Role → [layer, head], the mean over eight random sequences, each said three times; training never draws them."""
    rng = np.random.default_rng([recipe.training.seed, 2**32 - 1])
    device = next(model.parameters()).device
    totals: dict[str, list[Tensor]] = {}
    period = min(32, recipe.model.context // 3)
    for _ in range(8):
        ids = torch.from_numpy(np.tile(rng.integers(1, recipe.model.vocab_size, period), 3)).to(device)
        per_layer = [role_scores(b.attention.weights.cpu(), ids.cpu()) for b in model(ids, last_only=True).blocks]
        for role in per_layer[0]:
            totals.setdefault(role, []).append(torch.stack([scores[role] for scores in per_layer]))
    return {role: torch.stack(parts).mean(0) for role, parts in totals.items()}


@torch.inference_mode()
def held_out_loss(model: Transformer, corpus: Corpus, most: int = 64) -> float:
    """Mean cross-entropy in nats a token over up to `most` windows of the corpus's held-out end."""
    device = next(model.parameters()).device
    losses = []
    for window in windows(corpus, model.config.context, most):
        ids = torch.from_numpy(window.astype(np.int64)).to(device)
        losses.append(F.cross_entropy(model(ids[:-1]).logits, ids[1:]).item())
    return float(np.mean(losses))


def windows(corpus: Corpus, length: int, most: int) -> Iterator[NDArray[np.uint16]]:
    """Up to `most` windows of length + 1 tokens, spread evenly over the corpus's held-out end."""
    room = len(corpus.held_out) - length - 1
    count = min(most, max(1, room // length))
    return (corpus.held_out[start : start + length + 1] for start in np.linspace(0, room, count).astype(int))


def hardware_name(device: torch.device) -> str:
    """For the model card."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{os.cpu_count()} CPU cores"


def load_trained(recipe: Recipe, run: Path) -> Trained:
    """The run's checkpoint, on the CPU. Raises CheckpointMismatch."""
    saved = _checkpoint(recipe, run, "cpu")
    if saved is None:
        raise CheckpointMismatch(f"no checkpoint in {run}: train first, python -m viz_core.training {recipe.name}")
    model = Transformer(recipe.model)
    model.load_state_dict(saved["model"])
    return Trained(model.eval(), int(saved["step"]), str(saved["hardware"]))


def _checkpoint(recipe: Recipe, run: Path, device: str) -> dict[str, Any] | None:
    path = run / "checkpoint.pt"
    if not path.exists():
        return None
    saved: dict[str, Any] = torch.load(path, weights_only=True, map_location=device)
    if saved["recipe"] != recipe.fingerprint:
        raise CheckpointMismatch(
            f"{path} was made by another version of the {recipe.name} recipe ({saved['recipe']}; this one is "
            f"{recipe.fingerprint}). Move that folder away, or pass --run with another, to train afresh."
        )
    return saved


def _resume(recipe: Recipe, model: Transformer, optimizer: torch.optim.Optimizer, run: Path, device: str) -> int:
    saved = _checkpoint(recipe, run, device)
    if saved is None:
        return 0
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])


def _save(recipe: Recipe, model: Transformer, optimizer: torch.optim.Optimizer, run: Path, step: int) -> None:
    state = {
        "recipe": recipe.fingerprint,
        "step": step,
        "hardware": hardware_name(next(model.parameters()).device),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    partial = run / "checkpoint.partial.pt"
    torch.save(state, partial)
    partial.replace(run / "checkpoint.pt")  # whole or not at all


def _history_until(run: Path, step: int) -> list[dict[str, float]]:
    path = run / "history.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [line for line in lines if line["step"] <= step]
