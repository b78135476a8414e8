"""B is another model on the same text."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from viz_core.language import _
from viz_core.models import Model, UnusableText, WeightsUnavailable
from viz_core.recording import Recording
from viz_core.ui import controls, downloads, server, settings, show, store, waiting
from viz_core.ui.questions.compare import heads, layout, nexts, ranking
from viz_core.ui.questions.compare.ranking import Ranking
from viz_core.ui.questions.compare.sides import Pair, Side, first_side, with_head
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene
from viz_core.ui.workshop import Progress

FIRST = ("positions-learned", "positions-rotary", "tiny-gpt")  # to be B, unless it is A


def another_model(scene: Scene) -> list[str]:
    own, other, said = st.columns([1, 1.2, 1.4], gap="medium", vertical_alignment="bottom")
    place = st.container()
    with other:
        name = _asked(scene)
    model, recording = _usable(scene, name, place)
    words = recording.tokens != scene.recording.tokens
    first = first_side(scene, scene.model.name, words=words)
    second = Side(
        letter="B", says=model.name, model=model, text=scene.text, recording=recording, layer=0, head=0, words=words
    )
    with own:
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    values = ranking.likeness(Pair.of(first, second), place)
    same = (first.layer, first.head) if model is scene.model else None
    every = Ranking(
        values=values,
        chosen=(0, 0),
        choose=heads.keep_b,
        title=_("Which head of {model} is like A’s {head}?").format(model=show.literal(model.name), head=first.name),
        subtitle=_(
            "The distance of each head of B from A’s, on this text: the smaller the more alike. Layers and heads of "
            "two models have no counterparts by number. Click one to be B."
        ),
        own=same,
        nearest=True,
    )
    order = every.order()
    chosen = heads.of_b(recording, order[0] if order else (0, 0))
    pair = Pair.of(first, with_head(second, chosen))
    if order:
        saying = _("Of B’s {count} heads {one} is most like A’s {head} here (distance {far}).")
        said.markdown(
            saying.format(
                count=len(order),
                one=head_name(*order[0]),
                head=first.name,
                far=ranking.said(float(values[order[0]])),
            )
        )
    return layout.drawn(scene, pair, replace(every, chosen=chosen), lambda seen: nexts.two_models(seen, pair))


def _asked(scene: Scene) -> str:
    names = [name for name in server.offered() if name != scene.model.name]
    options = {name: name for name in names or FIRST if name != scene.model.name}  # a class may have one model alone
    default = next(name for name in (*FIRST, *options) if name in options)
    typed = controls.may_type()
    return settings.choice("other_model", _("B: another model"), options, default=default, others=True, typed=typed)


def _usable(scene: Scene, name: str, place: DeltaGenerator) -> tuple[Model, Recording]:
    """The model asked for and its recording of the text; where there is none, why, and the last one that had one."""
    for candidate in dict.fromkeys((name, st.session_state.get("good other model", name), scene.model.name)):
        try:
            if not downloads.wanted(candidate, place, _back, key="download-other"):
                continue
            model, recording = _read(scene, candidate, place)
        except (WeightsUnavailable, UnusableText) as error:
            if candidate == name:
                place.error(f"**{show.literal(name[:80])}**: {show.literal(str(error)[:400])}", icon=":material/error:")
            continue
        if candidate == name:
            st.session_state["good other model"] = name
        else:
            place.caption(_("Compared with {model} meanwhile.").format(model=show.literal(candidate)))
        return model, recording
    raise AssertionError("A’s own model has read the text")


def _read(scene: Scene, name: str, place: DeltaGenerator) -> tuple[Model, Recording]:
    if name == scene.model.name:
        return scene.model, scene.recording
    with waiting.shown(place, "other model", lambda progress: _loading(name, progress), _back) as report:
        model = store.model(name, report)
        return model, store.recording(model, scene.text, report)


def _back() -> None:
    settings.keep("other_model", "")


def _loading(name: str, progress: Progress) -> str:
    if not progress.total:
        return _("Loading {name} …").format(name=show.literal(name))
    return _("Loading {name}: {share:.0%}").format(name=show.literal(name), share=progress.done / progress.total)
