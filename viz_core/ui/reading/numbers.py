"""A map's numbers as the visitor reads them."""

from dataclasses import dataclass
from math import isqrt

from torch import Tensor

from viz_core.analysis import sinks
from viz_core.analysis.value_weighted import output_norms, own_rows_of, value_norms
from viz_core.analysis.words import merged, word_labels, words_of
from viz_core.language import _
from viz_core.ui import show, store
from viz_core.ui.reading.aim import Aim
from viz_core.ui.reading.asked import Reading
from viz_core.ui.scene import Scene

MOST_GRADIENTS = 40_000_000  # of all layers and heads: 160 MB, and as much again while they are computed


@dataclass(frozen=True, eq=False)
class Read:
    """values   [query, key], NaN in the first column where that is left out
    weights  likewise, the plain ones; of words, where the map is of words
    allowed  bool, likewise
    names    of rows and columns
    starts   of words, the token each begins with; () for tokens
    first    what the first column holds, [query]
    share    how much of the map that is, 0 to 1 (viz_core.analysis.sinks.first_share)
    others   rows that see more than the first column
    """

    values: Tensor
    weights: Tensor
    allowed: Tensor
    names: tuple[str, ...]
    starts: tuple[int, ...]
    first: Tensor
    share: float
    others: int


def missing(scene: Scene, reading: Reading) -> str:
    """Why the map cannot be drawn like this, or ""."""
    if reading.first != "shown" and len(words_of(scene.tokens) if reading.words else scene.tokens) == 1:
        return (
            _("This text is a single word: without it nothing is left to draw.")
            if reading.words
            else _("This text is a single token: without it nothing is left to draw.")
        )
    if reading.measure == "output" and scene.model.output_weight(scene.choice.layer) is None:
        words = _("The output matrix W_O of {model} is not known here, so ‖αvW_O‖ cannot be told. ‖αv‖ can.")
        return words.format(model=show.literal(scene.model.name))
    heads = sum(block.attention.n_head for block in scene.recording.blocks)
    most = isqrt(MOST_GRADIENTS // heads)
    if reading.measure == "gradient" and len(scene.tokens) > most:
        words = _(
            "Gradient × attention comes for all {heads} heads at once: {heads} × n² numbers, too many for the {n} "
            "tokens of this text. With this model it goes up to {most} tokens."
        )
        return words.format(heads=heads, n=len(scene.tokens), most=most)
    return ""


def read(scene: Scene, reading: Reading, aim: Aim | None) -> Read:
    """`aim` is the logit of gradient × attention, whose gradients are in the store."""
    weights = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head).weights[0]
    values, allowed, names = _measured(scene, reading.measure, weights, aim), scene.allowed, scene.tokens
    starts: tuple[int, ...] = ()
    if reading.words:
        spans = words_of(scene.tokens)
        values, weights, allowed = merged(values, spans), merged(weights, spans), merged(allowed.float(), spans) > 0
        names, starts = word_labels(scene.tokens, spans), tuple(start for start, _stop in spans)
    left = {"shown": lambda whole: whole, "hidden": sinks.without_first, "renormalised": sinks.renormalised}
    return Read(
        values=left[reading.first](values),
        weights=weights,
        allowed=allowed,
        names=names,
        starts=starts,
        first=values[:, 0],
        share=sinks.first_share(values, allowed),
        others=int(sinks.sees_more(allowed).sum()),
    )


def _measured(scene: Scene, measure: str, weights: Tensor, aim: Aim | None) -> Tensor:
    """[query, key] of tokens."""
    layer, head, record = scene.choice.layer, scene.choice.head, scene.record
    if measure == "values":
        return value_norms(record)[0]
    if measure == "output" and (output_weight := scene.model.output_weight(layer)) is not None:
        return output_norms(record, own_rows_of(output_weight, head, record.value.shape[-1]))[0]
    if measure == "gradient" and aim is not None:
        return store.gradients(scene.model, scene.text, aim.row, aim.token_id)[layer][head]
    return weights
