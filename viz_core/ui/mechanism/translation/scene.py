"""What the page draws from: one English sentence, and what each translator leaves behind when it writes it in Korean.

The sentence is the page's own, for these models read English alone. What cannot be read leaves the last good sentence
on the page; what was typed stays in the box.
"""

from dataclasses import dataclass

import streamlit as st

from viz_core.figures.palette import ThemeName
from viz_core.language import _
from viz_core.models import Translator, UnusableText
from viz_core.recording import Recording
from viz_core.recurrent import RecurrentRecording
from viz_core.ui import frame, settings, show, store

TRANSFORMER, WITH_ATTENTION, WITHOUT = "tiny-translator", "gru-attention", "gru-plain"
START = "At night her bird will chase the cat that the children saw."
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
    st.session_state["good english"] = text
    return Sentence(text=text, theme=frame.theme())


def _examples() -> None:
    st.pills(_("Examples"), EXAMPLES, key="english example", label_visibility="collapsed", on_change=_take_example)


def _take_example() -> None:
    chosen = st.session_state["english example"]
    if chosen:
        settings.keep("english", "" if chosen == START else chosen)
        for of_the_sentence_before in ("word", "source"):
            settings.keep(of_the_sentence_before, "")
        st.session_state["english example"] = None
