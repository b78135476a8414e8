"""Which head of tiny-translator's cross-attention the page shows: the one that finds the right words best, until the
visitor chooses another, or the mean of a layer's heads."""

from dataclasses import dataclass

import streamlit as st
from torch import Tensor

from viz_core.analysis.translating import cross_weights
from viz_core.language import _
from viz_core.ui import settings, state
from viz_core.ui.mechanism.translation import linked
from viz_core.ui.mechanism.translation.scene import TRANSFORMER, Sentence
from viz_core.ui.roles import head_name

MEAN = "mean"


@dataclass(frozen=True)
class Head:
    """head is None for the mean of the layer's heads."""

    layer: int
    head: int | None

    @property
    def name(self) -> str:
        if self.head is None:
            return _("the mean of layer {layer}'s heads").format(layer=self.layer)
        return head_name(self.layer, self.head)

    def weights(self, sentence: Sentence) -> Tensor:
        """[written token, English token]"""
        of_layer = cross_weights(sentence.transformer)[self.layer]
        return of_layer.mean(0) if self.head is None else of_layer[self.head]


def best(sentence: Sentence) -> tuple[int, int]:
    """The layer and head whose largest weight is on the right word most often, as measured for the model's card."""
    layer, head = sentence.model(TRANSFORMER).card["figures"]["aligned_head"]
    return layer, head


def shape(sentence: Sentence) -> tuple[int, int]:
    """How many layers, and heads in each."""
    layers, heads, _rows, _columns = cross_weights(sentence.transformer).shape
    return layers, heads


def chosen(sentence: Sentence) -> tuple[int, int]:
    """The layer and head, for what has no use for a mean."""
    return linked.head(*shape(sentence), default=best(sentence))


def asked(sentence: Sentence, *, mean: bool = False, of: str = "") -> Head:
    """Choosers for layer and head; with `mean` also for the mean of the layer's heads. `of` says which head."""
    layers, heads = shape(sentence)
    known = best(sentence)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        names = {str(layer): f"L{layer}" for layer in range(layers)}
        layer = settings.one_of("cross_layer", _("Layer"), names, default=str(known[0]))
        options = {str(head): f"H{head}" for head in range(heads)}
        if (int(layer), known[1]) == known:
            options[str(known[1])] += " ★"
        if mean:
            options[MEAN] = _("mean")
        elif state.setting("cross_head") == MEAN:
            state.put_setting("cross_head", "")
        of = of or _("Head of cross-attention (★ finds the right word most often)")
        head = settings.one_of("cross_head", of, options, default=str(known[1]))
    return Head(int(layer), None if head == MEAN else int(head))
