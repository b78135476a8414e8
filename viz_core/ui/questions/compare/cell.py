"""The chosen cell of a pair: a place on the axis of both, which only one of the two texts may have."""

import re

from viz_core.analysis.comparison import NONE
from viz_core.ui import settings, state
from viz_core.ui.choice import Choice
from viz_core.ui.questions.compare.sides import Pair

PLACE = re.compile(r"(\d{1,5})\.(\d{1,5})")


def chosen(pair: Pair, choice: Choice) -> tuple[int, int]:
    """Row and column: what the visitor chose, else where A and B differ most."""
    other = _of_b(pair)
    if other is not None:
        return other
    view = state.current()
    row, column = (_place(pair, token) for token in (choice.query, choice.key))
    if view.key >= 0:
        return row, column
    return pair.largest(row if view.query >= 0 else None) or pair.largest() or (row, column)


def choose(pair: Pair, row: int, column: int) -> None:
    """For callbacks; column −1: as when none is chosen."""
    first = pair.alignment.first
    missing = first[row] == NONE or (column >= 0 and first[column] == NONE)
    settings.keep("other_cell", f"{row}.{column}" if missing and column >= 0 else "")
    if missing:
        return
    if column < 0:
        state.show(key=-1, **({"query": pair.first.token_of(first[row])} if state.current().query >= 0 else {}))
    else:
        state.show(query=pair.first.token_of(first[row]), key=pair.first.token_of(first[column]))


def _of_b(pair: Pair) -> tuple[int, int] | None:
    """A cell of tokens that A does not have is kept by itself: the view's are those of A."""
    said = PLACE.fullmatch(state.setting("other_cell"))
    if said is None:
        return None
    row, column = int(said[1]), int(said[2])
    if max(row, column) >= pair.size or NONE not in (pair.alignment.first[row], pair.alignment.first[column]):
        return None
    return row, column


def _place(pair: Pair, token: int) -> int:
    return pair.alignment.first.index(pair.first.unit_of(token))
