"""The page's frame: A is what the visitor looks at on every page; the strip on top says what B is."""

from collections.abc import Sequence

from viz_core.language import _
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import controls, frame, parts, state, themes
from viz_core.ui.choice import chosen_in
from viz_core.ui.parts import Part
from viz_core.ui.scene import Scene


def show(name: str, kinds: Sequence[Part[Scene]]) -> None:
    """Draw the page. Each kind mounts the page's bridge itself: its maps have an axis of their own."""

    @frame.live
    def page(view: state.View, model: Model, text: str, recording: Recording) -> None:
        choice = chosen_in(view, model, recording)
        scene = Scene(model=model, text=text, recording=recording, choice=choice, theme=themes.theme())
        parts.strip(kinds, says=_("Compare with")).draw(scene)

    with frame.page(name) as seen:
        page(*controls.model_and_recording(seen))
