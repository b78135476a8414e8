"""Encoder-only beside decoder-only: the same hidden token, guessed from both sides and from the left alone."""

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from viz_core import masks
from viz_core.analysis import one_side
from viz_core.figures import Curve, curves, numbered, palette
from viz_core.figures.allowed import seen_by
from viz_core.figures.labels import shortened
from viz_core.figures.ranked import ranked_bars
from viz_core.language import _
from viz_core.models import Model
from viz_core.ui import show, store, waiting
from viz_core.ui.mechanism.translation import hidden_token, linked
from viz_core.ui.mechanism.translation.hidden_token import DECODER, ENCODER, Hidden
from viz_core.ui.mechanism.translation.scene import TRANSFORMER, Sentence
from viz_core.ui.show import quoted, share
from viz_core.ui.workshop import Progress

MOST = 6  # guesses
ASKED = "every place of"  # in the session: the text that was asked for


def one_side_only(sentence: Sentence) -> list[str]:
    hidden = hidden_token.hidden(hidden_token.asked(), sentence.theme)
    _given(hidden)
    left, right = st.columns(2, gap="large")
    with left:
        _guesses(hidden, ENCODER, hidden.encoder.logits)
        _sees(hidden, ENCODER, hidden.encoder.weights, hidden.row)
    with right:
        if hidden.left_only is None:
            words = _("**{model}** cannot guess the first token: nothing stands to its left. Hide a later one.")
            st.info(words.format(model=DECODER))
        else:
            _guesses(hidden, DECODER, hidden.left_only)
        _sees(hidden, DECODER, one_side.mean_weights(hidden.decoder), max(hidden.row - 1, 0))
    st.caption(
        _(
            "Weights are means over all layers and heads, the real ones of this text; the colours of each map end at "
            "the largest weight of a row that has a choice. {encoder} guesses at the hidden "
            "place itself, {decoder} one place before, where the token would come next: the framed row."
        ).format(encoder=ENCODER, decoder=DECODER)
    )
    _every_place(hidden)
    _what_looks_where(sentence, hidden)
    linked.nothing(sentence)
    return []


# -- what they guess, and where they look ----------------------------------------------------------------


def _given(hidden: Hidden) -> None:
    """The text as each is given it."""
    before = store.companion(DECODER).tokenizer
    if before is None:
        raise TypeError(f"{DECODER} has no tokenizer")
    ids = hidden.token_ids.tolist()
    left, right = (show.literal(before.text(part)) for part in (ids[: hidden.row], ids[hidden.row + 1 :]))
    gap = (" " if hidden.token.startswith("·") else "") + ":orange-background[**?**]"
    sees = (_("sees both sides"), _("sees the left alone"))
    st.markdown(f"**{ENCODER}** · {sees[0]}: {left}{gap}{right}  \n**{DECODER}** · {sees[1]}: {left}{gap}")


def _guesses(hidden: Hidden, name: str, logits: Tensor) -> None:
    """The likeliest tokens, and the true one where it is not among them."""
    model = store.companion(name)
    true = int(hidden.token_ids[hidden.row])
    probabilities = torch.softmax(logits.double(), dim=-1)
    ids = probabilities.topk(MOST).indices.tolist()
    place = one_side.rank(logits, true)
    labels = [_label(model, hidden, index) for index in ids]
    if true not in ids:
        ids.append(true)
        labels.append(f"{_label(model, hidden, true)} ({_('rank')} {place:,})")
    shares = probabilities[ids].tolist()
    drawn = ranked_bars(
        labels,
        shares,
        title=f"{name} · " + (_("both sides") if name == ENCODER else _("left side")),
        subtitle=_("its likeliest tokens for the hidden place; orange: the true one"),
        theme=hidden.theme,
        chosen=ids.index(true),
        signed=False,
        texts=[share(value) for value in shares],
    )
    show.figure(drawn, f"guesses-{name}", _("The likeliest tokens of {model}").format(model=name))
    words = _("{token} is its guess number {rank}, with {share}.")
    st.markdown(
        words.format(token=quoted(hidden.token), rank=f"**{place:,}**", share=share(float(probabilities[true])))
    )


def _label(model: Model, hidden: Hidden, index: int) -> str:
    before = hidden.token_ids[max(0, hidden.row - 3) : hidden.row].tolist()
    return shortened(model.labels([*before, index])[-1])


def _sees(hidden: Hidden, name: str, weights: Tensor, row: int) -> None:
    n = len(hidden.tokens)
    allowed = masks.full(n, n) if name == ENCODER else masks.causal(n)
    cells = int(allowed.sum())
    tokens = hidden.shown if name == ENCODER else hidden.tokens
    title = _("{model}: {cells:,} of {all:,} cells allowed").format(model=name, cells=cells, all=n * n)
    subtitle = _("row looks at column; grey: not allowed")
    drawn = store.figure(
        ("sees", name, hidden.text, hidden.row, hidden.theme),
        lambda: seen_by(
            weights.numpy(),
            tokens,
            allowed.numpy(),
            row=row,
            title=title,
            subtitle=subtitle,
            theme=hidden.theme,
        ),
    )
    show.figure(drawn, f"sees-{name}", f"{title}. {subtitle}")


# -- every place -----------------------------------------------------------------------------------------


def _every_place(hidden: Hidden) -> None:
    st.markdown("#### " + _("Every token hidden in turn"))
    n = len(hidden.tokens)
    if n == 1:
        st.markdown(_("A text of one token has no place that both could guess."))
        return
    both = _of_each(hidden)
    if both is None:
        return
    left = one_side.from_the_left(hidden.decoder.logits, hidden.token_ids)
    shares = {ENCODER: both[1:].exp(), DECODER: left.exp()}
    inks = {ENCODER: palette.VALUE, DECODER: palette.KEY}
    places = np.arange(1, n)
    drawn = curves(
        [Curve(name, places, values.numpy(), ink=inks[name]) for name, values in shares.items()],
        title=_("Probability of the true token"),
        subtitle=_("{encoder} is shown all others, {decoder} those before").format(encoder=ENCODER, decoder=DECODER),
        x_title=_("token"),
        y_title=_("probability"),
        names=numbered(hidden.tokens),
        theme=hidden.theme,
        zero=True,
        mark=hidden.row,
    )
    show.figure(drawn, "every-place", _("The probability of each true token, by both models"))
    st.markdown(_compared(shares[ENCODER], shares[DECODER]) + _where_it_repeats(hidden, shares))
    st.caption(
        _(
            "This compares two small models on one text, not the two kinds: {encoder} sees more and was trained to "
            "fill gaps, {decoder} was trained to continue, for longer. The first token is left out: nothing stands "
            "before it."
        ).format(encoder=ENCODER, decoder=DECODER)
    )


def _of_each(hidden: Hidden) -> Tensor | None:
    """log p of each token hidden alone; None where that takes long and nobody asked."""
    n, place = len(hidden.tokens), st.container()
    kept: Tensor | None = store.measured(hidden_token.each(hidden.text))
    if kept is not None:
        return kept
    if st.session_state.get(ASKED) != hidden.text:
        st.button(
            _("Hide each of the {n} tokens in turn").format(n=n),
            key="hide-each",
            icon=":material/timer:",
            on_click=lambda: st.session_state.update({ASKED: hidden.text}),
        )
        st.caption(
            _("{model} reads the text once for each: with a long text this takes a while.").format(model=ENCODER)
        )
        return None
    with waiting.shown(place, "hide each", _hiding) as report:
        return hidden_token.hide_each(hidden.text, hidden.token_ids, report)


def _hiding(progress: Progress) -> str:
    return _("Hiding one token at a time: {done} of {total}").format(done=progress.done, total=progress.total)


def _compared(both: Tensor, left: Tensor) -> str:
    wins = int((both > left).sum())
    words = _(
        "On average over {n} places **{encoder}** gives the true token **{both}**, **{decoder}** **{left}**; the first "
        "gives it more at {wins} of them. In nats a token, which count confident mistakes more: {nats_both:.2f} and "
        "{nats_left:.2f} (less is better)."
    )
    return words.format(
        n=len(both),
        encoder=ENCODER,
        decoder=DECODER,
        both=share(float(both.mean())),
        left=share(float(left.mean())),
        wins=wins,
        nats_both=-float(both.log().mean()),
        nats_left=-float(left.log().mean()),
    )


def _where_it_repeats(hidden: Hidden, shares: dict[str, Tensor]) -> str:
    """A decoder may copy what followed the last time; said where that is to be seen."""
    again = one_side.said_before(hidden.token_ids)[1:]
    if not again.any() or again.all():
        return ""
    words = _(
        " {count} of the tokens have stood after the same token before in this text: {decoder} gives these "
        "{again_left}, the others {else_left}; {encoder} {again_both} and {else_both}."
    )
    both, left = shares[ENCODER], shares[DECODER]
    return words.format(
        count=int(again.sum()),
        encoder=ENCODER,
        decoder=DECODER,
        again_left=share(float(left[again].mean())),
        else_left=share(float(left[~again].mean())),
        again_both=share(float(both[again].mean())),
        else_both=share(float(both[~again].mean())),
    )


# -- the three kinds -------------------------------------------------------------------------------------


def _what_looks_where(sentence: Sentence, hidden: Hidden) -> None:
    st.markdown("#### " + _("What looks where"))
    n = len(hidden.tokens)
    source, target = len(sentence.read(TRANSFORMER)), len(sentence.writes(TRANSFORMER))
    read, written, same = _("the text read"), _("the text written so far"), _("the same text")
    rows = [
        (_("encoder self-attention"), read, same, _("every column, both sides"), ENCODER, n * n, n * n),
        (_("decoder self-attention"), written, same, _("itself and its left"), DECODER, n * (n + 1) // 2, n * n),
        (_("cross-attention"), written, read, _("every column"), TRANSFORMER, target * source, target * source),
    ]
    names = (
        _("attention"),
        _("queries from"),
        _("keys, values from"),
        _("a row may look at"),
        _("in"),
        _("cells here"),
    )
    cells = _("{cells:,} of {all:,}")
    st.dataframe(
        [dict(zip(names, (*said, cells.format(cells=some, all=every)), strict=True)) for *said, some, every in rows],
        hide_index=True,
    )
    st.caption(
        _(
            "{translator} has all three. An encoder alone reads a text whole but writes nothing after it; a decoder "
            "alone writes on but never looks ahead; together they read one text whole and write another."
        ).format(translator=TRANSFORMER)
    )
