"""The best look into attention there is: `load` a model, `record` a text, read every stage off the record.

import viz_core
model = viz_core.load("tiny-gpt")
record = model.record("The dog bit the man").blocks[3].attention.head(2)
record.scores, record.scaled_scores, record.masked_scores, record.weights, record.context
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from viz_core.edits import Cells, Edits
    from viz_core.models import Model, Translator, UnusableText, WeightsUnavailable, bundled_names, load

__all__ = ["Cells", "Edits", "Model", "Translator", "UnusableText", "WeightsUnavailable", "bundled_names", "load"]


def __getattr__(name: str) -> Any:
    """The public face, fetched when first used: importing one room must not pull in all of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from viz_core import edits, models  # noqa: PLC0415  torch alone takes seconds

    return getattr(edits if name in {"Cells", "Edits"} else models, name)
