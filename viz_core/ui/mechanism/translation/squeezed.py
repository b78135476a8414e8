"""A sentence through one vector: what gru-plain is given at every word it writes, and what becomes of it."""

import numpy as np
import streamlit as st
from torch import Tensor

from viz_core.analysis.bottleneck import differing
from viz_core.figures import limits_of, vectors_heatmap
from viz_core.language import _
from viz_core.ui import show, store
from viz_core.ui.mechanism.translation import lengths, linked, marks, probe
from viz_core.ui.mechanism.translation.scene import WITH_ATTENTION, WITHOUT, Sentence
from viz_core.ui.show import number


def through_one_vector(sentence: Sentence) -> list[str]:
    _vectors(sentence)
    _three_write(sentence, lengths.kept())
    lengths.against_length(sentence)
    linked.nothing(sentence)
    return []


def _vectors(sentence: Sentence) -> None:
    plain, attending = (sentence.recurrent(name) for name in (WITHOUT, WITH_ATTENTION))
    n, width = plain.annotations.shape
    st.markdown(
        _(
            "**{plain}** reads the {n} tokens from both ends, and hands over where the two readings end: **one vector "
            "of {width} numbers** for the whole sentence, the same at every token that it writes. **{attending}** "
            "keeps all {n} annotations, {total:,} numbers, and mixes them anew for each token. But for the {more:,} "
            "weights that make its scores the rest is the same: shape, sentences, steps of training."
        ).format(plain=WITHOUT, attending=WITH_ATTENTION, n=n, width=width, total=n * width, more=_more(sentence))
    )
    limit = limits_of(plain.contexts.numpy(), attending.contexts.numpy())
    left, right = st.columns(2, gap="medium")
    with left:
        _context(sentence, WITHOUT, plain.contexts, _("c, the same for every token"), limit)
    with right:
        _context(sentence, WITH_ATTENTION, attending.contexts, _("cᵢ, new for each token"), limit)
    words = _(
        "From row to row a number changes by {same} at most in {plain}, by up to {most} in {attending}. Which number "
        "tells of which word, the picture does not show."
    )
    same, most = (_spread(found.contexts) for found in (plain, attending))
    st.caption(words.format(same=number(same), most=number(most), plain=WITHOUT, attending=WITH_ATTENTION))


def _more(sentence: Sentence) -> int:
    """How many weights gru-attention has that gru-plain has not."""
    attending, plain = (
        sum(weights.numel() for weights in sentence.model(name).network.parameters())
        for name in (WITH_ATTENTION, WITHOUT)
    )
    return attending - plain


def _spread(vectors: Tensor) -> float:
    """How far the rows are apart in any component, at most."""
    return float((vectors.amax(0) - vectors.amin(0)).max())


def _context(sentence: Sentence, model: str, contexts: Tensor, what: str, limit: float) -> None:
    key, title = f"context-{model}", f"{model} · {what}"
    subtitle = _("row: the token being written; {width} numbers each").format(width=contexts.shape[1])
    rows = sentence.writes(model)
    drawn = store.figure(
        (key, sentence.text, sentence.theme),
        lambda: vectors_heatmap(
            contexts.numpy().astype(np.float32),
            rows,
            title=title,
            subtitle=subtitle,
            theme=sentence.theme,
            rows_are="",
            limit=limit,
            height=min(420, 140 + 16 * len(rows)),
        ),
    )
    show.figure(drawn, key, f"{title}. {subtitle}")


# -- what the three write --------------------------------------------------------------------------------


def _three_write(sentence: Sentence, measured: probe.Probe | None) -> None:
    """Each other's differences; where the right translation is known, the differences from that."""
    st.markdown("#### " + _("What the three write"))
    written = {name: sentence.written(name) for name in probe.MODELS}
    wanted = measured.wanted(sentence.text) if measured else None
    if wanted is None:
        told = [marks.shown(words) for words in differing([probe.words(text) for text in written.values()])]
    else:
        told = [marks.against(text, wanted) for text in written.values()]
    lines = [f"**{name}** · {text}" for name, text in zip(written, told, strict=True)]
    if wanted is not None:
        lines.insert(0, "**" + _("right") + "** · " + show.literal(wanted))
    st.markdown("  \n".join(lines))
    st.caption(_said(written, wanted))


def _said(written: dict[str, str], wanted: str | None) -> str:
    if wanted is not None:
        right = [name for name, text in written.items() if text == wanted]
        words = _("This sentence is one of those measured below, so the right one is known. Right: {names}.")
        return words.format(names=", ".join(right) or _("none of the three"))
    if len(set(written.values())) == 1:
        return _(
            "All three write the same here. Whether it is right is known for the grammar's sentences alone, below."
        )
    return _(
        "Marked: words that are not in both others in that place. Which one is right is not known for a sentence of "
        "your own; it is for the grammar's sentences, below."
    )
