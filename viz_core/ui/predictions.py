"""What the model makes of the text: the tokens it would say next, or, an encoder, what it guesses is hidden."""

import streamlit as st

from viz_core.figures import next_token_bars
from viz_core.figures.palette import ThemeName
from viz_core.language import _
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import show, state
from viz_core.ui.choice import Choice

MOST = 6  # tokens


def next_token(model: Model, text: str, recording: Recording, theme: ThemeName) -> None:
    """What a decoder would say next; a click adds it."""
    if not model.predicts:
        _nothing_predicted(model)
        return
    following = model.next_tokens(recording, MOST)
    _heading(_("What {model} would say next"), model, _("click a bar to add it"))
    show.figure(
        next_token_bars(
            [token.label for token in following], [token.probability for token in following], theme=theme, height=160
        ),
        "next",
        _("The likeliest next tokens"),
        on_bar=lambda index: state.show(text=model.extend(text, following[index].token_id), query=-1, key=-1),
    )


def hidden_token(model: Model, text: str, recording: Recording, choice: Choice, theme: ThemeName) -> None:
    """What an encoder guesses is hidden: at the chosen row where that is hidden, else at the first hidden one."""
    ids = recording.token_ids.tolist()
    hidden = [row for row, index in enumerate(ids) if index == model.mask_id]
    if not hidden:
        _invitation(model, text, recording, choice)
        return
    row = choice.query if choice.query in hidden else hidden[0]
    guesses = model.guesses(recording, row, MOST)
    where = (
        _("What {model} guesses is hidden") if len(hidden) == 1 else _("What {model} guesses is hidden at token {row}")
    )
    _heading(where.replace("{row}", str(row)), model, _("click a bar to put it there"))
    show.figure(
        next_token_bars(
            [token.label for token in guesses], [token.probability for token in guesses], theme=theme, height=160
        ),
        "next",
        _("The likeliest hidden tokens"),
        on_bar=lambda index: state.show(text=model.filled(text, row, guesses[index].token_id), query=row, key=-1),
    )


def _invitation(model: Model, text: str, recording: Recording, choice: Choice) -> None:
    if model.mask_id is None:
        _nothing_predicted(model)
        return
    without = model.hidden(text, choice.query)
    with st.container(horizontal=True, vertical_alignment="center"):
        _heading(_("{model} guesses hidden words"), model)
        st.button(
            _("Hide {token}").format(token=show.quoted(recording.tokens[choice.query])),
            key="hide",
            icon=":material/visibility_off:",
            disabled=without == text,  # a token of blanks alone
            on_click=lambda: state.show(text=without, query=-1, key=-1),
        )
    st.caption(_("Write {mask} in the sentence to let it guess a word from both sides.").format(mask=f"`{model.mask}`"))


def _nothing_predicted(model: Model) -> None:
    words = _("{model} reads both ways and has no word for a hidden token, so it guesses none.")
    if not model.predicts:
        words = _("{model} reads and predicts no token: a sentence encoder or a classifier.")
    if "reads_for" in model.card:
        words = _(
            "Shown is the encoder of {model}, which reads both ways and predicts nothing. Its decoder and the weights "
            "across are to be had in Python, viz_core.show(recording, which=…), and on the command line, --which cross."
        )
    st.caption(words.format(model=show.literal(model.name)))


def _heading(words: str, model: Model, what_to_do: str = "") -> None:
    said = "**" + words.format(model=show.literal(model.name)) + "**"
    st.markdown(said + " · " + what_to_do if what_to_do else said, width="stretch" if what_to_do else "content")
