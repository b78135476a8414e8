"""A test of many cases: how many of them each profile tries, and how many were tried."""

from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import HealthCheck, given, settings

NIGHTLY = "nightly"
TRIED: Counter[str] = Counter()  # cases by target
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def fuzzed(
    target: str, /, *, few: int, many: int, **strategies: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The test is given what `strategies` make up: `few` times in the suite, `many` in the nightly profile."""

    def around(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def counted(*args: Any, **given_to_it: Any) -> None:
            TRIED[target] += 1
            test(*args, **given_to_it)

        most = many if settings.get_current_profile_name() == NIGHTLY else few
        return settings(max_examples=most, suppress_health_check=SLOW)(given(**strategies)(counted))

    return around
