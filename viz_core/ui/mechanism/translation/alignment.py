"""Being built."""

from viz_core.ui.mechanism.translation.scene import Sentence


def alignment(_sentence: Sentence) -> list[str]:
    return []
