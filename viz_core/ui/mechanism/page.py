"""What the mechanism pages have in common: a title, parts of which one is on screen, and the page's bridge."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import controls, frame, head_roles, long_work, own_code, state, themes, window
from viz_core.ui.choice import chosen_in
from viz_core.ui.components.bridge import bridge
from viz_core.ui.parts import Part
from viz_core.ui.scene import Scene

Seen = TypeVar("Seen", bound=Scene)


def show(
    name: str, pages_parts: Sequence[Part[Scene]], prepare: Callable[[Model, str, Recording], None] | None = None
) -> None:
    """Draw the page; its parts are chosen on a strip. `prepare` does what takes long before that, in a run of the whole
    page, which alone can be ended by the visitor (see `waiting.shown`)."""
    show_in(_scene, name, pages_parts, prepare)


def show_in(
    scene_of: Callable[[state.View, Model, str, Recording], Seen | None],
    name: str,
    pages_parts: Sequence[Part[Seen]],
    prepare: Callable[[Model, str, Recording], None] | None = None,
) -> None:
    """The same in a scene of the page's own: `scene_of` makes it of what the visitor asks for, or says on the page why
    there is none."""

    @frame.live
    def page(view: state.View, model: Model, text: str, recording: Recording) -> None:
        scene = scene_of(view, model, text, recording)
        if scene is None:
            return
        linked = own_code.drawn(own_code.strip(pages_parts, model), scene, model)
        bridge(
            linked,
            of=f"{model.name} {text}",
            chosen=scene.choice.chosen,
            limits=scene.choice.limits(scene.recording),
            window=scene.window,
            on_choose=state.show,
            on_window=lambda part: window.keep(model.name, text, part),
            role=head_roles.picked(),
        )

    with frame.page(name) as seen:
        found = controls.model_and_recording(seen)
        if prepare is not None:
            prepare(*found)
        long_work.do()
        page(*found)


def _scene(view: state.View, model: Model, text: str, recording: Recording) -> Scene:
    choice = chosen_in(view, model, recording)
    part_of_map = window.of(model.name, text, choice.size)
    return Scene(model=model, text=text, recording=recording, choice=choice, theme=themes.theme(), window=part_of_map)
