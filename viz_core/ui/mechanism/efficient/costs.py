"""Being built."""

from viz_core.ui.scene import Scene


def costs(_scene: Scene) -> list[str]:
    return []
