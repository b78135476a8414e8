"""Cross-attention between words or tokens: who looks at whom, and what a Korean particle does to that."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from torch import Tensor

from viz_core.analysis.translating import by_word, particles_found, words_of
from viz_core.language import _
from viz_core.models import Translator
from viz_core.ui import store
from viz_core.ui.mechanism.translation.scene import TRANSFORMER, Sentence
from viz_core.ui.show import quoted


@dataclass(frozen=True, eq=False)
class Pair:
    """One model's cross-attention on the sentence, between tokens or words: weights [written, read] of one head, what
    rows and columns are called, and the tokens of each."""

    weights: Tensor
    written: list[str]
    read: list[str]
    rows: list[list[int]]
    columns: list[list[int]]

    @property
    def looked_at(self) -> list[int]:
        """The column that each row looks at most."""
        return [int(column) for column in self.weights.argmax(-1)]

    def cell(self, row: int, column: int) -> tuple[int, int]:
        """The cell that a pair of tokens belongs to."""
        return _part(self.rows, row), _part(self.columns, column)


def pair(sentence: Sentence, name: str, weights: Tensor, *, words: bool) -> Pair:
    read, written = sentence.read(name), sentence.writes(name)
    if not words:
        rows, columns = ([[token] for token in range(len(texts))] for texts in (written, read))
        return Pair(weights, list(written), list(read), rows, columns)
    rows, columns = words_of(written), words_of(read)
    found = store.translation(name, sentence.text)
    model = sentence.model(name)
    return Pair(
        by_word(weights, rows, columns),
        _names(model, found.token_ids[1:].tolist(), rows, written[-1]),
        _names(model, _source_ids(sentence, name), columns, read[-1]),
        rows,
        columns,
    )


def _source_ids(sentence: Sentence, name: str) -> list[int]:
    if name == TRANSFORMER:
        encoder = sentence.transformer.encoder
        return [] if encoder is None else encoder.token_ids[:-1].tolist()
    return sentence.recurrent(name).source_ids[:-1].tolist()


def _names(model: Translator, ids: list[int], words: list[list[int]], last: str) -> list[str]:
    """The words as they are written; the last is the sign that ends the text."""
    return [*(model.tokenizer.text([ids[token] for token in word]).strip() or "·" for word in words[:-1]), last]


def _part(parts: Sequence[Sequence[int]], token: int) -> int:
    return next((number for number, tokens in enumerate(parts) if token in tokens), 0)


def of_particles(sentence: Sentence, weights: Tensor) -> None:
    """Says which words of tiny-translator look at a preposition rather than at its noun, and what to make of that;
    nothing where none does. weights [written token, English token]"""
    words = pair(sentence, TRANSFORMER, weights, words=True)
    found = particles_found(words.looked_at, words.written, words.read)
    if not found:
        return
    named = ", ".join(f"{quoted(words.written[row])} → {quoted(words.read[column])}" for row, column in found)
    said = _(
        "{named}: a Korean particle is part of its word. By the measure of ★ the noun would be right and this is a "
        "miss, though the encoder's vector at a preposition has already taken in its neighbours."
    )
    st.caption(said.format(named=named))
