"""Statements, of which a question offers several: one is true, or one is false. Each is tried on the preset."""

from collections.abc import Callable, Sequence

import torch

from viz_core.lessons.answers.choosing import only
from viz_core.lessons.answers.leaking import ONE, filled
from viz_core.lessons.answers.one_head import experiment
from viz_core.lessons.answers.several_heads import put_together
from viz_core.lessons.asked import Asked


def true_one(asked: Asked, of: Sequence[str]) -> int:
    """Which of these statements (STATEMENTS) holds; exactly one must."""
    return only([STATEMENTS[name](asked) for name in of])


def false_one(asked: Asked, of: Sequence[str]) -> int:
    """Which of them does not hold; exactly one must not."""
    return only([not STATEMENTS[name](asked) for name in of])


def _dim_sums(dim: int, summed_over: int) -> Callable[[Asked], bool]:
    """Whether softmax(dim) of the example's scores [query, key] sums to 1 over an axis: −1 along rows, 0 along
    columns."""

    def holds(asked: Asked) -> bool:
        weights = torch.softmax(experiment(asked).stages.scores[0], dim=dim)
        return bool(((weights.sum(summed_over) - 1).abs() < ONE).all())

    return holds


def _filling_is_heard(asked: Asked, *, masked: bool) -> bool:
    """Whether the last tokens of the preset's text, as many as it calls padding, change what the model makes of those
    before them: against the text without them."""
    real = len(asked.recording.token_ids) - int(asked.view["padded"])
    alone = asked.model.record(asked.recording.token_ids[:real].tolist(), all_logits=True).logits
    return not torch.allclose(alone, filled(asked, masked=masked)[:real], atol=1e-4)


def _looks_ahead(asked: Asked) -> bool:
    allowed = asked.recording.blocks[0].attention.allowed
    n = len(asked.recording.token_ids)
    return bool(allowed.expand(1, n, n)[0].triu(1).any())


def _goes_in(way: str) -> Callable[[Asked], bool]:
    """Whether W_O of the preset's layer takes in as many numbers a token as the heads' results are, put together so."""

    def holds(asked: Asked) -> bool:
        output = asked.model.transformer.block(asked.layer).attention.output
        return bool(output.in_features == put_together(asked, way))

    return holds


STATEMENTS: dict[str, Callable[[Asked], bool]] = {
    "dim_last_rows": _dim_sums(-1, -1),
    "dim_0_rows": _dim_sums(0, -1),
    "dim_0_columns": _dim_sums(0, 0),
    "encoder_looks_ahead": _looks_ahead,
    "no_mask_needed": lambda asked: not _filling_is_heard(asked, masked=False),
    "padding_mask_silences": lambda asked: not _filling_is_heard(asked, masked=True),
    "heads_added": _goes_in("added"),
    "heads_side_by_side": _goes_in("side_by_side"),
    "heads_each_with_all": _goes_in("each_with_all"),
}


ANSWERS: dict[str, Callable[..., int]] = {
    "true_one": true_one,
    "false_one": false_one,
}
