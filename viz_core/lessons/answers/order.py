"""Answers about positions: who can tell the order of words, and what encodings of positions do."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from viz_core import masks, positions
from viz_core.analysis import places
from viz_core.edits import Cells, Edits
from viz_core.lessons.answers.fitting import largest, only
from viz_core.lessons.asked import Asked

ONE, ANOTHER = "The dog bit the man", "The man bit the dog"  # as the page has them
SAME = 1e-6  # a difference of weights in float64 below this is rounding
STEPS = 64  # positions that a wave is followed over


def who_tells_order(asked: Asked, between: Sequence[Sequence[str]]) -> int:
    """With positions zeroed: under which masks ("all": every token sees every token, "before": the causal one) the two
    orders get other weights; `between` lists the masks of each option."""
    told = {sees for sees in ("all", "before") if difference(asked, sees) > SAME}
    return only(set(masks_of) == told for masks_of in between)


def difference(asked: Asked, sees: str) -> float:
    """max |Δ| of any weight of any head between both orders, positions zeroed."""
    first, second = (asked.model.token_ids(text) for text in (ONE, ANOTHER))
    exact = places.in_double(asked.model.transformer)
    return float(places.order_difference(exact, first, second, _without_positions(len(first), sees)).max())


def same_row_in_both_orders(asked: Asked) -> frozenset[int]:
    """With positions zeroed and the causal mask: the tokens of the first order whose rows are the same in every
    head."""
    first, second = (asked.model.token_ids(text) for text in (ONE, ANOTHER))
    where = places.places_in(first, second) or []
    edits = _without_positions(len(first), "before")
    maps = [
        torch.cat([block.attention.weights for block in asked.record(text, edits).blocks]) for text in (ONE, ANOTHER)
    ]
    apart = (maps[0] - places.reordered(maps[1], where)).abs().amax((0, 2))
    return frozenset((apart < SAME).nonzero().flatten().tolist())


def _without_positions(n: int, sees: str) -> Edits:
    allowed = masks.full(n, n) if sees == "all" else masks.causal(n)
    return Edits(positions="zeroed", allowed=Cells.of(allowed))


def starts_with(_asked: Asked, between: Sequence[Sequence[float]]) -> int:
    """The pair of numbers that a row of the sinusoidal matrix, that of position 0, repeats from end to end."""
    pairs = positions.sinusoidal(1, STEPS)[0].reshape(-1, 2)
    return only(bool((pairs == torch.tensor(pair)).all()) for pair in between)


def score_after_moving(asked: Asked, by: int) -> int:
    """What becomes of the score of the preset's cell when both tokens move: 0 falls, 1 rises, 2 stays."""
    change = moved_score(asked, by) - moved_score(asked, 0)
    return 2 if abs(change) < SAME else int(change > 0)


def moved_score(asked: Asked, by: int) -> float:
    """q·k of the preset's cell with the query and the key turned by `by` positions more."""
    record = asked.recording.blocks[asked.layer].attention.head(asked.head)
    base = asked.model.transformer.config.rotary_base
    query, key = (places.turned(vectors[0, at], by, base) for vectors, at in _cell(asked, record))
    return float(query @ key)


def _cell(asked: Asked, record: Any) -> tuple[tuple[Any, int], tuple[Any, int]]:
    return (record.query, asked.query), (record.key, asked.key)


def loses_most_beyond_training(asked: Asked, between: Sequence[str]) -> int:
    """Of models: whose loss rises most at twice the length that it was trained on, as its card says."""
    return largest([lost_beyond_training(asked, model) for model in between])


def lost_beyond_training(asked: Asked, model: str) -> float:
    """In nats a token."""
    figures = asked.load(model).card["figures"]
    return float(figures["held_out_loss_doubled"] - figures["held_out_loss"])


ANSWERS: dict[str, Callable[..., Any]] = {
    "who_tells_order": who_tells_order,
    "same_row_in_both_orders": same_row_in_both_orders,
    "starts_with": starts_with,
    "score_after_moving": score_after_moving,
    "loses_most_beyond_training": loses_most_beyond_training,
}
