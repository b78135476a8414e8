"""The finished pair: which English word each Korean word looked at, for any head, beside additive attention's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis.translating import by_word, cross_weights, crossings, words_of
from viz_core.figures.across import across_heatmap
from viz_core.figures.crossing import crossing_lines
from viz_core.figures.labels import unspaced
from viz_core.language import _, spoken
from viz_core.models import Translator
from viz_core.ui import settings, show, store
from viz_core.ui.components.head_grid import head_grid
from viz_core.ui.mechanism.translation import heads, linked
from viz_core.ui.mechanism.translation.heads import Head
from viz_core.ui.mechanism.translation.scene import TRANSFORMER, WITH_ATTENTION, Sentence
from viz_core.ui.roles import NONE, head_name
from viz_core.ui.show import quoted

SURE = 0.5  # of a row's weight: from there a Korean word is said to look at an English one


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


def alignment(sentence: Sentence) -> list[str]:
    left, right = st.columns([1.25, 1], gap="large")
    with right:
        words = _words_or_tokens()
        _of_the_heads(sentence)
    with left:
        _every_head(sentence)
    head = Head(*heads.chosen(sentence))
    ours = _pair(sentence, TRANSFORMER, head.weights(sentence), words=words)
    theirs = _pair(sentence, WITH_ATTENTION, cross_weights(sentence.recurrent(WITH_ATTENTION))[0, 0], words=words)
    cell = linked.cell(head.weights(sentence), sentence.writes(TRANSFORMER))
    same = sentence.written(TRANSFORMER) == sentence.written(WITH_ATTENTION)
    left, right = st.columns(2, gap="medium")
    with left:
        _map(sentence, ours, "aligned", _("{head} of tiny-translator").format(head=head.name), (TRANSFORMER, head))
    with right:
        _map(sentence, theirs, "aligned-gru", _("gru-attention: additive, one head"), (WITH_ATTENTION,))
    st.markdown(_compared(sentence, ours, theirs, same=same))
    left, right = st.columns(2, gap="large", vertical_alignment="center")
    with left:
        _lines(sentence, ours, head, ours.cell(*cell)[0])
    with right:
        st.markdown(_order(ours, head))
    st.caption(_measured(sentence))
    _bridge(sentence, ours, head, cell, ["aligned", "aligned-gru"] if same else ["aligned"])
    return []


def _words_or_tokens() -> bool:
    options = {"words": _("whole words"), "tokens": _("tokens")}
    return settings.one_of("cells_of", _("Rows and columns are"), options) == "words"


def _pair(sentence: Sentence, name: str, weights: Tensor, *, words: bool) -> Pair:
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


def _map(sentence: Sentence, pair: Pair, key: str, title: str, of: tuple[object, ...]) -> None:
    subtitle = _("row: Korean being written, looks at column: English read")

    def drawn() -> go.Figure:
        return across_heatmap(
            pair.weights.numpy(),
            pair.read,
            pair.written,
            title=title,
            subtitle=subtitle,
            theme=sentence.theme,
            weights=True,
            unit=_("weight"),
            axes=(_("English (key)"), _("Korean (query)")),
            height=440,
        )

    identity = ("alignment", key, sentence.text, sentence.theme, spoken(), len(pair.rows), len(pair.columns), *of)
    show.figure(store.figure(identity, drawn), key, f"{title}. {subtitle}")


def _lines(sentence: Sentence, pair: Pair, head: Head, chosen: int) -> None:
    title, subtitle = _("Word order"), _("a line from each Korean word to the English it looks at most")
    strongest = pair.weights.max(-1).values.numpy()
    drawn = crossing_lines(
        [unspaced(token) for token in pair.read],
        [unspaced(token) for token in pair.written],
        pair.looked_at,
        strongest,
        heads=(_("English"), _("Korean")),
        says=_("“{written}” looks at “{read}”: weight {weight}"),
        title=title,
        subtitle=subtitle,
        theme=sentence.theme,
        chosen=chosen,
    )
    show.figure(drawn, "word-order", f"{title}, {head.name}. {subtitle}")


def _order(pair: Pair, head: Head) -> str:
    """How far word order crosses, of the rows that are words, and surely look at one."""
    sure = [
        (row, column)
        for row, (column, weight) in enumerate(zip(pair.looked_at, pair.weights.max(-1).values, strict=True))
        if weight >= SURE and any(map(str.isalnum, pair.written[row])) and row < len(pair.written) - 1
    ]
    found = crossings([column for _row, column in sure])
    if not found.pairs:
        return _(
            "{head} gives half of its weight to one English word in fewer than two rows: no order to compare."
        ).format(head=head.name)
    words = _(
        "**{crossed} of {pairs} pairs of Korean words cross**: the one written first looks at English that stands "
        "later (of the {count} that give one word at least half of their weight)."
    )
    said = [words.format(crossed=found.crossed, pairs=found.pairs, count=len(sure))]
    if found.crossed:
        apart = [
            (sure[i][1] - sure[j][1], sure[i], sure[j])
            for i in range(len(sure))
            for j in range(i + 1, len(sure))
            if sure[i][1] > sure[j][1]
        ]
        _far, first, second = max(apart)
        words = _("Farthest: {one} is written before {other}, and {read_one} stands after {read_other}.")
        said.append(
            words.format(
                one=quoted(pair.written[first[0]]),
                other=quoted(pair.written[second[0]]),
                read_one=quoted(pair.read[first[1]]),
                read_other=quoted(pair.read[second[1]]),
            )
        )
    return " ".join(said)


# -- every head ----------------------------------------------------------------------------------------------------


def _every_head(sentence: Sentence) -> None:
    st.markdown("**" + _("Every head of cross-attention") + "**")
    weights = cross_weights(sentence.transformer)
    known = np.array(sentence.model(TRANSFORMER).card["roles"]["alignment"], dtype=np.float64)
    marks = np.full(known.shape, NONE, dtype=np.uint8)
    marks[heads.best(sentence)] = 0
    head_grid(
        (weights.sqrt() * 255).round().to(torch.uint8).numpy(),
        allowed=np.ones(weights.shape[2:], dtype=bool),
        roles=[("alignment", "★", _("largest weight on the right word"))],
        here={},
        known={"alignment": known},
        marks=marks,
        resting=np.zeros(known.shape, dtype=bool),
        pooled="",
        key="cross-heads",
    )


def _of_the_heads(sentence: Sentence) -> None:
    known = np.array(sentence.model(TRANSFORMER).card["roles"]["alignment"])
    layer, head = np.unravel_index(int(known.argmin()), known.shape)
    words = _(
        "A square a head: Korean tokens down, English across, more colour where it looks (√weight). Click one. "
        "★ {best} finds the right word for {share:.1%} of content words, as measured below; {worst} for {least:.1%}."
    )
    st.caption(
        words.format(
            best=head_name(*heads.best(sentence)),
            share=sentence.model(TRANSFORMER).card["figures"]["aligned"],
            worst=head_name(int(layer), int(head)),
            least=float(known.min()),
        )
    )


def _compared(sentence: Sentence, ours: Pair, theirs: Pair, *, same: bool) -> str:
    if not same:
        words = _("gru-attention writes another sentence, so its rows are others: **{text}**")
        return words.format(text=show.literal(sentence.written(WITH_ATTENTION)))
    agree = sum(one == other for one, other in zip(ours.looked_at, theirs.looked_at, strict=True))
    words = _(
        "gru-attention writes the same sentence. In **{agree} of {rows} rows** both look most at the same column."
    )
    return words.format(agree=agree, rows=len(ours.written))


def _measured(sentence: Sentence) -> str:
    best = head_name(*heads.best(sentence))
    ours, theirs = (sentence.model(name).card["figures"]["aligned"] for name in (TRANSFORMER, WITH_ATTENTION))
    words = _(
        "Measured on sentences that neither was trained on: the largest weight is on the right English word for "
        "{ours:.1%} of content words in {best} of tiny-translator, and for {theirs:.1%} in gru-attention. Words: of a "
        "Korean word, the row that writes its first token; of an English word, the sum over its tokens. A map is no "
        "dictionary: a row says where a head looked while a word was written, not which word it stands for. Articles, "
        "endings and full stops often have no counterpart, and what is looked at has already taken in its neighbours."
    )
    return words.format(ours=ours, theirs=theirs, best=best)


def _bridge(sentence: Sentence, pair: Pair, head: Head, cell: tuple[int, int], keys: list[str]) -> None:
    size = len(pair.written), len(pair.read)
    linked.bridge(
        sentence,
        keys,
        pair.cell(*cell),
        size,
        head=(head.layer, head.head or 0),
        heads=heads.shape(sentence),
        tokens=(pair.rows, pair.columns),
    )
