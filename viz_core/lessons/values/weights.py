"""Numbers about a preset's model, text and head, for the words of any lesson."""

from collections.abc import Callable
from typing import Any

from viz_core.lessons.answers.weights import measured
from viz_core.lessons.asked import Asked


def measure(asked: Asked, of: str, digits: int = 3, **state: Any) -> str:
    """A measure of viz_core.lessons.answers.weights, to so many significant digits, under a state laid over the
    preset: {{measure(of="entropy", divide_by=1)}}."""
    return number(measured(asked, of, state), digits)


def share(asked: Asked, of: str = "weight", **state: Any) -> str:
    """The same in percent."""
    return f"{100 * measured(asked, of, state):.0f}%"


def token(asked: Asked, at: int | None = None) -> str:
    """A token of the text; the preset's row unless said otherwise."""
    return asked.recording.tokens[asked.query if at is None else at].removeprefix("·")


def count(asked: Asked, of: str) -> str:
    """How many there are: tokens, layers, heads, d_model, d_k, parameters."""
    attention = asked.recording.blocks[asked.layer].attention
    found = {
        "tokens": len(asked.recording.token_ids),
        "layers": len(asked.recording.blocks),
        "heads": attention.n_head,
        "d_model": asked.recording.embeddings.shape[-1],
        "d_k": attention.query.shape[-1],
        "parameters": asked.model.card["parameters"],
    }
    if of not in found:
        raise ValueError(f"of is {of!r}; expected one of {', '.join(found)}")
    return f"{found[of]:,}"


def number(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}g}".replace("-", "−")


VALUES: dict[str, Callable[..., str]] = {"measure": measure, "share": share, "token": token, "count": count}
