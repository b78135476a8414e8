"""Answers about one head, of the matrix lab's example or of a model: query, key, value, scores, weights, context."""

from collections.abc import Callable, Sequence

import torch

from viz_core.analysis import lab
from viz_core.analysis.lab import Experiment
from viz_core.attention import AttentionRecord
from viz_core.lessons.answers.choosing import ALL_SAME, compared, nearest, only
from viz_core.lessons.asked import Asked


def experiment(asked: Asked) -> Experiment:
    """The matrix lab's example that the preset names, used as the preset says."""
    example = lab.examples(asked.view.get("given", "qkv"))[asked.view["example"]]
    wrong = asked.view.get("softmax_over") == "columns"
    return Experiment(example.matrices, example.divisor, example.causal, wrong)


def dot_product(asked: Asked, query: int, key: int, offered: Sequence[float]) -> int:
    """The option that is the dot product of a query and a key of the example."""
    score = float(experiment(asked).stages.scores[0, query, key])
    return only([abs(score - option) < ALL_SAME for option in offered])


def best_key(asked: Asked, query: int) -> int:
    """The key (k₀, k₁, …) that has the largest dot product with a query of the example."""
    return int(experiment(asked).stages.scores[0, query].argmax())


def score_turned_round(asked: Asked, query: int, key: int) -> int:
    """The score of (key, query) against that of (query, key), in the example: 0 larger, 1 smaller, 2 equal."""
    scores = experiment(asked).stages.scores[0]
    return compared(float(scores[query, key]), float(scores[key, query]))


def context_most_like(asked: Asked, of: Sequence[tuple[str, int]]) -> int:
    """Which vector of the preset's head points most the way of its row's context: ["value", 8], ["key", 8], …"""
    found = [likeness(asked, name, at) for name, at in of]
    return found.index(max(found))


def likeness(asked: Asked, of: str, at: int) -> float:
    """The cosine of the angle between the context of the preset's row and the query, key or value of a token."""
    record = head_of(asked)
    vector = {"query": record.query, "key": record.key, "value": record.value}[of][0, at]
    return float(torch.cosine_similarity(record.context[0, asked.query], vector, dim=0))


def times_the_weight(asked: Asked, query: int, key: int, other: int, offered: Sequence[float]) -> int:
    """The option nearest to how many times as large as another's the weight of a key is, in a row of the example."""
    weights = experiment(asked).stages.weights[0, query].tolist()
    return nearest(weights[key] / weights[other], offered)


def after_adding(asked: Asked, amount: float) -> int:
    """What becomes of the preset's row of weights when all of its scores grow by so much: 0 the largest weight grows, 1
    it shrinks, 2 it stays."""
    scores = head_of(asked).stages().masked_scores[0, asked.query]
    return compared(*(float(torch.softmax(row.double(), -1).max()) for row in (scores, scores + amount)))


def context_component(asked: Asked, row: int, column: int, offered: Sequence[float]) -> int:
    """The option nearest to a component of a context vector of the example."""
    return nearest(float(experiment(asked).stages.context[0, row, column]), offered)


def head_of(asked: Asked) -> AttentionRecord:
    return asked.recording.blocks[asked.layer].attention.head(asked.head)


ANSWERS: dict[str, Callable[..., int]] = {
    "dot_product": dot_product,
    "best_key": best_key,
    "score_turned_round": score_turned_round,
    "context_most_like": context_most_like,
    "times_the_weight": times_the_weight,
    "after_adding": after_adding,
    "context_component": context_component,
}
