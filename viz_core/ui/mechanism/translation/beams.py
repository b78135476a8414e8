"""Greedy decoding or beam search: the texts kept side by side at every step, and whether another one wins."""

import math

import pandas as pd
import streamlit as st

from viz_core.figures.beam_tree import Leaf, beam_tree
from viz_core.figures.labels import unspaced
from viz_core.language import _
from viz_core.models.beam import Kept, beam
from viz_core.models.translator import END
from viz_core.ui import settings, show, store
from viz_core.ui.mechanism.translation.scene import TRANSFORMER, Sentence
from viz_core.ui.show import number

WIDTHS = (2, 3, 4)


def greedy_or_beam(sentence: Sentence) -> None:
    """A switch, and for a beam what it keeps at each step."""
    options = {"greedy": _("greedy")} | {str(width): _("beam of {width}").format(width=width) for width in WIDTHS}
    asked = settings.one_of("decoding", _("How the next token is chosen"), options)
    if asked == "greedy":
        st.caption(
            _(
                "Greedy: always the likeliest token, with no way back. A beam keeps several texts side by side and "
                "compares them whole."
            )
        )
        return
    steps, greedy = (_search(sentence, width) for width in (int(asked), 1))
    left, right = st.columns([1, 1.1], gap="large")
    with left:
        _tree(sentence, steps)
    with right:
        st.markdown(_said(sentence, steps[-1], greedy[-1][0]))
        _table(sentence, steps[-1])
        st.caption(
            _(
                "log P is the sum of the log-probabilities of all tokens, [end] among them, in nats: the texts are "
                "compared by it alone. A likelier text is not always a better translation."
            )
        )


def _search(sentence: Sentence, width: int) -> list[list[Kept]]:
    encoder = sentence.transformer.encoder
    source = [] if encoder is None else encoder.token_ids[:-1].tolist()
    network = sentence.model(TRANSFORMER).network
    return store.measurement(("beam", sentence.text, width), lambda _note: beam(network, source, width), heavy=False)


def _text(sentence: Sentence, kept: Kept) -> str:
    """With the blank that a text may begin with: what differs by it alone is another text."""
    text = sentence.model(TRANSFORMER).tokenizer.text([token for token in kept.ids if token != END])
    return "␣" + text[1:] if text.startswith(" ") else text


def _tree(sentence: Sentence, steps: list[list[Kept]]) -> None:
    title = _("What the beam keeps")
    subtitle = _("a row a step, the likeliest text at the left, by its last token")

    def leaf(kept: Kept) -> Leaf:
        label = _("[end]") if kept.ended else unspaced(_labels(sentence, kept)[-1])
        return Leaf(label, _text(sentence, kept), kept.log, kept.came)

    drawn = store.figure(
        ("beam tree", sentence.text, len(steps[-1]), sentence.theme),
        lambda: beam_tree(
            [[leaf(kept) for kept in step] for step in steps],
            heads=[_("likeliest"), *(_("{place}.").format(place=place) for place in range(2, len(steps[-1]) + 1))],
            title=title,
            subtitle=subtitle,
            theme=sentence.theme,
        ),
    )
    show.figure(drawn, "beam-tree", f"{title}: {subtitle}")


def _labels(sentence: Sentence, kept: Kept) -> tuple[str, ...]:
    return sentence.model(TRANSFORMER).tokenizer.labels(list(kept.ids))


def _said(sentence: Sentence, last: list[Kept], greedy: Kept) -> str:
    best = last[0]
    if best.ids == greedy.ids:
        words = _("**The beam of {width} writes what greedy decoding writes**, with probability {share}.")
        said = words.format(width=len(last), share=show.share(math.exp(best.log)))
    else:
        said = _other(sentence, last, greedy)
    return said if best.ended else said + " " + _("The text did not end: the context is full.")


def _other(sentence: Sentence, last: list[Kept], greedy: Kept) -> str:
    best = last[0]
    better = _("**The beam of {width} finds a likelier text than greedy decoding**: {best}, log P {log}.")
    worse = _("**The beam of {width} ends with a less likely text than greedy decoding**: {best}, log P {log}.")
    parted = next(step for step, tokens in enumerate(zip(best.ids, greedy.ids, strict=False)) if len(set(tokens)) > 1)
    words = (
        (better if best.log > greedy.log else worse)
        + " "
        + _("Greedy: {greedy}, log P {other}. They part at token {step}.")
    )
    return words.format(
        width=len(last),
        best=show.quoted(_text(sentence, best)),
        log=number(best.log),
        greedy=show.quoted(_text(sentence, greedy)),
        other=number(greedy.log),
        step=parted + 1,
    )


def _table(sentence: Sentence, last: list[Kept]) -> None:
    table = pd.DataFrame(
        {
            _("P"): [show.share(math.exp(kept.log)) for kept in last],
            _("log P"): [kept.log for kept in last],
            _("kept at the end"): [_text(sentence, kept) + ("" if kept.ended else " …") for kept in last],
        }
    )
    config = {_("log P"): st.column_config.NumberColumn(format="%.3f")}
    st.dataframe(table, hide_index=True, column_config=config)
