"""Answers about masks: what changes without one, what works as one, and filling."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from viz_core.analysis import masking
from viz_core.analysis.leakage import leak_of, probability_of_next
from viz_core.edits import AS_IT_IS, Cells, Edits
from viz_core.lessons.answers.choosing import ALL_SAME, compared, only
from viz_core.lessons.answers.one_head import experiment, head_of
from viz_core.lessons.asked import Asked
from viz_core.masks import causal, full, padding

ONE = 1e-4  # how far a sum may be from 1


def predictions_changed(asked: Asked, at: int, by: str, of: Sequence[str]) -> int:
    """Where predictions change when token `at` becomes `by` (the text of one token, with its blank), under the model's
    own mask: "before" it alone, "from" it on, or "all"."""
    rows = changed_rows(asked, at, by)
    n = len(asked.recording.token_ids)
    found = {"before": range(at), "from": range(at, n), "all": range(n)}
    return only([rows == set(found[where]) for where in of])


def changed_rows(asked: Asked, at: int, by: str) -> set[int]:
    ids = asked.recording.token_ids.tolist()
    (other,) = asked.model.token_ids(by)
    changed = [*ids[:at], other, *ids[at + 1 :]]
    before, after = (asked.model.record(text, all_logits=True).logits for text in (ids, changed))
    return set((leak_of(before, after).largest > 0).nonzero().flatten().tolist())


def next_probability_without_mask(asked: Asked) -> int:
    """What lifting the causal mask does to the probability of the token that really comes next: 0 up, 1 down, 2 the
    same."""
    return compared(*(mean_probability(asked, mask) for mask in ("causal", "none")))


def mean_probability(asked: Asked, mask: str) -> float:
    """Of the token that really comes next, over the rows of the text."""
    ids = asked.recording.token_ids.tolist()
    edits = _without_mask(len(ids)) if mask == "none" else AS_IT_IS
    return float(probability_of_next(asked.record(edits=edits, all_logits=True).logits, ids).mean())


def mask_that_works(asked: Asked, of: Sequence[str]) -> int:
    """Which way leaves rows that sum to 1 and nothing for later tokens: "infinite" (−∞ before the softmax), "after" (0
    after it), "zeroed" (0 before it)."""
    allowed = causal(len(asked.recording.token_ids))
    ways = masking.three_ways(head_of(asked), allowed)._asdict()
    return only([_sums_to_one(ways[name]) and not bool(ways[name][~allowed].any()) for name in of])


def equal_share(asked: Asked, row: int, offered: Sequence[float]) -> int:
    """The option that is the weight of the first key in a row of the example."""
    weight = float(experiment(asked).stages.weights[0, row, 0])
    return only([abs(weight - option) < ALL_SAME for option in offered])


def filled(asked: Asked, *, masked: bool) -> Tensor:
    """Logits [seq, vocab] of the preset's text, its last tokens filling that nobody may look at, or not."""
    n = len(asked.recording.token_ids)
    is_token = torch.arange(n) < n - int(asked.view["padded"])
    edits = Edits(allowed=Cells.of(padding(is_token))) if masked else AS_IT_IS
    return asked.record(edits=edits, all_logits=True).logits


def _without_mask(n: int) -> Edits:
    return Edits(allowed=Cells.of(full(n, n)))


def _sums_to_one(weights: Tensor) -> bool:
    return bool(((weights.sum(-1) - 1).abs() < ONE).all())


ANSWERS: dict[str, Callable[..., int]] = {
    "predictions_changed": predictions_changed,
    "next_probability_without_mask": next_probability_without_mask,
    "mask_that_works": mask_that_works,
    "equal_share": equal_share,
}
