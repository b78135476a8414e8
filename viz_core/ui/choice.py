"""The chosen head and cell, made valid for the model and text at hand, and what can be said of them."""

from dataclasses import dataclass

from torch import Tensor

from viz_core.analysis.heads import patterns, role_scores
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


def chosen_in(view: View, model: Model, recording: Recording) -> Choice:
    """The view's head and cell where they exist, else a default that shows something: the model's own starting
    head, the last row that is a word and no full stop, and the column that row looks at most."""
    n, layers = len(recording.token_ids), len(recording.blocks)
    start_layer, start_head = model.card.get("start", (layers // 2, 0))
    layer = view.layer if 0 <= view.layer < layers else min(start_layer, layers - 1)
    heads = recording.blocks[layer].attention.n_head
    head = view.head if 0 <= view.head < heads else min(start_head, heads - 1)
    words = [row for row, token in enumerate(recording.tokens) if any(map(str.isalnum, token))]
    query = view.query if 0 <= view.query < n else max(words, default=n - 1)
    key = view.key
    if not 0 <= key < n:
        key = int(recording.blocks[layer].attention.head(head).weights[0, query].argmax())
    return Choice(layer, head, query, key, (n, n))


def observation(weights: Tensor, token_ids: Tensor) -> str:
    """One computed sentence about what this head does on this text. weights [query, key], token_ids [seq].

    It names the pattern with the highest score, and how many rows it was measured on; a pattern that fewer than a
    quarter of the rows have is left out: one row is no habit.
    """
    n = len(token_ids)
    rows = {role: int(cells.any(-1).sum()) for role, cells in patterns(token_ids).items()}
    scores = {role: float(score[0]) for role, score in role_scores(weights[None], token_ids).items()}
    common = [role for role, count in rows.items() if count >= max(3, n / 4)]
    if not common:
        return _("Each row shows where that token looks; a row's weights sum to 1.")
    role = max(common, key=scores.__getitem__)
    if scores[role] < 0.25:
        return _(
            "On this text none of five simple patterns (the token before, the first, itself, an earlier copy, what "
            "followed an earlier copy) gets a quarter of its weight."
        )
    words = {
        "previous": _("On this text its rows give {share:.0%} of their weight to the token just before."),
        "induction": _(
            "{rows} tokens here repeat an earlier one. They give {share:.0%} of their weight to the token that came "
            "right after that earlier copy: an induction head does this."
        ),
        "duplicate": _(
            "{rows} tokens here repeat an earlier one. They give {share:.0%} of their weight to that earlier copy."
        ),
        "first": _("On this text its rows give {share:.0%} of their weight to the first token."),
        "self": _("On this text its rows give {share:.0%} of their weight to the token itself."),
    }[role]
    return words.format(share=scores[role], rows=rows[role])
