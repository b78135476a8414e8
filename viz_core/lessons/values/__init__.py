"""Numbers in the words of lessons, computed from the model: every value is called as f(asked, **given) and returns the
text that stands in place of {{name}} or {{name(given=…)}}."""

from collections.abc import Callable

from viz_core.lessons.values import early, late, weights

Value = Callable[..., str]

VALUES: dict[str, Value] = {**weights.VALUES, **early.VALUES, **late.VALUES}
