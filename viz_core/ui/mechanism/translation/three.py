"""Being built."""

from viz_core.ui.mechanism.translation.scene import Sentence


def three_attentions(_sentence: Sentence) -> list[str]:
    return []
