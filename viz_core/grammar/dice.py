"""Chance: every choice of a sentence is a throw."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """A random generator asked in the grammar's words. The order of the throws decides which sentences a seed gives."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def throw(self) -> float:
        """At least 0 and less than 1."""
        return self._rng.random()

    def chance(self, share: float) -> bool:
        """True in so many of one."""
        return self.throw() < share

    def one(self, options: Sequence[T]) -> T:
        """Any, equally likely."""
        return options[int(self.throw() * len(options))]
