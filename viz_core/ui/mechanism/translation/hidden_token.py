"""A text that an encoder-only and a decoder-only model both read, with one token hidden from the encoder."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis import one_side
from viz_core.analysis.one_side import Guess
from viz_core.figures import numbered
from viz_core.figures.palette import ThemeName
from viz_core.language import _
from viz_core.models import Model, UnusableText
from viz_core.models.model import MASK
from viz_core.recording import Recording
from viz_core.ui import settings, show, state, store
from viz_core.ui.workshop import Report

ENCODER, DECODER = "tiny-bert", "tiny-gpt"
AT_ONCE = 64  # tokens: of a longer text each is hidden in turn when asked for


@dataclass(frozen=True, eq=False)
class Hidden:
    """One token of a text hidden from the encoder, and what both models leave behind.

    shown    the tokens as the encoder is given them
    encoder  what it makes of them at the hidden place
    decoder  of the text as it is
    """

    text: str
    theme: ThemeName
    tokens: tuple[str, ...]
    shown: tuple[str, ...]
    token_ids: Tensor
    row: int
    encoder: Guess
    decoder: Recording

    @property
    def left_only(self) -> Tensor | None:
        """The decoder's logits for the hidden place [vocab], or None where nothing stands to its left."""
        return self.decoder.logits[self.row - 1] if self.row else None

    @property
    def token(self) -> str:
        return self.tokens[self.row]


def asked() -> str:
    """The sentence of the other pages, where both can read it; else why not, and the last that both could."""
    typed = state.current().text
    settings.put("one-side-text", typed)
    st.text_input(
        _("These two read one text, English or Korean: the one of the other pages"),
        key="one-side-text",
        on_change=lambda: state.show(text=st.session_state["one-side-text"], query=-1, key=-1),
    )
    try:
        _ids(typed)
    except UnusableText as error:
        st.error(show.literal(str(error)), icon=":material/error:")
        kept: str = st.session_state.get("good one-side text", state.View.text)
        shown = kept if len(kept) <= 60 else kept[:59] + "…"
        st.caption(_("Still shown below: “{text}”.").format(text=show.literal(shown)))
        return kept
    st.session_state["good one-side text"] = typed
    return typed


def _ids(text: str) -> list[int]:
    """As both read it: tiny-bert's tokens are tiny-gpt's, and one for what is hidden. Raises UnusableText."""
    if MASK in text:
        words = _("The text holds {mask}, which {decoder} does not know. Write a word there and hide it below.")
        raise UnusableText(words.format(mask=MASK, decoder=DECODER))
    found = store.companion(DECODER).token_ids(text)
    limit = min(store.companion(name).context for name in (ENCODER, DECODER))
    if len(found) > limit:
        words = _("The text has {n} tokens; these models take at most {limit}. Shorten it.")
        raise UnusableText(words.format(n=f"{len(found):,}", limit=limit), n_tokens=len(found), limit=limit)
    return found


def hidden(text: str, theme: ThemeName) -> Hidden:
    encoder, decoder, ids = store.companion(ENCODER), store.companion(DECODER), _ids(text)
    tokens = decoder.labels(ids)
    left = store.recording(decoder, text, all_logits=True)
    row = _chosen(text, tokens, torch.tensor(ids), left)
    shown = [*ids[:row], mask(encoder), *ids[row + 1 :]]
    both = store.measurement(
        ("hidden", text, row), lambda _note: one_side.guess(encoder.record(shown, all_logits=True), row), heavy=False
    )
    return Hidden(text, theme, tokens, encoder.labels(shown), torch.tensor(ids), row, both, left)


def mask(encoder: Model) -> int:
    if encoder.mask_id is None:
        raise TypeError(f"{encoder.name} has no sign for a hidden token")
    return encoder.mask_id


def each(text: str) -> tuple[str, str]:
    """Under which name `hide_each` is kept."""
    return "each hidden", text


def hide_each(text: str, token_ids: Tensor, report: Report | None = None) -> Tensor:
    """log p of the true token at every place, each hidden alone from the encoder, [seq]."""
    encoder = store.companion(ENCODER)
    return store.measurement(
        each(text),
        lambda note: one_side.hidden_each(encoder.transformer, token_ids, mask(encoder), note),
        report,
    )


def _chosen(text: str, tokens: Sequence[str], token_ids: Tensor, decoder: Recording) -> int:
    """The token to hide; where nobody has chosen, a word that both sides tell most more of."""
    words = [place for place, token in enumerate(tokens) if place and any(map(str.isalnum, token))]
    names = {str(place): name for place, name in enumerate(numbered(tokens))}
    ours = words[len(words) // 2] if words else len(tokens) - 1
    short = bool(words) and len(tokens) <= AT_ONCE
    if short:
        gain = hide_each(text, token_ids)[1:] - one_side.from_the_left(decoder.logits, token_ids)
        ours = max(words, key=lambda place: float(gain[place - 1]))
    box, beside = st.columns([1, 2.5], vertical_alignment="bottom")
    with box:
        row = int(settings.choice("hidden", _("Token to hide"), names, default=str(ours)))
    if short and row == ours:
        words_said = _("Chosen: the word that gains most, in log-probability, from {decoder} to {encoder}.")
        beside.caption(words_said.format(encoder=ENCODER, decoder=DECODER))
    return row
