"""The best look into attention there is: `load` a model, `record` a text, read every stage off the record.

import viz_core
model = viz_core.load("tiny-gpt")
record = model.record("The dog bit the man").blocks[3].attention.head(2)
record.scores, record.scaled_scores, record.masked_scores, record.weights, record.context
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from viz_core.edits import Cells, Edits
    from viz_core.models import (
        Model,
        SequenceToSequence,
        Translator,
        UnusableText,
        WeightsUnavailable,
        about,
        bundled_names,
        load,
    )
    from viz_core.notebook import show
    from viz_core.storing import load_recording, save

_ROOM_OF = {
    "Cells": "edits",
    "Edits": "edits",
    "Model": "models",
    "SequenceToSequence": "models",
    "Translator": "models",
    "UnusableText": "models",
    "WeightsUnavailable": "models",
    "about": "models",
    "bundled_names": "models",
    "load": "models",
    "load_recording": "storing",
    "save": "storing",
    "show": "notebook",
}
__all__ = [
    "Cells",
    "Edits",
    "Model",
    "SequenceToSequence",
    "Translator",
    "UnusableText",
    "WeightsUnavailable",
    "about",
    "bundled_names",
    "load",
    "load_recording",
    "save",
    "show",
]


def __getattr__(name: str) -> Any:
    """The public face, fetched when first used: importing one room must not pull in all of them."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"viz_core.{_ROOM_OF[name]}"), name)
