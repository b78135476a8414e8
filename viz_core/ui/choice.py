"""The chosen head and cell, made valid for the model and text at hand, and what can be said of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from viz_core.language import _
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui.state import View


@dataclass(frozen=True)
class Choice:
    layer: int
    head: int
    query: int
    key: int
    size: tuple[int, int]  # rows and columns of the map

    @property
    def name(self) -> str:
        return f"L{self.layer}·H{self.head}"

    def observed(self, weights: Tensor, tokens: Sequence[str]) -> str:
        """One computed sentence about this head on this text. weights [query, key]."""
        n = len(tokens)
        if n < 3:
            return _("Each row shows where that token looks; a row's weights sum to 1.")
        before = float(weights.diagonal(-1).mean())
        first = float(weights[1:, 0].mean())
        itself = float(weights.diagonal()[1:].mean())
        share, says = max(
            (before, _("the token just before")), (first, _("the first token")), (itself, _("the token itself"))
        )
        if share < 0.3:
            return _("On this text its rows spread their weight; the most, {share:.0%}, goes to {where}.").format(
                share=share, where=says
            )
        return _("On this text its rows put {share:.0%} of their weight on {where}.").format(share=share, where=says)


def chosen_in(view: View, model: Model, recording: Recording) -> Choice:
    """The view's head and cell where they exist, else a default that shows something: the model's own starting
    head, the last row, and the column that row looks at most."""
    n, layers = len(recording.token_ids), len(recording.blocks)
    start_layer, start_head = model.card.get("start", (layers // 2, 0))
    layer = view.layer if 0 <= view.layer < layers else min(start_layer, layers - 1)
    heads = recording.blocks[layer].attention.n_head
    head = view.head if 0 <= view.head < heads else min(start_head, heads - 1)
    query = view.query if 0 <= view.query < n else n - 1
    key = view.key
    if not 0 <= key < n:
        key = int(recording.blocks[layer].attention.head(head).weights[0, query].argmax())
    return Choice(layer, head, query, key, (n, n))
