"""Which option is right, once the number behind it is known."""

from collections.abc import Sequence

ALL_SAME = 1e-6  # differences below are rounding


def nearest(value: float, offered: Sequence[float]) -> int:
    """The number of the option that is nearest to what was computed."""
    return min(range(len(offered)), key=lambda option: abs(offered[option] - value))


def only(right: Sequence[bool]) -> int:
    """Raises ValueError unless exactly one option is right."""
    if sum(right) != 1:
        raise ValueError(f"{sum(right)} of {len(right)} options are right; expected one")
    return list(right).index(True)


def compared(before: float, after: float) -> int:
    """0 after is larger, 1 smaller, 2 the same up to rounding."""
    if abs(after - before) < ALL_SAME:
        return 2
    return 0 if after > before else 1
