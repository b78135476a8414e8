"""The page's frame: the sentence, a strip of parts, and the bridge that links cells of its maps."""

from collections.abc import Sequence

from viz_core.ui import frame, parts, state
from viz_core.ui.mechanism.translation import scene
from viz_core.ui.mechanism.translation.scene import Sentence
from viz_core.ui.parts import Part


def show(title: str, pages_parts: Sequence[Part[Sentence]]) -> None:
    """Draw the page; its parts are chosen on a strip. What a part draws, it links itself (`linked.bridge`)."""

    @frame.live
    def page(_view: state.View) -> None:
        sentence = scene.asked()
        parts.strip(pages_parts).draw(sentence)

    frame.start(title)
    page()
