"""What an answer, or a number in the words, is computed from: a step's preset, its model and its recording."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import viz_core
from viz_core.edits import AS_IT_IS, Edits
from viz_core.language import _
from viz_core.models import Model
from viz_core.models.start import place_in
from viz_core.recording import Recording

MODEL = "tiny-gpt"  # where a preset names no other
TEXT = "The little dog chased the red ball. The little dog chased the red"

Load = Callable[[str], Any]
Read = Callable[[Model, str, Edits, bool], Recording]


def read(model: Model, text: str, edits: Edits, all_logits: bool) -> Recording:
    """Without a store of what was read before."""
    return model.record(text, edits, all_logits=all_logits)


class Outside(ValueError):
    """A preset names what its model or text does not have; `name` is the preset's entry."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(cause)
        self.name = name


@dataclass(frozen=True, eq=False)
class Asked:
    """The preset of a step. layer, head, query and key are the preset's, or where it names none what the pages choose.

    view  all of the preset, as an address says it: what a page has set besides
    load  a bundled model or translator, by its name
    read  how a text is recorded: (model, text, edits, all_logits)
    """

    model: Model
    text: str
    recording: Recording
    layer: int
    head: int
    query: int
    key: int
    view: Mapping[str, str]
    load: Load
    read: Read = read

    def record(
        self,
        text: str | None = None,
        edits: Edits = AS_IT_IS,
        model: Model | str | None = None,
        *,
        all_logits: bool = False,
    ) -> Recording:
        """The preset's model on its text, or others, with `edits` made; `all_logits` for a prediction at every row."""
        found = self.load(model) if isinstance(model, str) else model or self.model
        return self.read(found, self.text if text is None else text, edits, all_logits)

    def over(self, state: Mapping[str, object]) -> "Asked":
        """This preset with another state laid over it: model, text, layer, head, query, key, settings."""
        return asked({**self.view, **{name: str(value) for name, value in state.items()}}, self.load, self.read)


def asked(view: Mapping[str, str], load: Load = viz_core.load, read: Read = read) -> Asked:
    """Raises WeightsUnavailable and UnusableText as models do, and Outside for what of the preset does not exist."""
    model, text = load(view.get("model", MODEL)), view.get("text", TEXT)
    if not isinstance(model, Model):
        words = _("{name} reads one text and writes another; a preset needs a model that reads one")
        raise Outside("model", words.format(name=view["model"]))
    recording = read(model, text, AS_IT_IS, False)
    chosen = {name: _number(name, view[name]) for name in ("layer", "head", "query", "key") if name in view}
    place = place_in(model, recording, **chosen)
    for name, value in chosen.items():
        count = _count(name, recording, place.layer)
        if value >= count:
            raise Outside(name, _outside()[name].format(value=value, count=count, last=count - 1, layer=place.layer))
    return Asked(model, text, recording, *place, view, load, read)


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 7):
        raise Outside(name, _("{name} is {value}; expected a whole number from 0").format(name=name, value=repr(value)))
    return int(value)


def _count(name: str, recording: Recording, layer: int) -> int:
    if name == "layer":
        return len(recording.blocks)
    return recording.blocks[layer].attention.n_head if name == "head" else len(recording.token_ids)


def _outside() -> dict[str, str]:
    return {
        "layer": _("layer is {value}; the model has {count} layers, 0 to {last}"),
        "head": _("head is {value}; layer {layer} has {count} heads, 0 to {last}"),
        "query": _("query is {value}; the text has {count} tokens, 0 to {last}"),
        "key": _("key is {value}; the text has {count} tokens, 0 to {last}"),
    }
