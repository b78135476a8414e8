"""The page's scene: the sentence in `formation`, whatever model is chosen, at the moment that the address says."""

from dataclasses import replace

import streamlit as st

from viz_core.language import _
from viz_core.models import Model
from viz_core.models.model import MASK
from viz_core.recording import Recording
from viz_core.ui import show, state, store, themes, waiting
from viz_core.ui.choice import chosen_in
from viz_core.ui.mechanism.birth.course import MODEL, Birth, Course
from viz_core.ui.workshop import Progress


def scene_of(view: state.View, model: Model, text: str, _recording: Recording) -> Birth:
    """The head and the cell are chosen in the finished model, so that both stay while the moments pass."""
    course = _course()
    fitting = course.fitting(text)
    moment = _moment(view, course)
    scene = Birth(
        model=course.models[moment],
        text=fitting,
        recording=store.recording(course.models[moment], fitting),
        choice=chosen_in(_shown_best(view, course, fitting), course.last, store.recording(course.last, fitting)),
        theme=themes.theme(),
        course=course,
        moment=moment,
    )
    _about(scene, model, text)
    return scene


def _shown_best(view: state.View, course: Course, text: str) -> state.View:
    """Where no head is chosen yet, the one that ends as the best induction head on this very text."""
    scores = store.all_heads(course.last, text).roles["induction"]
    if view.layer >= 0 or view.head >= 0 or scores.isnan().any():
        return view
    layer, head = divmod(int(scores.argmax()), scores.shape[1])
    return replace(view, layer=layer, head=head)


def _course() -> Course:
    def loading(progress: Progress) -> str:
        words = _("Loading the moments of training: {done} of {total}")
        return words.format(done=progress.done, total=progress.total)

    with waiting.shown(st.container(), "course", loading) as report:
        return Course(store.course(MODEL, report))


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
        st.info(_what_fits(scene, text), icon=":material/content_cut:")


def _what_fits(scene: Birth, text: str) -> str:
    words = (
        _("{name} takes at most {limit} tokens; the blanks before your text are left out.")
        if scene.text == text.lstrip()
        else _("{name} takes at most {limit} tokens; shown is the beginning of your text, up to “… {end}”.")
    )
    return words.format(name=MODEL, limit=scene.model.context, end=show.literal(scene.text[-24:]))
