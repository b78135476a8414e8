"""New sentences of the grammar, which none of the three was trained on, translated by all three."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from viz_core import grammar
from viz_core.analysis.bottleneck import Lost, Share, by_length, kept_words, lost_by_place
from viz_core.models import Translator
from viz_core.models.translator import greedy
from viz_core.ui import store
from viz_core.ui.mechanism.translation.scene import TRANSFORMER, WITH_ATTENTION, WITHOUT

SENTENCES = 300
AT_ONCE = 50
MODELS = (TRANSFORMER, WITH_ATTENTION, WITHOUT)
LONG = 7  # English words, from which it is asked where in the sentence words are lost


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a model made of the sentences.

    right      letter for letter
    by_length  the share of sentences right
    lost       of the words of the longer sentences, by the place of the English word: those whose Korean one is not
               where it should be
    """

    written: tuple[str, ...]
    right: tuple[bool, ...]
    by_length: list[Share]
    lost: list[Lost]


@dataclass(frozen=True, eq=False)
class Probe:
    """The sentences of a seed, and what each model made of them."""

    pairs: tuple[grammar.Pair, ...]
    of: dict[str, Outcome]

    def wanted(self, text: str) -> str | None:
        """The right translation of one of the sentences."""
        return next((pair.target for pair in self.pairs if pair.source == text), None)


def length(pair: grammar.Pair) -> int:
    """In English words, without the full stop."""
    return len(pair.english) - 1


def words(sentence: str) -> list[str]:
    """Korean as the grammar divides it: the full stop or question mark is a word."""
    for end in ".?":
        sentence = sentence.replace(end, f" {end}")
    return sentence.split()


def key(seed: int) -> tuple[str, int, int]:
    return "held-out sentences translated", seed, SENTENCES


def measure(seed: int, note: Callable[[int, int], None]) -> Probe:
    """`note` is told (sentences translated, by all three, of how many)."""
    pairs = tuple(grammar.pairs(seed, SENTENCES, held_out=True))
    done, total = 0, len(MODELS) * len(pairs)
    outcomes = {}
    for name in MODELS:
        model, written = store.translator(name), list[str]()
        for start in range(0, len(pairs), AT_ONCE):
            note(done + start, total)
            written += _translated(model, [pair.source for pair in pairs[start : start + AT_ONCE]])
        done += len(pairs)
        outcomes[name] = outcome(pairs, written)
    return Probe(pairs, outcomes)


def outcome(pairs: Sequence[grammar.Pair], written: Sequence[str]) -> Outcome:
    right = tuple(ours == pair.target for ours, pair in zip(written, pairs, strict=True))
    places, kept = [], []
    for pair, ours in zip(pairs, written, strict=True):
        if length(pair) >= LONG:
            is_kept = kept_words(pair.korean, words(ours))
            places.append([english / length(pair) for _korean, english in pair.alignment])
            kept.append([is_kept[korean] for korean, _english in pair.alignment])
    return Outcome(
        tuple(written), right, by_length([length(pair) for pair in pairs], right), lost_by_place(places, kept)
    )


def _translated(model: Translator, texts: list[str]) -> list[str]:
    return [
        model.tokenizer.text(ids) for ids in greedy(model.network, [model.tokenizer.token_ids(text) for text in texts])
    ]
