"""Being built."""

from viz_core.ui.scene import Scene


def tile_by_tile(_scene: Scene) -> list[str]:
    return []
