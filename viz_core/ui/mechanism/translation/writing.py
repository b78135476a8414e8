"""Being built."""

from viz_core.ui.mechanism.translation.scene import Sentence


def word_by_word(_sentence: Sentence) -> list[str]:
    return []
