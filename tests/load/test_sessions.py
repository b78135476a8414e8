"""Sessions do not touch: what one visitor types, edits and chooses is never seen by another."""

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import quote, quote_plus

import numpy as np

from tests.browser.serving import served_app
from tests.load.checks import Seen, map_in, recorded, wrong
from tests.load.client import Answer, Tab
from tests.load.sentences import english, korean
from viz_core import masks
from viz_core.analysis.predictions import change_of
from viz_core.edits import AS_IT_IS, Cells, Edits

VISITORS = 30
LONGEST = 120  # seconds for what all of them ask, on a machine that does other things
MODELS = ("tiny-gpt", "tiny-bert", "positions-rotary", "formation", "positions-alibi")
LAYERS, HEADS = 2, 3  # that all of them have


@dataclass(frozen=True)
class Wish:
    """A page, and what the address sets there; `maps` are keys of maps → the edits that they are drawn with."""

    page: str
    settings: Mapping[str, str]
    maps: Mapping[str, Edits]
    edits: Edits = AS_IT_IS  # whose prediction stands beside the model's own
    model: str = "tiny-gpt"


@dataclass
class Visitor:
    number: int
    tab: Tab
    text: str
    speaks: str

    @property
    def place(self) -> tuple[int, int]:
        """The head it looks at."""
        return self.number % LAYERS, self.number % HEADS

    def wish(self, layer: int, head: int) -> Wish:
        """By turns: a model, two ways to scale, a mask, heads that are off, a head's softmax."""
        match self.number % 6:
            case 0:
                model = MODELS[self.number // 6]
                return Wish("", {"model": model}, {"map": AS_IT_IS}, model=model)
            case 1:
                sharp = Edits(scale=1 / 2, temperature=0.5)
                said = {"divisor": "2.0", "temperature": "0.5", "scope": "all"}
                return Wish("scaling", said, {"own": AS_IT_IS, "other": sharp}, sharp)
            case 2:
                undivided = Edits(scale=1.0, at=frozenset({(layer, head)}))
                return Wish("scaling", {}, {"own": AS_IT_IS, "other": undivided}, undivided)
            case 3:
                n, width = len(recorded("tiny-gpt", self.text, AS_IT_IS).token_ids), 2 + self.number // 6
                near = Edits(allowed=Cells.of(masks.sliding_window(n, width)))
                return Wish("masks", {"mask": "window", "window": str(width)}, {"weights": near}, near)
            case 4:
                off = frozenset({(2, 5), (0, self.number // 6), *((1, other) for other in range(6))})
                said = "-".join(f"{at}.{other}" for at, other in sorted(off))
                return Wish("many_heads", {"off": said}, {}, Edits(ablated=off))
            case _:
                return Wish("inside_one_head", {"step": "softmax"}, {"weights": AS_IT_IS})

    async def come(self) -> None:
        layer, head = self.place
        wish = self.wish(layer, head)
        address = {"text": self.text, "layer": str(layer), "head": str(head), "query": "3", "key": "1", **wish.settings}
        self._check(await self.tab.open(wish.page, address), layer, head)

    async def choose(self, layer: int, head: int, number: int) -> None:
        value = {"layer": layer, "head": head, "query": 3, "key": 1}
        self._check(await self.tab.trigger("choice", "choice", {"number": number, "value": value}), layer, head)

    def _check(self, answer: Answer, layer: int, head: int) -> None:
        assert not answer.exceptions
        wish = self.wish(layer, head)
        box = self.tab.element("sentence")
        assert (box.value or box.default) == self.text
        assert _hangul(box.label) == (self.speaks == "ko")
        for key, edits in wish.maps.items():
            seen = Seen(text=self.text, layer=layer, head=head, model=wish.model, edits=edits)
            figure = self.tab.figure(key)
            assert not wrong(seen, *map_in(figure))
            assert _hangul(figure["layout"]["title"]["text"].replace(self.text, "")) == (self.speaks == "ko")
        if wish.edits != AS_IT_IS:
            before, after = (recorded("tiny-gpt", self.text, edits).logits[-1] for edits in (AS_IT_IS, wish.edits))
            expected = change_of(before, after, 5)
            bars = [np.sort(np.asarray(bar["x"], dtype=float)) for bar in self.tab.figure("change")["data"][:2]]
            for shown, probabilities in zip(bars, (expected.before, expected.after), strict=True):
                np.testing.assert_allclose(shown, np.sort(np.asarray(probabilities, dtype=float)), atol=1e-5)


def _hangul(text: str) -> bool:
    return any("가" <= letter <= "힣" for letter in text)


def _texts() -> list[str]:
    """All of them different, English and Korean, but for the last six: those of the first six, in other places."""
    random = Random(9)  # noqa: S311  the same each time
    texts = [(korean if number % 4 == 1 else english)(random) for number in range(VISITORS - 6)]
    assert len(set(texts)) == len(texts)
    return [*texts, *(texts[(number + 1) % 6] for number in range(6))]


async def _visit(address: str) -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(LONGEST):
        visitors = []
        for number, text in enumerate(_texts()):
            speaks = "ko" if number % 3 == 1 else "en"
            tab = await stack.enter_async_context(Tab.opened(address, locale={"ko": "ko-KR", "en": "en-US"}[speaks]))
            visitors.append(Visitor(number, tab, text, speaks))

        await asyncio.gather(*(visitor.come() for visitor in visitors))
        first = [_page(visitor) for visitor in visitors]
        for visitor, page in zip(visitors, first, strict=True):
            strangers, drawn = {other.text for other in visitors} - {visitor.text}, b"".join(page)
            assert not [text for text in strangers if any(form in drawn for form in _forms(text))]

        others = [((layer + 1) % LAYERS, (head + 2) % HEADS) for layer, head in (visitor.place for visitor in visitors)]
        await asyncio.gather(*(visitor.choose(*place, 1) for visitor, place in zip(visitors, others, strict=True)))
        await asyncio.gather(*(visitor.choose(*visitor.place, 2) for visitor in visitors))
        for visitor, page in zip(visitors, first, strict=True):
            assert _page(visitor) == page


def _forms(text: str) -> tuple[bytes, ...]:
    """As it may stand on a page: as it is, in JSON, in an address."""
    return text.encode(), json.dumps(text)[1:-1].encode(), quote(text).encode(), quote_plus(text).encode()


def _page(visitor: Visitor) -> list[bytes]:
    """All that stands on the page, but for what counts the visitor's clicks, and places where work showed itself."""
    drawn = visitor.tab.elements.values()
    kept = [e for e in drawn if e.WhichOneof("type") != "empty" and not e.bidi_component.id.endswith("-choice")]
    return sorted(element.SerializeToString(deterministic=True) for element in kept)


def test_thirty_sessions_do_not_touch(tmp_path: Path) -> None:
    """Different texts, edits, pages, models and languages at the same time, and each again after all have acted."""
    # where a browser test has been, this thread has a loop of its own
    with served_app(tmp_path) as address, ThreadPoolExecutor(1) as other:
        other.submit(lambda: asyncio.run(_visit(address))).result()
