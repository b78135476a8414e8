"""What the mechanism pages have in common: a title, parts of which one is on screen, and the page's bridge."""

from collections.abc import Sequence

from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import controls, frame, head_roles, parts, state, window
from viz_core.ui.choice import chosen_in
from viz_core.ui.components.bridge import bridge
from viz_core.ui.parts import Part
from viz_core.ui.scene import Scene


def show(title: str, pages_parts: Sequence[Part[Scene]]) -> None:
    """Draw the page; its parts are chosen on a strip."""

    @frame.live
    def page(view: state.View, model: Model, text: str, recording: Recording) -> None:
        choice = chosen_in(view, model, recording)
        part_of_map = window.of(model.name, text, choice.size)
        scene = Scene(
            model=model, text=text, recording=recording, choice=choice, theme=frame.theme(), window=part_of_map
        )
        linked = parts.strip(pages_parts).draw(scene)
        bridge(
            linked,
            of=f"{model.name} {text}",
            chosen=choice.chosen,
            limits=choice.limits(recording),
            on_choose=state.show,
            on_window=lambda part: window.keep(model.name, text, part),
            role=head_roles.picked(),
        )

    page(*controls.model_and_recording(frame.start(title)))
