"""What the page draws from: one English sentence, and what each translator leaves behind when it writes it in Korean.

The sentence is the page's own, for these models read English alone. What cannot be read leaves the last good sentence
on the page; what was typed stays in the box.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from viz_core.figures.palette import ThemeName
from viz_core.language import _
from viz_core.models import Translator, UnusableText
from viz_core.models.translator import END, WORD, words
from viz_core.recording import Recording
from viz_core.recurrent import RecurrentRecording
from viz_core.ui import settings, show, state, store, themes

TRANSFORMER, WITH_ATTENTION, WITHOUT = "tiny-translator", "gru-attention", "gru-plain"
START = "At night her bird will chase the cat that the children saw."
MOST_NAMED = 6
SEEN_OFTEN = 20  # pairs of its training: a word in fewer is one that the model hardly knows
EXAMPLES = (
    START,
    "I give this book to the child and the doctor.",
    "In the evening Minjun can cut this meat with a knife.",
    "When does Mina go to the big hospital by bus?",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Sentence:
    """An English sentence that all three translators can read."""

    text: str
    theme: ThemeName

    def model(self, name: str) -> Translator:
        return store.translator(name)

    @property
    def transformer(self) -> Recording:
        """What tiny-translator leaves behind. Row i is where it looks to write token i of its translation."""
        found = store.translation(TRANSFORMER, self.text)
        if not isinstance(found, Recording):
            raise TypeError(f"{TRANSFORMER} is recurrent; expected a Transformer")
        return found

    def recurrent(self, name: str) -> RecurrentRecording:
        """What one of the recurrent two leaves behind; rows as above."""
        found = store.translation(name, self.text)
        if not isinstance(found, RecurrentRecording):
            raise TypeError(f"{name} is a Transformer; expected a recurrent network")
        return found

    def written(self, name: str) -> str:
        """The sentence in Korean, by greedy decoding."""
        model, found = self.model(name), store.translation(name, self.text)
        return model.tokenizer.text(found.token_ids[1:].tolist())

    def read(self, name: str) -> tuple[str, ...]:
        """The English tokens, as labels: the columns of its cross-attention."""
        found = store.translation(name, self.text)
        tokens = found.source_tokens if isinstance(found, RecurrentRecording) else _encoder(found).tokens
        return (*tokens[:-1], _("[end]"))

    def inputs(self, name: str) -> tuple[str, ...]:
        """The token that goes into each row of the decoder, as labels: the one before the one it writes."""
        return (_("[start]"), *store.translation(name, self.text).tokens[1:])

    def writes(self, name: str) -> tuple[str, ...]:
        """The token that each row of the decoder writes, as labels."""
        found, tokenizer = store.translation(name, self.text), self.model(name).tokenizer
        last = tokenizer.labels([int(found.logits[-1].argmax())])[0]
        return (*found.tokens[1:], _("[end]") if self.ends(name) else last)

    def ends(self, name: str) -> bool:
        """Whether the translation ends, rather than fill the model's context."""
        return int(store.translation(name, self.text).logits[-1].argmax()) == END


def _encoder(recording: Recording) -> Recording:
    if recording.encoder is None:
        raise TypeError("the recording has no encoder; expected that of an encoder–decoder")
    return recording.encoder


def asked() -> Sentence:
    """The sentence box; the sentence in it, or, where that cannot be read, why, and the last one that could."""
    typed = settings.text("english", _("Type an English sentence; the models write it in Korean"), default=START)
    _examples()
    text = typed
    try:
        store.translation(TRANSFORMER, typed)
    except UnusableText as error:
        text = st.session_state.get("good english", START)
        st.error(show.literal(str(error)), icon=":material/error:")
        st.caption(_("Still shown below: “{text}”.").format(text=show.literal(text)))
    else:
        _unknown(typed)
    _forget_the_cell_before(text)
    st.session_state["good english"] = text
    return Sentence(text=text, theme=themes.theme())


def unasked() -> Sentence:
    """The same without its box, and without a word on what cannot be read."""
    text = state.setting("english") or START
    try:
        store.translation(TRANSFORMER, text)
    except UnusableText:
        text = st.session_state.get("good english", START)
    return Sentence(text=text, theme=themes.theme())


def _examples() -> None:
    st.pills(_("Examples"), EXAMPLES, key="english example", label_visibility="collapsed", on_change=_take_example)


def _take_example() -> None:
    chosen = st.session_state["english example"]
    if chosen:
        settings.keep("english", "" if chosen == START else chosen)
        st.session_state["english example"] = None


def _unknown(text: str) -> None:
    """Which words the models hardly know: what they write for these is a guess."""
    seen = store.translator(TRANSFORMER).seen(text)
    never = [_as_typed(word, text) for word, count in seen.items() if not count]
    rare = [
        _("{word} (sentence pairs with it: {count})").format(word=_as_typed(word, text), count=count)
        for word, count in seen.items()
        if 0 < count < SEEN_OFTEN
    ]
    said = [] if seen else [_("There is no word in this text.")]
    if never:
        said.append(_("In training these models never saw {words}.").format(words=_listed(never)))
    if rare:
        said.append(_("In training these models hardly saw {words}.").format(words=_listed(rare)))
    if said:
        st.warning(" ".join([*said, _("What they write there is a guess.")]), icon=":material/help:")


def _as_typed(word: str, text: str) -> str:
    """A word in lower case, as it first stands in the text."""
    return show.quoted(next(typed for typed in WORD.findall(text) if words(typed) == [word]))


def _listed(names: Sequence[str]) -> str:
    """At most a handful."""
    more = _(" and {count} more").format(count=len(names) - MOST_NAMED) if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _forget_the_cell_before(text: str) -> None:
    """Tokens chosen in another sentence are none of this one; those of a link are."""
    if st.session_state.get("good english", text) != text:
        for name in ("word", "source", "looks", "looked_at", "so_far"):
            state.put_setting(name, "")
