"""Answers about many heads: how many numbers they are, and what becomes of a prediction without some of them."""

from collections.abc import Callable, Sequence

from viz_core.analysis.parameters import BASE
from viz_core.analysis.predictions import divergences
from viz_core.edits import Edits
from viz_core.lessons.answers.choosing import compared, only
from viz_core.lessons.asked import Asked


def is_the_count_of(_asked: Asked, number: int, of: Sequence[str]) -> int:
    """Which product of the sizes of the Transformer of 2017 a number is; see COUNTS."""
    return only([COUNTS[name] == number for name in of])


COUNTS = {
    "width_times_heads": BASE.d_model * BASE.n_head,
    "one_head": 3 * BASE.one_head,
    "all_heads": BASE.query + 2 * BASE.key,
    "output": BASE.output,
}


def missed_most(asked: Asked, of: Sequence[Sequence[Sequence[int]]]) -> int:
    """Which set of heads, switched off together, changes the next-token prediction most."""
    changes = [divergence(asked, heads) for heads in of]
    return changes.index(max(changes))


def together(asked: Asked, heads: Sequence[Sequence[int]]) -> int:
    """What switching heads off together changes, against what each does alone, added up: 0 more, 1 less, 2 the same."""
    return compared(sum(divergence(asked, [head]) for head in heads), divergence(asked, heads))


def divergence(asked: Asked, heads: Sequence[Sequence[int]]) -> float:
    """KL in nats between the next-token predictions with all heads, and with these switched off."""
    off = asked.record(edits=Edits(ablated=frozenset((layer, head) for layer, head in heads)))
    return float(divergences(asked.recording.logits[-1:], off.logits[-1:])[0])


def logit_change(asked: Asked, heads: Sequence[Sequence[int]]) -> float:
    """By how much the logit of the likeliest next token changes when these heads are switched off together."""
    before = asked.recording.logits[-1]
    after = asked.record(edits=Edits(ablated=frozenset((layer, head) for layer, head in heads))).logits[-1]
    return float((after - before)[before.argmax()])


def put_together(asked: Asked, way: str) -> int:
    """How many numbers a token the results of the preset's layer are: "added", "side_by_side", "each_with_all"."""
    record = asked.recording.blocks[asked.layer].attention
    heads, width = record.n_head, record.value.shape[-1]
    return {"added": width, "side_by_side": heads * width, "each_with_all": heads * heads * width}[way]


ANSWERS: dict[str, Callable[..., int]] = {
    "is_the_count_of": is_the_count_of,
    "missed_most": missed_most,
    "together": together,
}
