"""Answers about the way from the last layer to the next token."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from viz_core.analysis.contributions import direct_effects
from viz_core.analysis.lens import lens_of, logits_at
from viz_core.analysis.sampling import sampling_of
from viz_core.lessons.answers.fitting import largest, only
from viz_core.lessons.asked import Asked

ROUNDING = 1e-4


def predicts_the_next(asked: Asked) -> frozenset[int]:
    """The tokens whose vector, read through the final norm and the unembedding, is the model's prediction."""
    rows = range(len(asked.recording.token_ids))
    said, network = asked.recording.logits[-1], asked.model.transformer
    apart = [float((logits_at(network, asked.recording, row) - said).abs().max()) for row in rows]
    return frozenset(row for row in rows if apart[row] < ROUNDING)


def leads_from(asked: Asked) -> int:
    """From which step on (0 the start, then the layers) the final prediction of the preset's row is the likeliest."""
    ids = (
        lens_of(asked.model.transformer, asked.recording, slice(asked.query, asked.query + 1)).token_ids[:, 0].tolist()
    )
    return next(step for step in range(len(ids)) if all(index == ids[-1] for index in ids[step:]))


def writes_most(asked: Asked, between: Sequence[Sequence[int]]) -> int:
    """The head (layer, head) that itself adds most to the logit of the likeliest next token."""
    return largest([direct(asked, layer, head) for layer, head in between])


def direct(asked: Asked, layer: int, head: int) -> float:
    """What a head itself adds to that logit."""
    token = int(asked.recording.logits[-1].argmax())
    effects = direct_effects(asked.model.transformer, asked.recording, len(asked.recording.token_ids) - 1, token)
    return float(effects.heads[layer, head])


def most_kept(asked: Asked, top_p: float, between: Sequence[str]) -> int:
    """After which text top-p keeps most tokens."""
    return largest([kept(asked, top_p, text) for text in between])


def kept(asked: Asked, top_p: float, text: str | None = None) -> int:
    """How many tokens top-p keeps."""
    return int(sampling_of(asked.record(text).logits[-1], top_p=top_p).in_top_p.sum())


def overtakes(asked: Asked, between: Sequence[Mapping[str, float]]) -> int:
    """Which of several ways to sample (temperature, top_k, top_p) puts another token first, or a kept one before a
    likelier one; the number after the last where none does."""
    logits = asked.recording.logits[-1]
    changed = [_reordered(logits, sampling_of(logits, **_how(said)).probabilities) for said in between]
    return only([*changed, not any(changed)])


def _how(said: Mapping[str, float]) -> dict[str, Any]:
    return {name: int(value) if name == "top_k" else float(value) for name, value in said.items()}


def _reordered(logits: Tensor, probabilities: Tensor) -> bool:
    ordered = probabilities[logits.argsort(descending=True, stable=True)]
    return bool((ordered[1:] > ordered[:-1]).any())


def rows_that_change(asked: Asked, between: Sequence[str]) -> int:
    """Which rows of the preset's head (none, last, all) become others when the likeliest next token is added."""
    longer = asked.model.extend(asked.text, int(asked.recording.logits[-1].argmax()))
    n = len(asked.recording.token_ids)
    before, after = (
        recording.blocks[asked.layer].attention.head(asked.head).weights[0, :n, :n]
        for recording in (asked.recording, asked.record(longer))
    )
    changed = {row for row in range(n) if bool((before[row] - after[row]).abs().max() > ROUNDING)}
    options: dict[str, set[int]] = {"none": set(), "last": {n - 1}, "all": set(range(n))}
    return only(options[name] == changed for name in between)


def likelihood(recording_logits: Tensor) -> float:
    """Of the likeliest token."""
    return float(torch.softmax(recording_logits.double(), -1).max())


ANSWERS: dict[str, Callable[..., Any]] = {
    "predicts_the_next": predicts_the_next,
    "leads_from": leads_from,
    "writes_most": writes_most,
    "most_kept": most_kept,
    "overtakes": overtakes,
    "rows_that_change": rows_that_change,
}
