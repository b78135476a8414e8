"""Beside the sentence: the recording as a file, and the lines of Python that leave the same numbers behind."""

from functools import partial
from io import BytesIO

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from viz_core import notebook, storing
from viz_core.edits import AS_IT_IS
from viz_core.language import _
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import show, state, themes
from viz_core.ui.choice import chosen_in
from viz_core.ui.reading import aim, asked
from viz_core.ui.reading.asked import Reading
from viz_core.ui.reading.numbers import missing
from viz_core.ui.scene import Scene
from viz_core.ui.taking import shown

MOST_BYTES = 400_000_000  # of one download: the file is in the server's memory until it is sent
WIDTH = 460  # pixels; a phone has less


def menu() -> PopoverContainer:
    """The button; what it opens is made by `offer`."""
    return st.popover(
        _("Take the recording with you, as a file or into a notebook"),
        icon=":material/download:",
        help=_("Take the recording with you, as a file or into a notebook"),
        key="taking",
        on_change="rerun",
        width="content",
    )


def offer(opened: PopoverContainer, view: state.View, model: Model, text: str, recording: Recording) -> None:
    if opened.open:
        with opened, st.container(width=WIDTH):
            _recording(model, text, recording)
            theme = themes.theme()
            choice = chosen_in(view, model, recording)
            _python(Scene(model=model, text=text, recording=recording, choice=choice, theme=theme))


def _recording(model: Model, text: str, recording: Recording) -> None:
    st.markdown("**" + _("The recording") + "**")
    size = storing.nbytes(recording)
    words = _(
        "What {model} left behind as it read the sentence, as it is, without what is changed on this page: q, k and v "
        "of every head, which cells are allowed, the scale, and the tokens; {size}. `viz_core.load_recording(file)` "
        "opens it, and so does NumPy by itself."
    )
    st.markdown(words.format(model=show.literal(model.name), size=show.in_bytes(size)))
    if size > MOST_BYTES:
        words = _("That is more than this page hands out, {most}. The lines below and `viz_core.save` write it.")
        st.markdown(words.format(most=show.in_bytes(MOST_BYTES)))
        return
    with st.container(horizontal=True, gap="small"):
        kinds: dict[storing.Kind, str] = {"npz": "NPZ", "safetensors": "safetensors"}
        for kind, label in kinds.items():
            st.download_button(
                label,
                partial(_stored, recording, model.name, text, kind),
                f"{model.name.rsplit('/', maxsplit=1)[-1]}-recording.{kind}",
                "application/octet-stream",
                key=f"recording-{kind}",
                on_click="ignore",
                icon=":material/download:",
            )


def _stored(recording: Recording, model: str, text: str, kind: storing.Kind) -> bytes:
    file = BytesIO()
    storing.save(recording, file, model=model, text=text, kind=kind)
    return file.getvalue()


def _python(scene: Scene) -> None:
    st.markdown("**" + _("In a notebook") + "**")
    model, choice, edits = scene.model, scene.choice, shown.edits()
    reading = asked.now(predicts=model.predicts) if edits == AS_IT_IS else Reading()  # what is changed is shown plain
    code = notebook.snippet(
        model.name,
        scene.text,
        edits=edits,
        layer=choice.layer,
        head=choice.head,
        theme=scene.theme,
        reader="reads_for" in model.card,
        also=_measured(scene, reading.measure),
    )
    st.code(code, language="python", wrap_lines=True)
    if reading.words or reading.first != "shown":
        words = _("The lines have every token by itself, the first one too; the map on this page is shown otherwise.")
        st.caption(words)
    if st.session_state.get("page") == "compare":
        st.caption(_("These lines are of A alone. For B, change the text, the model or the head in them."))


def _measured(scene: Scene, measure: str) -> list[str]:
    """What the cells of the map are, where they are no plain weights."""
    if measure == "weights" or missing(scene, Reading(measure)):
        return []
    aimed = aim.chosen(scene) if measure == "gradient" else None
    toward = None if aimed is None else (aimed.row, aimed.token_id)
    return ["", *notebook.measured(measure, scene.choice.layer, scene.choice.head, toward)]
