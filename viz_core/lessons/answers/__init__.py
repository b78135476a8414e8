"""What is right, computed from the model: every answer is called as f(asked, **given), `given` from the question's
`with`, and returns the number of the right option, the right tokens' positions, or the right cells (row, column)."""

from collections.abc import Callable

from viz_core.lessons.answers import (
    block,
    bottleneck,
    cost,
    honesty,
    leaking,
    one_head,
    order,
    prediction,
    several_heads,
    statements,
    translation,
    weights,
    why_scaled,
)

Right = int | frozenset[int] | frozenset[tuple[int, int]]
Answer = Callable[..., Right]

TOPICS = (
    weights,  # of any head: for authors who write no Python
    *(bottleneck, one_head, why_scaled, leaking, several_heads, statements),
    *(order, block, translation, prediction, cost, honesty),
)
ANSWERS: dict[str, Answer] = {name: answer for topic in TOPICS for name, answer in topic.ANSWERS.items()}
