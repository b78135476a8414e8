"""Numbers in the words of lessons 7 to 12."""

from collections.abc import Callable

from viz_core.analysis.parameters import MISTRAL_7B
from viz_core.edits import AS_IT_IS
from viz_core.efficiency.generation import planned
from viz_core.lessons.answers import block, cost, honesty, order, prediction, translation
from viz_core.lessons.asked import Asked


def times_longer(asked: Asked) -> str:
    """A token's vector at the end against the start."""
    return _number(block.times_longer(asked), 2)


def open_neurons(asked: Asked) -> str:
    return _share(block.open_neurons(asked))


def lost_beyond_training(asked: Asked, model: str) -> str:
    """Nats a token, with its sign."""
    return f"{order.lost_beyond_training(asked, model):+.2f}".replace("-", "−")


def moved_score(asked: Asked, by: int = 0) -> str:
    return _number(order.moved_score(asked, by), 4)


def guessed(asked: Asked, hidden: int, model: str) -> str:
    return _share(translation.guessed(asked, hidden, model))


def crossed(asked: Asked, token: str) -> str:
    return str(translation.crossed(translation.translated(asked), token))


def looks(asked: Asked, writing: str, layer: int = 1, head: int = 2) -> str:
    """The largest weight while a Korean token is written."""
    return _share(translation.largest_weight(asked, writing, layer, head))


def direct(asked: Asked, layer: int, head: int) -> str:
    return f"{prediction.direct(asked, layer, head):+.2f}".replace("-", "−")


def kept_by_top_p(asked: Asked, top_p: float, text: str | None = None) -> str:
    return str(prediction.kept(asked, top_p, text))


def likelihood(asked: Asked) -> str:
    """Of the likeliest next token."""
    return _share(prediction.likelihood(asked.recording.logits[-1]))


def less_work(asked: Asked, tokens: int) -> str:
    """How many times less work it is to write so many tokens with a cache."""
    without, cached = planned(asked.model.transformer.config, len(asked.recording.token_ids), tokens)
    return _number(without / cached, 2)


def less_memory(asked: Asked, n: int) -> str:
    """At least so many times."""
    return str(int(cost.times_less_memory(asked, n)))


def in_window(asked: Asked, window: int, layer: int, head: int) -> str:
    return _share(cost.in_window(asked, window, layer, head))


def in_reach(asked: Asked, window: int) -> str:
    return str(cost.in_reach(asked, window))


def mistral_reach(_asked: Asked) -> str:
    """Layers times window."""
    return f"{MISTRAL_7B.n_layer * MISTRAL_7B.window:,}"


def weight(asked: Asked, key: int) -> str:
    """Of the preset's row on one token."""
    record = asked.recording.blocks[asked.layer].attention.head(asked.head)
    return f"{float(record.weights[0, asked.query, key]):.2f}"


def carried(asked: Asked, key: int, against: int) -> str:
    """How many times as much one token brings into the preset's row as another."""
    lengths = honesty.carried(asked)
    return _number(float(lengths[key] / lengths[against]), 2)


def largest_weight(asked: Asked, layer: int, head: int) -> str:
    """Of the last row."""
    return f"{float(asked.recording.blocks[layer].attention.head(head).weights[0, -1].max()):.2f}"


def agreement(asked: Asked) -> str:
    return f"{honesty.weights_and_absence(asked):.2f}".replace("-", "−")


def moved(asked: Asked, heads: list[list[int]]) -> str:
    return _number(honesty.moved(asked, heads), 2)


def left(asked: Asked, heads: list[list[int]] | None = None, temperature: float | None = None) -> str:
    """The probability of the likeliest next token, with heads off, or with the preset's head flattened."""
    return _share(_left(asked, heads, temperature))


def left_to_others(asked: Asked, heads: list[list[int]] | None = None, temperature: float | None = None) -> str:
    """What all other tokens get."""
    return _share(1 - _left(asked, heads, temperature))


def _left(asked: Asked, heads: list[list[int]] | None, temperature: float | None) -> float:
    edits = AS_IT_IS if heads is None else honesty.off(heads)
    return honesty.probability(asked, edits if temperature is None else honesty.flat(asked, temperature))


def _share(value: float) -> str:
    return f"{value:.1%}"


def _number(value: float, digits: int) -> str:
    return f"{float(f'{value:.{digits}g}'):g}".replace("-", "−")


VALUES: dict[str, Callable[..., str]] = {
    function.__name__: function
    for function in (
        times_longer,
        open_neurons,
        lost_beyond_training,
        moved_score,
        guessed,
        crossed,
        looks,
        direct,
        kept_by_top_p,
        likelihood,
        less_work,
        less_memory,
        in_window,
        in_reach,
        mistral_reach,
        weight,
        carried,
        largest_weight,
        agreement,
        moved,
        left,
        left_to_others,
    )
}
