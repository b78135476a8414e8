"""The page's frame: the sentence in `formation`, whatever model is chosen, at the moment that the address says."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from viz_core.language import _
from viz_core.models import Model
from viz_core.models.model import MASK
from viz_core.recording import Recording
from viz_core.ui import controls, frame, parts, show, state, store, waiting
from viz_core.ui.choice import chosen_in
from viz_core.ui.components.bridge import bridge
from viz_core.ui.mechanism.birth.course import MODEL, Birth, Course
from viz_core.ui.parts import Part
from viz_core.ui.workshop import Progress


def present(title: str, pages_parts: Sequence[Part[Birth]]) -> None:
    """Draw the page; its parts are chosen on a strip."""

    @frame.live
    def page(view: state.View, model: Model, text: str, _recording: Recording) -> None:
        course = Course(store.course(MODEL))
        fitting = course.last.cut(text)
        scene = _scene(view, course, fitting)
        _about(scene, model, text)
        linked = parts.strip(pages_parts).draw(scene)
        bridge(
            linked,
            of=f"{MODEL} {fitting}",
            chosen=scene.choice.chosen,
            limits=scene.choice.limits(scene.recording),
            on_choose=state.show,
            on_window=lambda _part: None,  # its context is too short for a map to be sent in parts
        )

    model, text, recording = controls.model_and_recording(frame.start(title))
    _prepare(text, st.container())
    page(model, text, recording)


def _prepare(text: str, place: DeltaGenerator) -> None:
    """Load the moments and read the sentence in each, for the run of the whole page, which a new sentence ends."""

    def loading(progress: Progress) -> str:
        words = _("Loading the moments of training: {done} of {total}")
        return words.format(done=progress.done, total=progress.total)

    with waiting.shown(place, "course", loading) as report:
        course = Course(store.course(MODEL, report))
    fitting = course.last.cut(text)
    for moment in course.models:
        store.all_heads(moment, fitting)


def _scene(view: state.View, course: Course, text: str) -> Birth:
    """The head and the cell are chosen in the finished model, so that both stay while the moments pass."""
    moment = _moment(view, course)
    return Birth(
        model=course.models[moment],
        text=text,
        recording=store.recording(course.models[moment], text),
        choice=chosen_in(view, course.last, store.recording(course.last, text)),
        theme=frame.theme(),
        course=course,
        moment=moment,
    )


def _moment(view: state.View, course: Course) -> int:
    """That of the address, else of the chosen model where it is one of them, else the last."""
    named = [state.setting("moment"), view.model.removeprefix(f"{MODEL}@")]
    found = [course.steps.index(int(step)) for step in named if step in map(str, course.steps)]
    return found[0] if found else len(course.steps) - 1


def _about(scene: Birth, model: Model, text: str) -> None:
    """What the visitor looks at here, and what became of the sentence."""
    config = scene.config
    said = [
        _(
            "Your sentence in **{name}**, {layers} layers × {heads} heads, kept at {count} moments of its training."
        ).format(name=MODEL, layers=config.n_layer, heads=config.n_head, count=len(scene.course.steps))
    ]
    if model.name.partition("@")[0] != MODEL:
        said.append(_("The model chosen above, {model}, plays no part.").format(model=show.literal(model.name)))
    if MASK in text:
        said.append(_("{name} reads left to right and takes {mask} for letters.").format(name=MODEL, mask=f"`{MASK}`"))
    st.markdown(" ".join(said))
    if scene.text != text:
        words = _("{name} takes at most {limit} tokens; shown is the beginning of your text, up to “… {end}”.")
        st.info(
            words.format(name=MODEL, limit=scene.model.context, end=show.literal(scene.text[-24:])),
            icon=":material/content_cut:",
        )
