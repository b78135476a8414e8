"""Being built."""

from viz_core.ui.scene import Scene


def kept_or_computed_again(_scene: Scene) -> list[str]:
    return []
