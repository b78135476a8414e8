"""What was made once and may be asked for again, within a bound in bytes: used longest ago, first to go."""

import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import Generic, TypeVar

import numpy as np
import plotly.graph_objects as go
from torch import Tensor, nn

from viz_core.language import spoken
from viz_core.ui import waiting
from viz_core.ui.workshop import Lane, Note, Report, Workshop

SMALL = 50_000  # bytes of a figure besides its numbers
NUMBERS = ("x", "y", "z", "customdata", "text", "hovertext")  # where a figure's traces hold them
T = TypeVar("T")


class Shelf(Generic[T]):
    """What was last asked for, together at most `most` of what `size` measures; made once however many ask.

    The last thing that alone is larger has a place beside it: a page asks for what it shows in every run, and nothing
    else need go for it. What had to go is found again as long as somebody looks at it still.
    """

    def __init__(self, name: str, most: int, size: Callable[[T], int] = lambda _kept: 1, *, workers: int = 2) -> None:
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._beside: dict[Hashable, T] = {}
        self._gone: weakref.WeakValueDictionary[Hashable, T] = weakref.WeakValueDictionary()
        self.most, self._size, self._sum = most, size, 0
        self._lock = threading.Lock()
        self._workshop: Workshop[T] = Workshop(name, workers)

    @property
    def size(self) -> int:
        """Of all that is kept."""
        with self._lock:
            return self._sum + sum(map(self._size, self._beside.values()))

    def get(self, key: Hashable) -> T | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
            found = self._beside.get(key)
            return self._gone.get(key) if found is None else found

    def take(
        self,
        key: Hashable,
        make: Callable[[Note], T],
        report: Report | None = None,
        lane: Callable[[], Lane | None] = lambda: None,
    ) -> T:
        """`make` tells `report` how far it is; it waits for its turn in the `lane`, or in the shelf's own. Raises what
        `make` raises."""
        kept = self.get(key)
        if kept is not None:
            return kept
        asked = (spoken(), key)  # where it fails, it says so in the language of who waits
        line = lane()
        if line is not None and report is None:
            report = waiting.aside()
        return self._workshop.get(asked, lambda note: self._made(key, make, note), report, lane=line)

    def _made(self, key: Hashable, make: Callable[[Note], T], note: Note) -> T:
        kept = self.get(key)  # it may have come between looking and asking
        return self._put(key, make(note)) if kept is None else kept

    def _put(self, key: Hashable, made: T) -> T:
        size = self._size(made) + _bytes_of_key(key)
        with self._lock:
            if key in self._kept:  # somebody's other work needed it too, and was first
                return self._kept[key][0]
            if size > self.most:
                self._let_go(self._beside)
                self._beside = {key: made}
                return made
            self._kept[key], self._sum = (made, size), self._sum + size
            while self._sum > self.most:
                self._drop_oldest()
        return made

    def give(self, wanted: int) -> int:
        """Lets go of so many bytes, or of all there is: what was used longest ago first. Returns how many."""
        with self._lock:
            given = sum(map(self._size, self._beside.values()))
            self._let_go(self._beside)
            self._beside = {}
            while self._kept and given < wanted:
                given += self._drop_oldest()
        return given

    def _drop_oldest(self) -> int:
        old, (gone, size) = self._kept.popitem(last=False)
        self._sum -= size
        self._let_go({old: gone})
        return size

    def _let_go(self, things: dict[Hashable, T]) -> None:
        with suppress(TypeError):  # of a tuple nobody can tell
            self._gone.update(things)


def _bytes_of_key(key: Hashable) -> int:
    """Of one with parts: it holds the text, maybe a mask, and is often larger than what was computed."""
    return bytes_of(key) if isinstance(key, tuple) else 0


def bytes_of(found: object) -> int:
    """The memory that something keeps alive, about: all of what a view looks into, and 100 bytes for what is small."""
    if isinstance(found, Tensor):
        return found.untyped_storage().nbytes()
    if isinstance(found, np.ndarray):
        return int(getattr(found.base, "nbytes", found.nbytes))
    if isinstance(found, nn.Module):
        storages = {
            weight.untyped_storage().data_ptr(): weight.untyped_storage() for weight in found.state_dict().values()
        }
        return sum(storage.nbytes() for storage in storages.values())
    inside: Iterable[object] = ()
    if isinstance(found, dict):
        inside = found.values()
    elif isinstance(found, list | tuple | set | frozenset):
        inside = found
    elif is_dataclass(found):
        inside = (getattr(found, field.name) for field in fields(found))
    return 100 + (sys.getsizeof(found) if isinstance(found, str | bytes) else 0) + sum(map(bytes_of, inside))


def bytes_of_figure(figure: go.Figure) -> int:
    """About; to count all of it takes longer than to draw it."""
    return SMALL + sum(bytes_of(trace[name]) for trace in figure.data for name in NUMBERS if name in trace)
