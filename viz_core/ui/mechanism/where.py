"""Which heads a change is made in."""

from viz_core.edits import Heads
from viz_core.language import _
from viz_core.ui import settings
from viz_core.ui.scene import Scene


def scopes() -> dict[str, str]:
    return {"head": _("this head"), "layer": _("its layer"), "all": _("all layers")}


def asked(name: str, label: str, *, default: str) -> str:
    """The scope, as a row of buttons; `name` is the setting's."""
    return settings.one_of(name, label, scopes(), default=default)


def heads(scene: Scene, scope: str) -> Heads | None:
    """As `Edits.at` wants them."""
    layer, head = scene.choice.layer, scene.choice.head
    return {
        "head": frozenset({(layer, head)}),
        "layer": frozenset((layer, other) for other in range(scene.n_head)),
        "all": None,
    }[scope]
