"""Answers about a head's weights, of any preset: what is largest where, and which of several views has more of it.

A state is laid over the step's preset: model, text, layer, head, query, key as in an address (numbers from 0), and

  divide_by    scores are divided by it in place of √d_k; 1 for no division
  temperature  scaled scores are divided by it
  mask         causal, none
  only         head: the three above in the preset's head alone, the rest of the model as it is; else in every head
  heads_off    a list of [layer, head] that are switched off
  positions    kept, zeroed, shuffled
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from viz_core.analysis.heads import ROLES, role_scores
from viz_core.attention import AttentionRecord
from viz_core.edits import AS_IT_IS, Cells, Edits, Heads
from viz_core.lessons.asked import Asked
from viz_core.masks import causal, full

State = Mapping[str, Any]
OPTION_A_STATE = frozenset({"largest", "smallest"})  # answers that choose one of as many states as there are options
EDITS = frozenset({"divide_by", "temperature", "mask", "only", "heads_off", "positions"})


def largest(asked: Asked, of: str, between: Sequence[State]) -> int:
    """The number of the state with most of a measure."""
    return _extreme(asked, of, between, max)


def smallest(asked: Asked, of: str, between: Sequence[State]) -> int:
    return _extreme(asked, of, between, min)


def _extreme(asked: Asked, of: str, between: Sequence[State], which: Callable[..., float]) -> int:
    found = [measured(asked, of, state) for state in between]
    best = which(found)
    if found.count(best) > 1:
        raise ValueError(f"{of} is {best} in more than one of the states; expected one right option")
    return found.index(best)


def strongest_in_row(asked: Asked, row: int | None = None) -> frozenset[int]:
    """The token that a row looks at most; the row is the preset's unless said otherwise."""
    return frozenset({int(_weights(asked, {})[_row(asked, row)].argmax())})


def strongest_cell_in_row(asked: Asked, row: int | None = None) -> frozenset[tuple[int, int]]:
    """The same as a cell of the map."""
    return frozenset((_row(asked, row), key) for key in strongest_in_row(asked, row))


def strongest_cell(asked: Asked, but_first: bool = False) -> frozenset[tuple[int, int]]:
    """The cell of the map with the largest weight; `but_first` leaves out the first row, which has no choice."""
    weights = _weights(asked, {})[int(but_first) :]
    row, key = divmod(int(weights.argmax()), weights.shape[-1])
    return frozenset({(row + int(but_first), key)})


def forbidden(asked: Asked, row: int | None = None) -> frozenset[tuple[int, int]]:
    """The cells that the mask forbids, of one row or (without one) of all."""
    allowed = _allowed(record_of(asked, {}))
    rows = range(len(allowed)) if row is None else [row]
    return frozenset((at, key) for at in rows for key in (~allowed[at]).nonzero().flatten().tolist())


def forbidden_tokens(asked: Asked, row: int | None = None) -> frozenset[int]:
    """The tokens that a row may not look at."""
    return frozenset(key for _row_of, key in forbidden(asked, _row(asked, row)))


def measured(asked: Asked, of: str, state: State) -> float:
    """One of MEASURES, or one of `analysis.heads.ROLES`: the head's share of that pattern on the whole text."""
    place, edits = laid_over(asked, state)
    record = head_of(place, edits)
    if of in ROLES:
        weights, ids = record.stages().weights, place.recording.token_ids
        found = role_scores(weights, ids, both_sides=place.model.both_sides, allowed=_allowed(record))
        return float(found[of][0])
    if of not in MEASURES:
        raise ValueError(f"of is {of!r}; expected one of {', '.join([*MEASURES, *ROLES])}")
    return MEASURES[of](record, place.query, place.key)


MEASURES: dict[str, Callable[[AttentionRecord, int, int], float]] = {
    "weight": lambda record, row, key: float(record.stages().weights[0, row, key]),
    "score": lambda record, row, key: float(record.stages().scores[0, row, key]),
    "scaled_score": lambda record, row, key: float(record.stages().scaled_scores[0, row, key]),
    "entropy": lambda record, row, _key: float(torch.special.entr(record.stages().weights[0, row]).sum()),
    "largest_weight": lambda record, row, _key: float(record.stages().weights[0, row].max()),
    "row_sum": lambda record, row, _key: float(record.stages().weights[0, row].sum()),
    "first_share": lambda record, row, _key: float(record.stages().weights[0, row, 0]),
}


def laid_over(asked: Asked, state: State) -> tuple[Asked, Edits]:
    """The preset under a state, and the edits that the state asks for."""
    there = asked.over({name: value for name, value in state.items() if name not in EDITS}) if state else asked
    made: dict[str, Any] = {}
    if "divide_by" in state:
        made["scale"] = 1 / float(state["divide_by"])
    if "temperature" in state:
        made["temperature"] = float(state["temperature"])
    if "mask" in state:
        made["allowed"] = _mask(state["mask"], len(there.recording.token_ids))
    if "only" in state:
        made["at"] = _heads(state["only"], there)
    if "heads_off" in state:
        made["ablated"] = frozenset((int(layer), int(head)) for layer, head in state["heads_off"])
    if "positions" in state:
        made["positions"] = state["positions"]
    return there, Edits(**made) if made else AS_IT_IS


def _mask(name: Literal["causal", "none"], n: int) -> Cells:
    if name not in {"causal", "none"}:
        raise ValueError(f"mask is {name!r}; expected causal or none")
    return Cells.of(causal(n) if name == "causal" else full(n, n))


def _heads(only: Literal["head"], there: Asked) -> Heads:
    if only != "head":
        raise ValueError(f"only is {only!r}; expected head")
    return frozenset({(there.layer, there.head)})


def head_of(asked: Asked, edits: Edits) -> AttentionRecord:
    recording = asked.recording if edits == AS_IT_IS else asked.record(edits=edits)
    return recording.blocks[asked.layer].attention.head(asked.head)


def record_of(asked: Asked, state: State) -> AttentionRecord:
    return head_of(*laid_over(asked, state))


def _weights(asked: Asked, state: State) -> Tensor:
    return record_of(asked, state).stages().weights[0]


def _allowed(record: AttentionRecord) -> Tensor:
    """[query, key]"""
    n_query, n_key = record.query.shape[-2], record.key.shape[-2]
    return record.allowed.expand(1, n_query, n_key)[0]


def _row(asked: Asked, row: int | None) -> int:
    return asked.query if row is None else row


ANSWERS: dict[str, Callable[..., int | frozenset[int] | frozenset[tuple[int, int]]]] = {
    "largest": largest,
    "smallest": smallest,
    "strongest_in_row": strongest_in_row,
    "strongest_cell_in_row": strongest_cell_in_row,
    "strongest_cell": strongest_cell,
    "forbidden": forbidden,
    "forbidden_tokens": forbidden_tokens,
}
