"""Being built."""

from viz_core.ui.mechanism.translation.scene import Sentence


def one_side_only(_sentence: Sentence) -> list[str]:
    return []
