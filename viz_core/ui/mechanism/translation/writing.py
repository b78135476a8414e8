"""The Korean written token by token: where the model looks in the English for each, and what it held likeliest."""

from collections.abc import Sequence

import streamlit as st
from torch import Tensor

from viz_core.analysis.translating import Held, likeliest
from viz_core.figures import lying
from viz_core.figures.labels import unspaced
from viz_core.figures.written import names, written_bars
from viz_core.language import _
from viz_core.ui import settings, show, store
from viz_core.ui.components.writer import Bars, writer
from viz_core.ui.mechanism.translation import beams, heads, linked, word_pairs
from viz_core.ui.mechanism.translation.heads import Head
from viz_core.ui.mechanism.translation.scene import TRANSFORMER, Sentence

LIKELIEST = 5
SURE = 0.5  # of a row's weight: below, no single token has most of it


def word_by_word(sentence: Sentence) -> list[str]:
    head = heads.asked(sentence, mean=True)
    weights = head.weights(sentence)
    step, _column = linked.cell(weights, sentence.writes(TRANSFORMER))
    left, right = st.columns([1.6, 1], gap="medium")
    with right:
        bars = _held(sentence, step)
    with left:
        writer(
            sentence.read(TRANSFORMER),
            sentence.writes(TRANSFORMER),
            weights.numpy(),
            _says(sentence, head, weights),
            names=(_("English, read whole before the first word is written"), _("Korean, written so far")),
            bars=bars,
            step=step,
            on_step=_rest_at,
            key="writer",
        )
    st.markdown(_translation(sentence))
    word_pairs.of_particles(sentence, weights)
    st.caption(_shown(bars))
    beams.greedy_or_beam(sentence)
    linked.nothing(sentence)
    return []


def _shown(bars: Bars) -> str:
    signs = _("[start] and [end] are the same sign.")
    in_bytes = _("Tokens such as ⟨EC⟩ are bytes: three of them make one Korean syllable such as 아.")
    return " ".join(
        [
            _(
                "Colour and lines: one row of cross-attention, which sums to 1. Its query is made where the token "
                "before goes in; its output is the next token."
            ),
            _(
                "One head is a part of what makes the word: others look elsewhere for it, and the decoder also looks "
                "at the Korean so far."
            ),
            signs,
            *([in_bytes] if any("⟨" in name for *_shares, held in bars.steps for name in held) else []),
        ]
    )


def _rest_at(step: int) -> None:
    settings.keep("source", "")
    settings.keep("word", str(step))


def _says(sentence: Sentence, head: Head, weights: Tensor) -> list[str]:
    """A sentence on every step, in plain text."""
    english = sentence.read(TRANSFORMER)
    rows = zip(sentence.inputs(TRANSFORMER), sentence.writes(TRANSFORMER), weights, strict=True)
    return [_said(head, goes_in, written, row, english) for goes_in, written, row in rows]


def _said(head: Head, goes_in: str, written: str, row: Tensor, english: Sequence[str]) -> str:
    best = row.topk(min(2, len(row)))
    looked = [
        f"“{unspaced(english[index])}” ({show.share(weight)})"
        for index, weight in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]
    if best.values[0] >= SURE or len(looked) == 1:
        words = _("To write “{written}” after “{before}”, {head} looks most at {first}.")
    else:
        words = _("To write “{written}” after “{before}”, {head} spreads its weight; most is on {first} and {second}.")
    return words.format(
        written=unspaced(written), before=unspaced(goes_in), head=head.name, first=looked[0], second=looked[-1]
    )


def _held(sentence: Sentence, step: int) -> Bars:
    """Draws what the model held likeliest at this step; returns the bars of all steps."""
    recording, tokenizer = sentence.transformer, sentence.model(TRANSFORMER).tokenizer
    held: Held = store.finding(("held", sentence.text), lambda: likeliest(recording.logits, LIKELIEST))
    labels = [[_label(tokenizer.labels([token])[0], token) for token in row] for row in held.token_ids.tolist()]
    shares = held.probabilities.tolist()
    written = [*recording.token_ids[1:].tolist(), int(held.token_ids[-1, 0])]
    chosen = [row.index(token) for row, token in zip(held.token_ids.tolist(), written, strict=True)]
    title = _("What it held likeliest")
    subtitle = _("probability of the next token; ▸ the one written")
    drawn = written_bars(
        labels[step],
        shares[step],
        chosen=chosen[step],
        title=title,
        subtitle=subtitle,
        theme=sentence.theme,
        widest=[label for row in labels for label in row],
    )
    show.figure(drawn, "held", f"{title}. {subtitle}")
    steps = [
        (share, list(map(lying.percent, share)), names(label, index))
        for share, label, index in zip(shares, labels, chosen, strict=True)
    ]
    return Bars("held", steps)


def _label(label: str, token: int) -> str:
    return _("[end]") if token == 0 else label


def _translation(sentence: Sentence) -> str:
    said = _("Translation: **{text}**").format(text=show.literal(sentence.written(TRANSFORMER)))
    if sentence.ends(TRANSFORMER):
        return said
    return said + " " + _("It did not end: the model's context is full.")
