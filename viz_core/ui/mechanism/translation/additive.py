"""Being built."""

from viz_core.ui.mechanism.translation.scene import Sentence


def worked_out(_sentence: Sentence) -> list[str]:
    return []
