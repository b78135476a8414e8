"""What the visitor asks a map to show: measure → words → first token, worked out in this order."""

from collections.abc import Iterable
from dataclasses import dataclass

from viz_core.language import _
from viz_core.ui import state


@dataclass(frozen=True)
class Reading:
    """measure  "weights", "values" (‖αv‖), "output" (‖αvW_O‖) or "gradient" (gradient × attention)
    words    words in place of tokens
    first    "shown", "hidden" or, of weights, "renormalised"
    """

    measure: str = "weights"
    words: bool = False
    first: str = "shown"

    @property
    def plain(self) -> bool:
        """Whether the map shows the weights as they are."""
        return self == Reading()


def now(*, predicts: bool) -> Reading:
    """As the address has it, of a model that predicts tokens or one that does not."""
    measure = valid("measure", measures(predicts=predicts))
    return Reading(measure, valid("of_words", units()) == "words", valid("first", firsts(measure)))


def measures(*, predicts: bool) -> dict[str, str]:
    """Gradients are those of a prediction."""
    options = {"weights": _("weight α"), "values": "‖αv‖", "output": "‖αvW_O‖"}
    return options | ({"gradient": _("gradient × α")} if predicts else {})


def units() -> dict[str, str]:
    return {"tokens": _("tokens"), "words": _("words")}


def firsts(measure: str) -> dict[str, str]:
    """Lengths and gradients do not share anything out, so that there is nothing to renormalise."""
    options = {"shown": _("as it is"), "hidden": _("hidden")}
    return options | ({"renormalised": _("renormalised without it")} if measure == "weights" else {})


def valid(name: str, options: Iterable[str]) -> str:
    """A setting where it is one of the options, else the first of them."""
    allowed = list(options)
    said = state.setting(name)
    return said if said in allowed else allowed[0]
