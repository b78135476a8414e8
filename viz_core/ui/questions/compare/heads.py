"""Which head each side shows: the visitor's, or one that shows something."""

import re
from dataclasses import replace

from viz_core.recording import Recording
from viz_core.ui import settings, state
from viz_core.ui.choice import chosen_in
from viz_core.ui.questions.compare.ranking import Place
from viz_core.ui.scene import Scene

PLACE = re.compile(r"(\d{1,4})\.(\d{1,4})")


def looked_at(scene: Scene, most: Place | None) -> Scene:
    """The scene with the head `most` where the visitor has not chosen one."""
    view = state.current()
    if view.layer >= 0 or most is None:
        return scene
    chosen = chosen_in(replace(view, layer=most[0], head=most[1]), scene.model, scene.recording)
    return replace(scene, choice=chosen)


def of_b(recording: Recording, otherwise: Place, layer: int | None = None) -> Place:
    """B's head as the address says it, where there is such a one, perhaps in the given layer."""
    said = PLACE.fullmatch(state.setting("other_head"))
    if said is None:
        return otherwise
    place = int(said[1]), int(said[2])
    there = place[0] < len(recording.blocks) and place[1] < recording.blocks[place[0]].attention.n_head
    return place if there and layer in (None, place[0]) else otherwise


def keep_b(place: Place) -> None:
    settings.keep("other_head", f"{place[0]}.{place[1]}")
