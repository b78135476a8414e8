"""The finished pair: which English word each Korean word looked at, for any head, beside additive attention's."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch

from viz_core.analysis.translating import cross_weights, crossed_farthest, crossings, same_word
from viz_core.figures.across import across_heatmap
from viz_core.figures.crossing import crossing_lines
from viz_core.figures.labels import unspaced
from viz_core.language import _
from viz_core.ui import settings, show, store
from viz_core.ui.components.head_grid import head_grid
from viz_core.ui.mechanism.translation import heads, linked, word_pairs
from viz_core.ui.mechanism.translation.heads import Head
from viz_core.ui.mechanism.translation.scene import TRANSFORMER, WITH_ATTENTION, Sentence
from viz_core.ui.mechanism.translation.word_pairs import Pair
from viz_core.ui.roles import NONE, head_name
from viz_core.ui.show import quoted

SURE = 0.5  # of a row's weight: from there a Korean word is said to look at an English one


def alignment(sentence: Sentence) -> list[str]:
    left, right = st.columns([1.25, 1], gap="large")
    with right:
        words = _words_or_tokens()
        _of_the_heads(sentence)
    with left:
        _every_head(sentence)
    head = Head(*heads.chosen(sentence))
    ours = word_pairs.pair(sentence, TRANSFORMER, head.weights(sentence), words=words)
    theirs = word_pairs.pair(
        sentence, WITH_ATTENTION, cross_weights(sentence.recurrent(WITH_ATTENTION))[0, 0], words=words
    )
    cell = linked.cell(head.weights(sentence), sentence.writes(TRANSFORMER))
    same = sentence.written(TRANSFORMER) == sentence.written(WITH_ATTENTION)
    row = ours.cell(*cell)[0]
    beside = None if same else same_word(ours.written[row], row, theirs.written)
    left, right = st.columns(2, gap="medium")
    with left:
        _map(sentence, ours, "aligned", _("{head} of tiny-translator").format(head=head.name), TRANSFORMER, head)
    with right:
        name = _("gru-attention: additive, one head")
        _map(sentence, theirs, "aligned-gru", name, WITH_ATTENTION, framed=beside)
    st.markdown(_compared(sentence, ours, theirs, same=same, beside=beside))
    word_pairs.of_particles(sentence, head.weights(sentence))
    left, right = st.columns(2, gap="large", vertical_alignment="center")
    with left:
        _lines(sentence, ours, head, row)
    with right:
        st.markdown(_order(ours, head))
    st.caption(_measured(sentence))
    _bridge(sentence, ours, head, cell, ["aligned", "aligned-gru"] if same else ["aligned"])
    return []


def _words_or_tokens() -> bool:
    options = {"words": _("whole words"), "tokens": _("tokens")}
    return settings.one_of("cells_of", _("Rows and columns are"), options) == "words"


def _map(sentence: Sentence, pair: Pair, key: str, title: str, *of: object, framed: int | None = None) -> None:
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
            framed=framed,
            height=440,
        )

    identity = (
        "alignment",
        key,
        sentence.text,
        sentence.theme,
        len(pair.rows),
        len(pair.columns),
        framed,
        *of,
    )
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
        (row, column, weight)
        for row, (column, weight) in enumerate(zip(pair.looked_at, pair.weights.max(-1).values.tolist(), strict=True))
        if weight >= SURE and any(map(str.isalnum, pair.written[row])) and row < len(pair.written) - 1
    ]
    found = crossings([column for _row, column, _weight in sure])
    if not found.pairs:
        return _(
            "{head} gives half of its weight to one English word in fewer than two rows: no order to compare."
        ).format(head=head.name)
    words = _(
        "**{crossed} of {pairs} pairs of rows cross**: the one written first looks at English that stands later (of "
        "the {count} rows, for content words or not, that give one word at least half of their weight)."
    )
    said = [words.format(crossed=found.crossed, pairs=found.pairs, count=len(sure))]
    if found.crossed:
        first, second = (sure[at] for at in crossed_farthest(*zip(*[row[1:] for row in sure], strict=True)))
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
        allowed=np.ones((1, *weights.shape[2:]), dtype=bool),
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


def _compared(sentence: Sentence, ours: Pair, theirs: Pair, *, same: bool, beside: int | None) -> str:
    if not same:
        words = _("gru-attention writes another sentence, so its rows are others: **{text}**")
        said = words.format(text=show.literal(sentence.written(WITH_ATTENTION)))
        return said if beside is None else said + " " + _("Framed there: the row of the same Korean word.")
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
        "{ours:.1%} of content words in {best} of tiny-translator, and for {theirs:.1%} in gru-attention. Korean "
        "words: between blanks, with their particles; the row that writes the first token. English words: the sum over "
        "their tokens. A map is no dictionary: a row says where a head looked while a word was written, not which word "
        "it stands for. Articles, auxiliaries and full stops often have no counterpart; they were left out."
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
