"""Answers about what weights say of a prediction, and what they do not."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from viz_core.analysis.ablation import effects_of_each
from viz_core.analysis.ranks import spearman
from viz_core.analysis.value_weighted import output_norms, own_rows_of
from viz_core.edits import Edits
from viz_core.lessons.answers.fitting import largest, range_of
from viz_core.lessons.asked import Asked


def carries_most(asked: Asked) -> frozenset[int]:
    """The token that brings most into the preset's row: the longest αvW_O, not the largest α."""
    return frozenset({int(carried(asked).argmax())})


def carried(asked: Asked) -> Tensor:
    """[key]: ‖αvW_O‖ of the preset's row."""
    record = asked.recording.blocks[asked.layer].attention.head(asked.head)
    weight = asked.model.output_weight(asked.layer)
    if weight is None:
        raise ValueError(f"W_O of {asked.model.name} is not known")
    return output_norms(record, own_rows_of(weight, asked.head, record.value.shape[-1]))[0, asked.query]


def agreement_with_weights(asked: Asked, limits: Sequence[float]) -> int:
    """Spearman's ρ over all heads, of their largest weight in the last row and of what their absence does to the
    prediction: between which limits."""
    return range_of(weights_and_absence(asked), limits)


def weights_and_absence(asked: Asked) -> float:
    row = len(asked.recording.token_ids) - 1
    largest_weights = torch.stack([block.attention.weights[:, row].amax(-1) for block in asked.recording.blocks])
    absence = effects_of_each(asked.model.transformer, asked.recording, row).divergence
    return spearman(largest_weights.flatten(), absence.flatten())


def felt_most(asked: Asked, between: Sequence[Sequence[int]]) -> int:
    """The head (layer, head) without which the next token's prediction moves most."""
    return largest([moved(asked, [place]) for place in between])


def moved(asked: Asked, heads: Sequence[Sequence[int]]) -> float:
    """KL in nats when these heads are off."""
    before, after = (recording.logits[-1].double().log_softmax(-1) for recording in _both(asked, off(heads)))
    return float((before.exp() * (before - after)).sum())


def left_without(asked: Asked, heads: Sequence[Sequence[int]], limits: Sequence[float]) -> int:
    """Between which limits the probability of the likeliest next token is when these heads are off."""
    return range_of(probability(asked, off(heads)), limits)


def left_when_flat(asked: Asked, temperature: float, limits: Sequence[float]) -> int:
    """The same when the preset's head has its scores divided by a temperature."""
    return range_of(probability(asked, flat(asked, temperature)), limits)


def flat(asked: Asked, temperature: float) -> Edits:
    return Edits(temperature=temperature, at=frozenset({(asked.layer, asked.head)}))


def probability(asked: Asked, edits: Edits) -> float:
    """Of the token that is the likeliest without edits."""
    before, after = (recording.logits[-1] for recording in _both(asked, edits))
    return float(after.double().softmax(-1)[int(before.argmax())])


def _both(asked: Asked, edits: Edits) -> tuple[Any, Any]:
    return asked.recording, asked.record(edits=edits)


def off(heads: Sequence[Sequence[int]]) -> Edits:
    return Edits(ablated=frozenset((int(layer), int(head)) for layer, head in heads))


ANSWERS: dict[str, Callable[..., Any]] = {
    "carries_most": carries_most,
    "agreement_with_weights": agreement_with_weights,
    "felt_most": felt_most,
    "left_without": left_without,
    "left_when_flat": left_when_flat,
}
