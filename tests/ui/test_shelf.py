"""What was made once and may be asked for again, within a bound."""

import sys
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from viz_core import memory
from viz_core.models import WeightsUnavailable
from viz_core.ui import shelf as shelves
from viz_core.ui.shelf import Shelf, bytes_of
from viz_core.ui.workshop import Lane


def test_what_was_made_is_kept_and_the_longest_unused_goes_first() -> None:
    shelf: Shelf[str] = Shelf("test", 3)
    made: list[str] = []

    def make(name: str) -> Callable[[Any], str]:
        return lambda _note: made.append(name) or f"the {name}"

    for name in ("a", "b", "c", "a", "d"):
        assert shelf.take(name, make(name)) == f"the {name}"
    assert made == ["a", "b", "c", "d"]
    assert shelf.get("b") is None
    assert shelf.get("a") == "the a"


def test_a_shelf_is_bounded_in_what_it_measures() -> None:
    shelf: Shelf[str] = Shelf("test", 10, len)
    made: list[str] = []
    for text in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        shelf.take(text, lambda _note, text=text: made.append(text) or text)
    assert made == ["aaaa", "bbbb", "cccc", "bbbb"]


def test_keys_count_too() -> None:
    shelf: Shelf[str] = Shelf("test", 1_000, len)
    for name in "abc":
        shelf.take((name * 100, 1), lambda _note: "x")
    assert shelf.get(("a" * 100, 1)) is None
    assert shelf.get(("c" * 100, 1)) == "x"


def test_what_is_kept_gives_way_before_somebody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose memory is full of what is only kept reads a text all the same."""
    shelf: Shelf[bytes] = Shelf("test", 10_000, len)
    for name in range(5):
        shelf.take(name, lambda _note: b"x" * 1_000)
    shelf.take("beside", lambda _note: b"x" * 20_000)
    monkeypatch.setattr(memory, "available", lambda: 100_000 - shelf.size)
    monkeypatch.setattr(memory, "_store", shelf)
    assert memory.room_for(75_000) == 75_000, "there is enough"
    assert shelf.get("beside") is not None
    assert memory.room_for(96_500) == 97_000
    assert [name for name in range(5) if shelf.get(name) is not None] == [2, 3, 4]
    kept = [name for name in range(5) if shelf.get(name) is not None]
    assert memory.room_for(200_000) == memory.room() == 100_000, "refused all the same: nobody else pays for it"
    assert [name for name in range(5) if shelf.get(name) is not None] == kept
    assert memory.room_for(100_000) == 100_000, "all that there is"


def test_something_larger_than_all_room_is_still_given() -> None:
    assert Shelf("test", 1, len).take("x", lambda _note: "long text") == "long text"


def test_what_failed_can_be_tried_again() -> None:
    shelf: Shelf[str] = Shelf("test", 3)

    def fail(_note: Any) -> str:
        raise WeightsUnavailable("not here")

    with pytest.raises(WeightsUnavailable):
        shelf.take("x", fail)
    assert shelf.take("x", lambda _note: "it") == "it"


@dataclass
class Something:
    table: torch.Tensor
    words: str


def test_what_is_kept_is_weighed_with_all_that_it_keeps_alive():
    whole = torch.zeros(1000)
    assert bytes_of(whole[:1]) == 4000, "a view keeps all of it"
    assert bytes_of(np.zeros(1000, dtype=np.float32)[:1]) == 4000
    assert bytes_of(Something(whole, "x" * 50)) == 100 + 4000 + 100 + sys.getsizeof("x" * 50)
    assert bytes_of([1.0, {"a": (whole,)}]) == 100 + 100 + 100 + 100 + 4000


def test_findings_are_bounded_by_bytes():
    shelf: Shelf[object] = Shelf("test", 10_000, bytes_of)
    for number in range(5):
        shelf.take(number, lambda _note: torch.zeros(1000))
    assert [number for number in range(5) if shelf.get(number) is not None] == [3, 4]


class Thing:
    """Something that can be weakly referred to, and weighs what is said."""

    def __init__(self, weight: int) -> None:
        self.weight = weight


def _things(most: int) -> Shelf[Thing]:
    return Shelf("test", most, lambda thing: thing.weight)


def test_what_is_larger_than_the_shelf_pushes_nothing_out_and_is_found_by_the_page_that_asks_again() -> None:
    shelf = _things(10)
    small = shelf.take("small", lambda _note: Thing(9))
    large = shelf.take("large", lambda _note: Thing(100))
    assert shelf.get("large") is large, "a page asks in every run: it must not be made anew each time"
    assert shelf.get("small") is small
    assert shelf.size == 109
    shelf.take("larger", lambda _note: Thing(200))
    assert shelf.size == 209, "there is one such place"
    assert shelf.get("large") is large, "somebody looks at it still"
    del large
    assert shelf.get("large") is None


def test_what_had_to_go_is_found_as_long_as_somebody_looks_at_it() -> None:
    shelf = _things(10)
    looked_at = shelf.take("looked at", lambda _note: Thing(6))
    shelf.take("other", lambda _note: Thing(6))
    assert shelf.size == 6
    assert shelf.take("looked at", lambda _note: Thing(6)) is looked_at, "nobody has two of it"
    gone = weakref.ref(looked_at)
    del looked_at
    assert gone() is None, "the shelf keeps it no longer"
    assert shelf.get("looked at") is None


def test_a_tuple_that_had_to_go_is_gone() -> None:
    shelf: Shelf[tuple[int, ...]] = Shelf("test", 1)
    for number in range(3):
        shelf.take(number, lambda _note, number=number: (number,))
    assert [shelf.get(number) for number in range(3)] == [None, None, (2,)]


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=8), min_size=2, max_size=5), st.integers(1, 12))
def test_however_asks_interleave_each_gets_its_own_answer_made_once_at_a_time(asks: list[list[int]], most: int) -> None:
    shelf, lane = _things(most), Lane("heavy", 1)
    under_way: set[int] = set()
    together: list[int] = []

    def make(key: int, note: Any) -> Thing:
        if key in under_way:
            together.append(key)
        under_way.add(key)
        note(1, 2)
        time.sleep(0.0002)
        under_way.discard(key)
        return Thing(key)

    def visitor(keys: list[int]) -> list[int]:
        return [
            shelf.take(key, partial(make, key), lane=lambda key=key: lane if key % 2 else None).weight for key in keys
        ]

    with ThreadPoolExecutor(len(asks)) as visitors:
        assert list(visitors.map(visitor, asks)) == asks
    assert together == []
    assert shelf.size <= max(most, 0) + 5


def test_a_figure_weighs_about_what_it_holds() -> None:
    values = np.zeros((100, 100), np.float32)
    figure = go.Figure(go.Heatmap(z=values, customdata=values.astype(np.float64)))
    shelf = Shelf("figures", 10_000_000, shelves.bytes_of_figure)
    shelf.take("x", lambda _note: figure)
    assert 40_000 + 80_000 <= shelf.size <= 40_000 + 80_000 + 2 * shelves.SMALL
