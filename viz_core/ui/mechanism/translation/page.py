"""The page's frame: a strip of parts, and the sentence that they are of."""

from collections.abc import Collection, Sequence

from viz_core.ui import frame, long_work, parts, state
from viz_core.ui.mechanism.translation import scene
from viz_core.ui.mechanism.translation.scene import Sentence
from viz_core.ui.parts import Part


def show(name: str, pages_parts: Sequence[Part[Sentence]], *, of_another_text: Collection[str] = ()) -> None:
    """Draw the page; its parts are chosen on a strip. What a part draws, it links itself (`linked.bridge`).

    of_another_text  the parts that ask for a text of their own, and are given the sentence all the same
    """

    @frame.live
    def page(_view: state.View) -> None:
        part = parts.strip(pages_parts)
        part.draw(scene.unasked() if part.name in of_another_text else scene.asked())

    with frame.page(name):
        long_work.do()
        page()
