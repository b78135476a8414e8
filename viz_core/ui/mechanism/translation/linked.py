"""The word being written and the English word it looks at: the page's chosen cell, kept in the address."""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from viz_core.analysis.translating import farthest
from viz_core.ui import state
from viz_core.ui.components import bridge as components
from viz_core.ui.mechanism.translation.scene import Sentence


def cell(weights: Tensor, written: Sequence[str] = ()) -> tuple[int, int]:
    """The chosen row and column of a map [written token, English token]: what the address says where it exists, else
    the row that looks farthest from its own place, and the column that the row looks at most. Of rows whose labels
    `written` are given, those without a letter are left out."""
    n_row, n_column = weights.shape
    row = number("word", n_row)
    if row is None:
        words = [at for at, token in enumerate(written[:-1]) if any(map(str.isalnum, token))]
        row = farthest(weights, words or range(max(1, n_row - 1)))
    column = number("source", n_column)
    return row, int(weights[row].argmax()) if column is None else column


def head(layers: int, heads: int, default: tuple[int, int]) -> tuple[int, int]:
    """The chosen layer and head of cross-attention, where these exist."""
    layer, chosen = number("cross_layer", layers), number("cross_head", heads)
    return default[0] if layer is None else layer, default[1] if chosen is None else chosen


def bridge(
    sentence: Sentence,
    keys: Sequence[str],
    chosen: tuple[int, int],
    size: tuple[int, int],
    *,
    head: tuple[int, int] = (0, 0),
    heads: tuple[int, int] = (1, 1),
    tokens: tuple[Sequence[Sequence[int]], Sequence[Sequence[int]]] | None = None,
) -> None:
    """Link maps [written token, English token] of `size`, whose cell `chosen` is framed; a click chooses another one.
    Call it once a page, last. `head` of so many layers and `heads` is what a picture of all heads frames. Where
    rows and columns are words, `tokens` says of which tokens."""

    def choose(layer: int, query: int, key: int, **of: int) -> None:
        row, column = (query, key) if tokens is None else (tokens[0][query][0], tokens[1][key][0] if key >= 0 else key)
        if (query, key) != chosen:
            state.put_setting("word", str(row))
            state.put_setting("source", "" if column < 0 else str(column))
        if (layer, of["head"]) != head:
            state.put_setting("cross_layer", str(layer))
            state.put_setting("cross_head", str(of["head"]))
        state.show()

    mount(
        sentence,
        keys,
        {"layer": head[0], "head": head[1], "query": chosen[0], "key": chosen[1]},
        {"layer": heads[0], "head": heads[1], "query": size[0], "key": size[1]},
        choose,
    )


def mount(
    sentence: Sentence,
    keys: Sequence[str],
    chosen: Mapping[str, int],
    limits: Mapping[str, int],
    on_choose: Callable[..., None],
) -> None:
    """The bridge itself, for maps whose rows and columns are other tokens than above."""
    components.bridge(
        keys,
        of=sentence.text,
        chosen=chosen,
        limits=limits,
        on_choose=on_choose,
        on_window=lambda _part: None,
    )


def nothing(sentence: Sentence) -> None:
    """The bridge of a part without linked maps: it still has the page drawn again when the theme changes."""
    names = ("layer", "head", "query", "key")
    mount(sentence, [], dict.fromkeys(names, 0), dict.fromkeys(names, 1), lambda **_chosen: None)


def number(name: str, count: int) -> int | None:
    """A setting's whole number from 0 below `count`, or None."""
    said = state.setting(name)
    fits = said.isascii() and said.isdigit() and len(said) < state.MOST_DIGITS and int(said) < count
    return int(said) if fits else None
