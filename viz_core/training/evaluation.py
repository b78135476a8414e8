"""What a trained model is worth, measured on what it never saw in training: tables to print and to put in its card."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Scores = dict[str, list[list[float]]]  # role → [layer][head]


@dataclass(frozen=True)
class Table:
    """A title, a header and rows of words; numbers come in written as they should be read."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""

    def markdown(self) -> str:
        lines = [self.header, ("---",) * len(self.header), *self.rows]
        table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
        return f"### {self.title}\n\n{table}" + (f"\n\n{self.note}" if self.note else "")


@dataclass(frozen=True)
class Evaluation:
    """figures: what the model's config.json keeps and tests recompute; roles: scores of every head, rounded."""

    tables: list[Table]
    figures: dict[str, Any]
    roles: Scores = field(default_factory=dict)
    sides: dict[str, Scores] = field(default_factory=dict)  # "encoder" and "decoder": their self-attention

    @property
    def start(self) -> tuple[int, int] | None:
        """The head a visitor meets first: the clearest in a role that is worth a look."""
        for role in ("alignment", "induction", "next", "previous"):
            if role in self.roles and np.max(self.roles[role]) >= 0.3:
                return where_best(self.roles[role])
        return where_best(self.roles["previous"]) if "previous" in self.roles else None

    def printed(self) -> str:
        return "\n\n".join(table.markdown() for table in self.tables)


def where_best(scores: list[list[float]]) -> tuple[int, int]:
    layer, head = np.unravel_index(np.argmax(scores), np.shape(scores))
    return int(layer), int(head)


def rounded(roles: dict[str, Any]) -> Scores:
    return {role: [[round(float(score), 3) for score in layer] for layer in scores] for role, scores in roles.items()}


def roles_table(roles: Scores, measured_on: dict[str, str]) -> Table:
    rows = []
    for role, scores in roles.items():
        layer, head = where_best(scores)
        rows.append((role, f"L{layer}·H{head}", f"{scores[layer][head]:.2f}", measured_on[role]))
    note = (
        "A role's score is the mean weight that the head's rows give to the cells of the role's pattern; broad is how "
        "evenly they spread it (`viz_core.analysis.heads`)."
    )
    return Table("Heads", ("role", "best head", "score", "measured on"), rows, note)
