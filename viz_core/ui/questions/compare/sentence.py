"""B is the same model on another sentence."""

import re

import streamlit as st

from viz_core.language import _
from viz_core.models import UnusableText
from viz_core.recording import Recording
from viz_core.ui import controls, settings, show, state, store
from viz_core.ui.questions.compare import heads, layout, nexts, ranking
from viz_core.ui.questions.compare.pictures import shortened
from viz_core.ui.questions.compare.ranking import Ranking
from viz_core.ui.questions.compare.sides import Pair, Side, first_side, with_head
from viz_core.ui.scene import Scene

CHANGED = (  # what stands in place of what, in the order in which they are looked for
    ("ball", "car"),
    ("dog", "cat"),
    ("cat", "dog"),
    ("man", "woman"),
    ("girl", "boy"),
    ("boy", "girl"),
    ("mom", "dad"),
    ("king", "queen"),
    ("he", "she"),
    ("she", "he"),
    ("red", "blue"),
    ("big", "small"),
    ("happy", "sad"),
    ("good", "bad"),
    ("not", "now"),
    ("커피", "우유"),
    ("영화", "노래"),
    ("사과", "바나나"),
    ("개", "고양이"),
)
# not within another word, but with a particle; not the 개 that counts things
KOREAN = r"(?<!\w)(?<![한두세네몇러] ){word}(?=(?:[는가를와도의만]|에게|하고)?(?!\w))"


def another_sentence(scene: Scene) -> list[str]:
    box, switch, chooser = st.columns([1.9, 1.05, 0.95], gap="medium", vertical_alignment="bottom")
    with box:
        text, recording = _asked(scene)
    with switch:
        paired = settings.switch(
            "paired",
            _("Pair what is replaced"),
            help=_(
                "Where as many tokens of A stand as of B between two shared ones, they count as shared too, one for "
                "one: a word replaced by another can then be compared with it."
            ),
        )
    place = st.container()
    first = first_side(scene, _quoted(scene.text))
    second = Side(
        letter="B",
        says=_quoted(text),
        model=scene.model,
        text=text,
        recording=recording,
        layer=first.layer,
        head=first.head,
    )
    values = ranking.changes(Pair.of(first, second, paired=paired), place)
    scene = heads.looked_at(scene, ranking.most_changed(values))
    at = (scene.choice.layer, scene.choice.head)
    pair = Pair.of(with_head(first, at), with_head(second, at), paired=paired)
    with chooser:
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    every = Ranking(
        values=values,
        chosen=at,
        choose=layout.choose_head,
        title=_("Every head: how far B is from A"),
        subtitle=_(
            "The distance of a head’s rows in A and in B, on the tokens that both have. Click one for its maps."
        ),
    )
    return layout.drawn(scene, pair, every, lambda seen: nexts.two_texts(seen, pair))


def _quoted(text: str) -> str:
    return f"“{shortened(text)}”"


def _asked(scene: Scene) -> tuple[str, Recording]:
    """The other sentence and its recording; one that cannot be read is said to be so, and the last good one stays."""
    default = scene.model.cut(one_word_changed(scene.text))  # nothing longer than the model reads is proposed
    asked = state.setting("other_text") or default
    settings.put("other-sentence", asked)

    def typed() -> None:
        text = st.session_state["other-sentence"]
        settings.keep("other_text", "" if text == default else text or " ")  # "" is the default, and says nothing

    st.text_input(_("B: another sentence"), key="other-sentence", on_change=typed)
    good = st.session_state.get("good other", default)
    for candidate in (asked, good, default, scene.text):
        try:
            recording = store.recording(scene.model, candidate)
        except UnusableText as error:
            if candidate == asked:
                st.error(show.literal(str(error)), icon=":material/error:")
            continue
        break
    if candidate != asked:
        words = _("Still compared with “{text}”.")
        st.caption(words.format(text=show.literal(shortened(candidate, 60))))
        st.button(
            _("Back to one word changed"),
            key="other-default",
            icon=":material/undo:",
            on_click=lambda: settings.keep("other_text", ""),
        )
    st.session_state["good other"] = candidate
    return candidate, recording


def one_word_changed(text: str) -> str:
    """The sentence with one word replaced; where it has none of the known ones, with its two longest swapped, and of
    one word said twice. Never the same."""
    for word, other in CHANGED:
        found = re.search(rf"\b{word}\b" if word.isascii() else KOREAN.format(word=word), text, re.IGNORECASE)
        if found:
            return text[: found.start()] + _written_as(found[0], other) + text[found.end() :]
    words = sorted(re.finditer(r"\w+", text), key=lambda word: (-len(word[0]), -word.start()))
    others = [word for word in words if word[0].casefold() != words[0][0].casefold()]
    if not others:
        return f"{text} {text}"
    first, last = sorted((words[0], others[0]), key=lambda word: word.start())
    swapped = (_written_as(first[0], last[0]), text[first.end() : last.start()], _written_as(last[0], first[0]))
    return text[: first.start()] + "".join(swapped) + text[last.end() :]


def _written_as(word: str, other: str) -> str:
    """`other` with the capital that `word` begins with."""
    return other[0].upper() + other[1:] if word[0].isupper() else other
