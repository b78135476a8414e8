"""What a visitor of a class does: chooses heads and cells, types sentences, goes from page to page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.typing import NDArray

from tests.load.checks import Seen, map_in
from tests.load.client import Answer, Failed, Tab
from tests.load.sentences import sentence

LAYERS, HEADS = 4, 6  # of the bundled model
OFTEN = {"head": 50, "cell": 18, "sentence": 18, "page": 9, "part": 5}  # of a hundred actions
PAGES = {"": 6, "inside_one_head": 3, "scaling": 2, "masks": 2, "positions": 1, "block": 1, "many_heads": 1}
MAPS = {"": "map", "inside_one_head": "weights", "scaling": "own", "masks": "weights"}  # of the chosen head's weights
Check = Callable[[Seen, NDArray[np.float32], list[str]], None]


@dataclass
class Done:
    """An action: its kind, seconds from the input to the new figure, to the end of the run, and bytes on the wire."""

    kind: str
    seconds: float
    ended: float
    sent: int


@dataclass
class Visitor:
    """`check` is given every map of weights that comes, with what it must show."""

    number: int
    tab: Tab
    random: Random
    check: Check
    text: str = ""
    page: str = ""
    layer: int = -1
    head: int = -1
    clicks: int = 0
    parts: dict[str, str] = field(default_factory=dict)  # page → the words of its part

    async def come(self) -> Done:
        self.text = sentence(self.random)
        return self._seen("opening", await self.tab.open("", {"text": self.text}))

    async def act(self) -> Done:
        kind = self.random.choices(list(OFTEN), list(OFTEN.values()))[0]
        if kind == "part" and not self._strip():
            kind = "page"
        return self._seen(
            kind,
            await {
                "head": self._head,
                "cell": self._cell,
                "sentence": self._sentence,
                "page": self._page,
                "part": self._part,
            }[kind](),
        )

    async def _head(self) -> Answer:
        places = [(layer, head) for layer in range(LAYERS) for head in range(HEADS)]
        self.layer, self.head = self.random.choice([place for place in places if place != (self.layer, self.head)])
        return await self._choose()

    async def _cell(self) -> Answer:
        if self.layer < 0:
            return await self._head()
        return await self._choose()

    async def _choose(self) -> Answer:
        self.clicks += 1
        query = self.random.randrange(5)  # every sentence is as long
        chosen = {"layer": self.layer, "head": self.head, "query": query, "key": self.random.randrange(query + 1)}
        return await self.tab.trigger("choice", "choice", {"number": self.clicks, "value": chosen})

    async def _sentence(self) -> Answer:
        self.text = sentence(self.random)
        return await self.tab.change("sentence", self.text)

    async def _page(self) -> Answer:
        others = {page: often for page, often in PAGES.items() if page != self.page}
        self.page = self.random.choices(list(others), list(others.values()))[0]
        return await self.tab.follow(self.page)

    async def _part(self) -> Answer:
        strip = self._strip()
        options = self.tab.options(strip)
        shown = self.parts.get(self.page, options[0])  # to choose it again would draw nothing
        words = self.random.choice([option for option in options if option != shown])
        self.parts[self.page] = words
        return await self.tab.change(strip, [words])

    def _strip(self) -> str:
        """The key of the page's strip of parts, "" where it has none."""
        return next((key for key in ("setting-step", "setting-part") if self.tab.has(key)), "")

    def _seen(self, kind: str, answer: Answer) -> Done:
        if answer.exceptions:
            raise Failed("; ".join(answer.exceptions))
        if self.tab.element("sentence").value not in {self.text, ""}:
            raise Failed(f"the box says {self.tab.element('sentence').value!r}, not {self.text!r}")
        key = MAPS.get(self.page, "")
        figures = [after for name, after in answer.came.items() if name.endswith("-figure")]
        if not key or f"{key}-figure" not in answer.came:
            return Done(kind, max(figures, default=answer.seconds), answer.seconds, answer.sent)
        self.check(Seen(text=self.text, layer=self.layer, head=self.head), *map_in(self.tab.figure(key)))
        return Done(kind, answer.came[f"{key}-figure"], answer.seconds, answer.sent)
