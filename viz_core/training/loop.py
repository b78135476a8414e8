"""The training loop, one for every bundled model: AdamW, mixed precision, resumable to the bit."""

import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from viz_core import files
from viz_core.models import bundled
from viz_core.training.recipe import Recipe, Training

NOTED_EVERY = 50  # steps between two lines of the history
AT_ONCE = 1024  # tokens that go through the model together
IGNORED = -100  # a target the loss leaves out

Batch = tuple[Tensor, ...]  # the model's inputs, then the targets; each with the batch axis first


class Task(Protocol):
    """What differs between the kinds of model: the loop knows nothing else of them."""

    recipe: Recipe

    def new_model(self) -> nn.Module:
        """With random weights."""

    def pieces(self, step: int) -> list[Batch]:
        """One step's batch, in pieces that go through the model together: about AT_ONCE tokens, which fit a
        processor's cache. A function of the recipe's seed and the step alone, so that a resumed run draws what
        it would have drawn."""

    def logits(self, model: nn.Module, *inputs: Tensor) -> Tensor:
        """[*targets' shape, vocab]"""

    def notes(self, model: nn.Module) -> dict[str, float]:
        """What the history says of the model at a checkpoint."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A model as far as its training has come, and what it was trained on."""

    model: Any
    step: int
    hardware: str


class CheckpointMismatch(Exception):
    """The run's folder belongs to another recipe."""


def learning_rate(settings: Training, step: int) -> float:
    """Warm-up, then constant, then down to a tenth over the last `decay` of the steps; a second stage likewise falls
    from its own rate to a tenth."""
    if settings.finish and step >= settings.steps:
        progress = (step - settings.steps) / settings.finish.steps
        return settings.finish.learning_rate * (1 - 0.9 * progress)
    falling = settings.steps * (1 - settings.decay)
    progress = max(0.0, (step - falling) / max(settings.steps - falling, 1))
    return settings.learning_rate * min((step + 1) / settings.warmup, 1 - 0.9 * progress)


def train(task: Task, run: Path, device: str = "cpu") -> nn.Module:
    """Train to the recipe's last step, from the run's checkpoint if there is one.

    Writes checkpoint.pt, history.jsonl (a line every 50 steps) and, where the recipe keeps some, the weights of
    steps on the way. Raises CheckpointMismatch.
    """
    recipe, settings = task.recipe, task.recipe.training
    if settings.checkpoint_every % NOTED_EVERY:
        raise ValueError(f"checkpoint_every is {settings.checkpoint_every}; expected a multiple of {NOTED_EVERY}")
    torch.manual_seed(settings.seed)
    model = task.new_model().to(device)
    matrices = [weight for weight in model.parameters() if weight.dim() > 1]
    vectors = [weight for weight in model.parameters() if weight.dim() < 2]
    groups = [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, settings.beta2), fused=True)
    first = _resume(recipe, model, optimizer, run, device)
    history = _history_until(run, first)
    losses: list[float] = []
    last = settings.all_steps
    bar = tqdm(range(first, last), initial=first, total=last, unit="step", smoothing=0.02)
    for step in bar:
        pieces = [tuple(part.to(device) for part in piece) for piece in task.pieces(step)]
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, step)
        optimizer.zero_grad()
        losses.append(backward(task, model, pieces))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        done = step + 1
        if settings.keep_every and (done % settings.keep_every == 0 or done & (done - 1) == 0):
            bundled.write_weights(run / bundled.STEP.format(done), bundled.half(dict(model.named_parameters())))
        if done % NOTED_EVERY == 0 or done == last:
            line: dict[str, float] = {"step": done, "loss": round(float(np.mean(losses)), 4)}
            losses.clear()
            rate = bar.format_dict["rate"] or 0.0
            tokens = rate * sum(piece[-1].numel() for piece in pieces)
            bar.set_postfix_str(f"loss {line['loss']:.3f}, {tokens:,.0f} tokens/s")
            at_checkpoint = done % settings.checkpoint_every == 0 or done == last
            if at_checkpoint:
                model.eval()
                line |= task.notes(model)
                model.train()
                tqdm.write(json.dumps(line))
            history.append(line)
            _write_history(run, history)
            if at_checkpoint:  # after the history, which may be ahead of it but never behind
                _save(recipe, model, optimizer, run, done)
    return model


def backward(task: Task, model: nn.Module, pieces: list[Batch]) -> float:
    """Mean cross-entropy over the targets that count; its gradient is left in the weights.

    In pieces, and with bfloat16 products where all are of one shape: on CPU cores 1.4 times as fast as the whole
    batch in float32; pieces of ever new shapes are faster in float32 (both measured).
    """
    counted, total = sum(int((targets != IGNORED).sum()) for *_, targets in pieces), 0.0
    for *inputs, targets in pieces:
        with torch.autocast(targets.device.type, torch.bfloat16, enabled=task.recipe.training.bfloat16):
            logits = task.logits(model, *inputs).flatten(0, -2)
        loss = F.cross_entropy(logits.float(), targets.flatten(), ignore_index=IGNORED, reduction="sum") / counted
        loss.backward()
        total += loss.item()
    return total


def hardware_name(device: torch.device) -> str:
    """For the model card."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{threads} CPU core{'s' if threads > 1 else ''}"


def load_trained(task: Task, run: Path) -> Trained:
    """The run's checkpoint, on the CPU. Raises CheckpointMismatch."""
    saved = _checkpoint(task.recipe, run, "cpu")
    if saved is None:
        name = task.recipe.name
        raise CheckpointMismatch(f"no checkpoint in {run}: train first, python -m viz_core.training {name}")
    model = task.new_model()
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


def _resume(recipe: Recipe, model: nn.Module, optimizer: torch.optim.Optimizer, run: Path, device: str) -> int:
    saved = _checkpoint(recipe, run, device)
    if saved is None:
        return 0
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])


def _save(recipe: Recipe, model: nn.Module, optimizer: torch.optim.Optimizer, run: Path, step: int) -> None:
    state = {
        "recipe": recipe.fingerprint,
        "step": step,
        "hardware": hardware_name(next(model.parameters()).device),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    content = BytesIO()  # torch.save to a full disk raises a RuntimeError that does not say so
    torch.save(state, content)
    files.write(run / "checkpoint.pt", content.getvalue())


def _write_history(run: Path, history: list[dict[str, float]]) -> None:
    files.write(run / "history.jsonl", "".join(json.dumps(line) + "\n" for line in history))


def _history_until(run: Path, step: int) -> list[dict[str, float]]:
    path = run / "history.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [line for line in lines if line["step"] <= step]
