"""Which of a question's options fits what was measured: exactly one must."""

from collections.abc import Iterable, Sequence


def only(fits: Iterable[bool]) -> int:
    """The number of the one that fits. Raises ValueError where none or several do."""
    found = [number for number, fit in enumerate(fits) if fit]
    if len(found) != 1:
        raise ValueError(f"options {found} fit what was measured; expected exactly one")
    return found[0]


def largest(values: Sequence[float]) -> int:
    """The number of the largest. Raises ValueError where two are as large."""
    return only(value == max(values) for value in values)


def range_of(value: float, limits: Sequence[float]) -> int:
    """Between which of ascending `limits` a value lies: 0 below the first, len(limits) from the last on."""
    if list(limits) != sorted(limits):
        raise ValueError(f"limits are {list(limits)}; expected ascending ones")
    return sum(value >= limit for limit in limits)
