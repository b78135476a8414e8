"""Answers about translators with and without attention: a sentence in one vector."""

from collections.abc import Callable, Sequence

from torch import Tensor

from viz_core.analysis.translating import cross_weights
from viz_core.lessons.answers.choosing import ALL_SAME, nearest, only
from viz_core.lessons.asked import Asked
from viz_core.recurrent import RecurrentRecording


def new_vector_each_time(asked: Asked, model: str) -> int:
    """0: while a recurrent translator writes the preset's sentence, it is given the same vector at every token; 1: not
    the same."""
    contexts = asked.load(model).record(asked.view["english"]).contexts
    return int(float((contexts - contexts[0]).abs().max()) > ALL_SAME)


def lost_word(asked: Asked, words: Sequence[str]) -> int:
    """Which of the Korean words the two networks with attention write, and the one without does not."""
    without, *others = (
        asked.load(name).translate(asked.view["english"]) for name in ("gru-plain", "gru-attention", "tiny-translator")
    )
    return only([word not in without and all(word in other for other in others) for word in words])


def right_share(asked: Asked, model: str, words: str, offered: Sequence[float]) -> int:
    """The option nearest to the share of unseen sentences of so many words that a translator gets right."""
    return nearest(share_right(asked, model, words), offered)


def share_right(asked: Asked, model: str, words: str) -> float:
    right, n = asked.load(model).card["figures"]["right_by_length"][words]
    return float(right / n)


def looked_at_most(asked: Asked, model: str, writing: str, offered: Sequence[str]) -> int:
    """Which English word cross-attention looks at most when it writes the token `writing` of the preset's sentence."""
    row, read = cross_row(asked, model, writing)
    return list(offered).index(read[int(row.argmax())])


def cross_row(asked: Asked, model: str, writing: str) -> tuple[Tensor, list[str]]:
    """Weights [English token] of the head that finds the right words best, at that token; and the English tokens."""
    translator = asked.load(model)
    recording = translator.record(asked.view["english"])
    layer, head = translator.card["figures"]["aligned_head"]
    written = [token.removeprefix("·") for token in recording.tokens[1:]]  # each by the row before it
    read = recording.source_tokens if isinstance(recording, RecurrentRecording) else recording.encoder.tokens
    return cross_weights(recording)[layer, head, written.index(writing)], [token.removeprefix("·") for token in read]


# Vaswani et al. 2017, "Attention Is All You Need", table 2 (Transformer, big): what cannot be computed, but looked up
BLEU_IN_THE_PAPER = {"English–German": 28.4, "English–French": 41.8}


def not_in_the_paper(_asked: Asked, offered: Sequence[str]) -> int:
    """Which pair of languages the paper did not translate. Computed nowhere: a fact, with its source above."""
    return only([pair not in BLEU_IN_THE_PAPER for pair in offered])


ANSWERS: dict[str, Callable[..., int]] = {
    "new_vector_each_time": new_vector_each_time,
    "lost_word": lost_word,
    "right_share": right_share,
    "looked_at_most": looked_at_most,
    "not_in_the_paper": not_in_the_paper,
}
