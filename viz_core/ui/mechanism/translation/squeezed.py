"""Being built."""

from viz_core.ui.mechanism.translation.scene import Sentence


def through_one_vector(_sentence: Sentence) -> list[str]:
    return []
