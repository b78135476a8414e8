"""Answers about √d_k: how scores grow with the width of a head, and what the softmax makes of them."""

from collections.abc import Callable, Sequence

from viz_core.analysis import scaling, worked
from viz_core.lessons.answers.choosing import compared, nearest, only
from viz_core.lessons.answers.weights import State, record_of
from viz_core.lessons.asked import Asked


def grows_with(_asked: Asked, of: Sequence[str]) -> int:
    """What makes the scores of random vectors spread more, when it is sixteen times as large: "keys" in the sentence,
    "width" of q and k, "pairs" that are measured."""
    return only([spread > 2 for spread in (_spread_of_more(what) for what in of)])


def _spread_of_more(what: str) -> float:
    """By how much the variance of scores grows."""
    if what == "width":
        return float(scaling.dot_products(256).var() / scaling.dot_products(16).var())
    if what == "keys":
        return float(scaling.rows_of_scores(64, keys=256).var() / scaling.rows_of_scores(64, keys=16).var())
    if what == "pairs":
        return float(scaling.dot_products(64, 16_000).var() / scaling.dot_products(64, 1_000).var())
    raise ValueError(f"of has {what!r}; expected keys, width or pairs")


def spread_grows(_asked: Asked, width: int, wider: int, offered: Sequence[float]) -> int:
    """The option nearest to how many times larger the standard deviation of q·k is in a wider head."""
    return nearest(float(scaling.dot_products(wider).std() / scaling.dot_products(width).std()), offered)


def weight_of_64(_asked: Asked, row: int, key: int, divisor: float, offered: Sequence[float]) -> int:
    """The option nearest to a weight of the worked example of 64 components, its scores divided."""
    return nearest(float(worked.of_64_components(1 / divisor).weights[0, row, key]), offered)


def strongest_without_division(asked: Asked) -> int:
    """What the preset's row does with its strongest key when this head's scores are not divided: 0 gives the same key
    more, 1 the same key less, 2 looks most at another."""
    states: tuple[State, ...] = ({}, {"divide_by": 1, "only": "head"})
    rows = [record_of(asked, state).weights[0, asked.query] for state in states]
    if int(rows[0].argmax()) != int(rows[1].argmax()):
        return 2
    return compared(*(float(row.max()) for row in rows))


def dead_rows(_asked: Asked, width: int, divided: bool, offered: Sequence[float]) -> int:
    """The option nearest to the share of rows of random scores that pass next to nothing back."""
    return nearest(scaling.passed_back(width, divided=divided).dead, offered)


ANSWERS: dict[str, Callable[..., int]] = {
    "grows_with": grows_with,
    "spread_grows": spread_grows,
    "weight_of_64": weight_of_64,
    "dead_rows": dead_rows,
    "strongest_without_division": strongest_without_division,
}
