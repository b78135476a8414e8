"""The chosen head and cell, made valid for the model and text at hand, and what can be said of them."""

from collections.abc import Hashable
from dataclasses import dataclass

import torch
from torch import Tensor

from viz_core.analysis.heads import LOCAL, role_scores, rows_with
from viz_core.analysis.probe import evenly
from viz_core.language import _
from viz_core.masks import causal, full
from viz_core.models import Model
from viz_core.models.start import place_in
from viz_core.recording import Recording
from viz_core.ui.roles import FEW, Known, asleep, head_name, measured_on, names
from viz_core.ui.state import View

HABIT = 0.25  # of a head's weight, from which a pattern is called its habit
NEAR = 0.6  # of its weight within a few tokens
LIFTED = 1.2  # times what equal weights give a pattern: from here on it is more than chance
MOST_EVEN = 0.5  # where equal weights give it more, nearly every token of the text has the pattern
EVEN = 0.85  # of the largest entropy its rows could have


def enough(role: str) -> float:
    """The score from which a head is said to do a role."""
    return EVEN if role == "broad" else HABIT


@dataclass(frozen=True)
class Choice:
    layer: int
    head: int
    query: int
    key: int
    size: tuple[int, int]  # rows and columns of the map

    @property
    def name(self) -> str:
        return head_name(self.layer, self.head)

    def identity(self, model: Model, text: str) -> tuple[Hashable, ...]:
        """What everything that is computed of this head on this text depends on."""
        return model.name, model.revision, text, self.layer, self.head

    @property
    def chosen(self) -> dict[str, int]:
        """As the page's bridge wants it."""
        return {"layer": self.layer, "head": self.head, "query": self.query, "key": self.key}

    def limits(self, recording: Recording) -> dict[str, int]:
        """How many there are of each."""
        heads = recording.blocks[self.layer].attention.n_head
        return {"layer": len(recording.blocks), "head": heads, "query": self.size[0], "key": self.size[1]}


def chosen_in(view: View, model: Model, recording: Recording) -> Choice:
    """The view's head and cell where they exist, else a default that shows something."""
    n = len(recording.token_ids)
    place = place_in(model, recording, layer=view.layer, head=view.head, query=view.query, key=view.key)
    return Choice(*place, (n, n))


def observation(
    weights: Tensor,
    token_ids: Tensor,
    *,
    both_sides: bool = False,
    known: Known | None = None,
    allowed: Tensor | None = None,
) -> str:
    """What this head does on this text, computed. weights [query, key], token_ids [seq], allowed bool [query, key].

    It names the pattern with the highest score, and how many rows it was measured on. A pattern that fewer than a
    quarter of the rows have is left out, one row is no habit, unless the head is known for it; and when what it is
    known for cannot show here, that is said first.
    """
    if allowed is None:
        allowed = full(len(token_ids), len(token_ids)) if both_sides else causal(len(token_ids))
    reason = asleep(known.role, token_ids, both_sides=both_sides, allowed=allowed) if known else ""
    habit = _habit(weights, token_ids, both_sides, known, allowed)
    if known is None or not reason:
        patterns = ", ".join(words for role, words in names(both_sides).items() if role != "broad")
        return habit or _("On this text none of the simple patterns ({patterns}) gets much of its weight.").format(
            patterns=patterns
        )
    words = _("This head is known for looking at {what} ({score:.2f} {where}), but {reason}, so that cannot show here.")
    said = words.format(
        what=names(both_sides)[known.role], score=known.score, where=measured_on(known.role, both_sides), reason=reason
    )
    return f"{said} {habit}".strip()


def _habit(weights: Tensor, token_ids: Tensor, both_sides: bool, known: Known | None, allowed: Tensor) -> str:
    """One sentence about the strongest pattern, or "" where none is strong."""
    n, rows = len(token_ids), rows_with(token_ids, both_sides=both_sides, allowed=allowed)
    both = torch.cat([weights[None], evenly(allowed, 1)])
    found = role_scores(both, token_ids, both_sides=both_sides, allowed=allowed)
    scores, even = ({role: float(score[one]) for role, score in found.items()} for one in range(2))
    enough = {role: FEW if known and role == known.role else max(FEW, n / 4) for role in rows}
    common = [role for role, count in rows.items() if count >= enough[role]]
    if not common:
        return _("Each row shows where that token looks; a row's weights sum to 1.")
    role = max((role for role in common if role not in {"local", "broad"}), key=scores.__getitem__)
    if scores[role] < 2 * HABIT and "local" in common and scores["local"] >= NEAR:
        role = "local"
    elif scores[role] < HABIT:
        role = "broad"
        if scores[role] < EVEN:
            return ""
    little = even[role] > MOST_EVEN or scores[role] < LIFTED * even[role]
    if little and scores["broad"] >= EVEN:
        role = "broad"
    said = _habits(both_sides)[role].format(share=scores[role], rows=rows[role], near=LOCAL)
    if little and role != "broad":
        return said + " " + _("Equal weights would give {share:.0%}: here that tells little.").format(share=even[role])
    return said + " " + _("An induction head does this.") if role == "induction" and not both_sides else said


def _habits(both_sides: bool) -> dict[str, str]:
    return {
        "previous": _("On this text its rows give {share:.0%} of their weight to the token just before."),
        "next": _("On this text its rows give {share:.0%} of their weight to the token just after."),
        "induction": _(
            "{rows} tokens here have a copy elsewhere. They give {share:.0%} of their weight to the token right after "
            "a copy."
        )
        if both_sides
        else _(
            "{rows} tokens here repeat an earlier one. They give {share:.0%} of their weight to the token that came "
            "right after that earlier copy."
        ),
        "duplicate": _("{rows} tokens here have a copy elsewhere. They give {share:.0%} of their weight to a copy.")
        if both_sides
        else _("{rows} tokens here repeat an earlier one. They give {share:.0%} of their weight to that earlier copy."),
        "first": _("On this text its rows give {share:.0%} of their weight to the first token."),
        "self": _("On this text its rows give {share:.0%} of their weight to the token itself."),
        "local": _("On this text its rows give {share:.0%} of their weight to tokens at most {near} away."),
        "broad": _(
            "On this text its rows look almost everywhere alike: their weights have {share:.0%} of the entropy that "
            "equal weights would have."
        ),
    }
