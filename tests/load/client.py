"""A visitor without a browser: what Streamlit's page sends and hears over its websocket, as Chromium was seen to do it
(Streamlit 1.67): widget states sent whole, messages kept and named by their hashes, fragments run by themselves.
"""

import asyncio
import base64
import json
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import numpy as np
from numpy.typing import NDArray
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

KEPT_RUNS = 2  # how long the page keeps a message that is no longer shown (global.maxCachedMessageAge)
EARLY_FOR_RERUN, FRAGMENT_RAN, RAN = 2, 3, 0  # how a script can have finished
Path = tuple[int, ...]
TEXTS = {"text_input", "text_area"}  # the kinds of widgets the app has, by how they tell their value
LISTS = {"button_group", "multiselect"}


class Failed(AssertionError):
    """The server did not answer as it should."""


@dataclass
class Answer:
    """What came of one thing that the visitor did.

    came     key of an element → seconds until it came, whether sent anew or named by its hash
    seconds  until the script had run to its end
    sent     bytes on the wire, from the server
    """

    came: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    sent: int = 0
    exceptions: list[str] = field(default_factory=list)


@dataclass
class _Kept:
    message: ForwardMsg
    run: int


class _Counting(ClientConnection):
    """Counts the bytes on the wire."""

    received = 0

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        super().data_received(data)


class Tab:
    """One open page of the app; `elements` is what stands on it. Do one thing after the other."""

    def __init__(self, socket: _Counting, address: str, locale: str) -> None:
        self._socket, self._address, self._locale = socket, address, locale
        self.query, self.page = "", ""
        self.pages: dict[str, str] = {}  # name in the address → hash
        self.elements: dict[Path, Element] = {}
        self._fragments: dict[Path, str] = {}
        self._ran: dict[Path, int] = {}  # the run in which each element was last drawn
        self._values: dict[str, WidgetState] = {}
        self._kept: dict[str, _Kept] = {}
        self._runs = 0
        self._of_run: list[str] = []  # the fragments that a run is of; none: the whole page

    @classmethod
    @asynccontextmanager
    async def opened(cls, address: str, *, locale: str = "en-US") -> AsyncIterator[Self]:
        """`address` is that of the app, http://host:port. Nothing has run yet: `open` a page next."""
        token = await asyncio.to_thread(_cookie, address)
        place = urlsplit(address)
        async with connect(
            f"ws{'s' * (place.scheme == 'https')}://{place.netloc}{place.path.rstrip('/')}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit"), Subprotocol(token.partition("=")[2] or "PLACEHOLDER_AUTH_TOKEN")],
            origin=f"{place.scheme}://{place.netloc}",
            additional_headers={"Cookie": token} if token else None,
            create_connection=_Counting,
            open_timeout=60,
            max_size=None,
            max_queue=None,
            proxy=None,
        ) as socket:
            yield cls(socket, address, locale)

    # -- what a visitor does ---------------------------------------------------------------------------------

    async def open(self, page: str = "", query: dict[str, str] | None = None) -> Answer:
        """Come to a page by its address; `page` is its name in it, "" for the first."""
        self.query, self.page, self._values = urlencode(query or {}), "", {}
        message = BackMsg()
        message.rerun_script.page_name = page
        return await self._run(message)

    async def follow(self, page: str) -> Answer:
        """Click the link to a page, with what the link carries along."""
        wanted = self.pages[page]
        links = [element.page_link for element in self.elements.values() if element.HasField("page_link")]
        link = next(link for link in links if link.page_script_hash == wanted)
        self.query, self.page, self._values = link.query_string, wanted, {}
        return await self._run(BackMsg())

    async def change(self, key: str, value: str | bool | float | list[str]) -> Answer:
        """Give a widget another value, as a visitor does: text, the words of an option, a number, on or off."""
        path, kind, widget = self._widget(key)
        state = _state(widget.id, kind, value)
        self._values[widget.id] = state
        return await self._run(BackMsg(), fragment=self._fragments[path])

    async def trigger(self, key: str, event: str, value: Any) -> Answer:
        """What setTriggerValue(event, value) of the component of that key does."""
        path, _kind, component = self._widget(key)
        state = WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{component.id}__events")
        state.json_trigger_value = json.dumps([{"event": event, "value": value}], separators=(",", ":"))
        return await self._run(BackMsg(), fragment=self._fragments[path], once=state)

    # -- what stands on the page -----------------------------------------------------------------------------

    def element(self, key: str) -> Any:
        """The widget, component or figure of that key. Raises Failed where there is none."""
        return self._widget(key)[2]

    def figure(self, key: str) -> dict[str, Any]:
        """A Plotly figure, its arrays as NumPy's."""
        figure: dict[str, Any] = json.loads(self.element(f"{key}-figure").spec, object_hook=_array)
        return figure

    def options(self, key: str) -> list[str]:
        """The words on the buttons of a group."""
        return [option.content for option in self.element(key).options]

    def words(self) -> str:
        """All Markdown on the page."""
        drawn = [element.markdown.body for element in self.elements.values() if element.HasField("markdown")]
        return "\n".join(drawn)

    def has(self, key: str) -> bool:
        return any(_key(getattr(_inside(element)[1], "id", "")) == key for element in self.elements.values())

    def _widget(self, key: str) -> tuple[Path, str, Any]:
        for path, element in self.elements.items():
            kind, inside = _inside(element)
            if _key(getattr(inside, "id", "")) == key:
                return path, kind, inside
        raise Failed(f"nothing of the key {key} on {self.page} ?{self.query}")

    # -- the protocol ----------------------------------------------------------------------------------------

    async def _run(self, message: BackMsg, fragment: str = "", once: WidgetState | None = None) -> Answer:
        asked = message.rerun_script
        asked.query_string, asked.page_script_hash, asked.fragment_id = self.query, self.page, fragment
        asked.widget_states.widgets.extend([*self._values.values(), *([once] if once else [])])
        asked.cached_message_hashes.extend(self._kept)
        context = asked.context_info
        context.timezone, context.timezone_offset, context.locale = "UTC", 0, self._locale
        context.url, context.is_embedded, context.color_scheme = self._address + "/", False, "light"
        answer, before, began = Answer(), self._socket.received, time.perf_counter()
        await self._socket.send(message.SerializeToString())
        while not self._hear(await self._next(), answer, began):
            pass
        answer.seconds, answer.sent = time.perf_counter() - began, self._socket.received - before
        return answer

    async def _next(self) -> ForwardMsg:
        data = await self._socket.recv()
        if isinstance(data, str):
            raise Failed(f"a text came, not a message: {data[:200]}")
        heard = ForwardMsg()
        heard.ParseFromString(data)
        metadata = heard.metadata
        if heard.metadata.cacheable:
            self._kept[heard.hash] = _Kept(heard, self._runs)
        if heard.WhichOneof("type") == "ref_hash":
            if heard.ref_hash not in self._kept:
                raise Failed(f"the server names a message that this page does not have: {heard.ref_hash}")
            kept = self._kept[heard.ref_hash]
            kept.run, heard = self._runs, kept.message
            heard.metadata.CopyFrom(metadata)  # where it goes now
        return heard

    def _hear(self, heard: ForwardMsg, answer: Answer, began: float) -> bool:
        """Whether the script has run to its end."""
        match heard.WhichOneof("type"):
            case "new_session":
                self._of_run = list(heard.metadata.run.fragment_ids)
            case "navigation":
                self.page = heard.navigation.page_script_hash
                self.pages = {page.url_pathname: page.page_script_hash for page in heard.navigation.app_pages}
            case "page_info_changed":
                self.query = heard.page_info_changed.query_string
            case "page_not_found":
                answer.exceptions.append(f"no page {heard.page_not_found.page_name}")
            case "session_event" if heard.session_event.HasField("script_compilation_exception"):
                answer.exceptions.append(str(heard.session_event.script_compilation_exception))
            case "delta" if heard.delta.WhichOneof("type") == "new_element":
                self._draw(heard, answer, time.perf_counter() - began)
            case "delta" if tuple(heard.metadata.delta_path) in self.elements:  # a container takes its place
                self._drop(tuple(heard.metadata.delta_path))
            case "script_finished":
                return self._finish(heard.script_finished)
        return False

    def _draw(self, heard: ForwardMsg, answer: Answer, after: float) -> None:
        path, element = tuple(heard.metadata.delta_path), heard.delta.new_element
        for within in [other for other in self.elements if other[: len(path)] == path]:
            self._drop(within)
        self.elements[path], self._fragments[path], self._ran[path] = element, heard.delta.fragment_id, self._runs
        kind, inside = _inside(element)
        if kind == "exception":
            answer.exceptions.append(f"{inside.type}: {inside.message}")
        if key := _key(getattr(inside, "id", "")):
            answer.came[key] = after
        state = _told(kind, inside)
        if state and (inside.set_value or inside.id not in self._values):
            self._values[inside.id] = state

    def _drop(self, path: Path) -> None:
        del self.elements[path], self._fragments[path], self._ran[path]

    def _finish(self, how: int) -> bool:
        """What was not drawn again goes, as do messages that are kept for nothing."""
        if how not in {EARLY_FOR_RERUN, FRAGMENT_RAN, RAN}:
            raise Failed(f"the script ended with {how}")
        for path in list(self.elements):
            if self._ran[path] < self._runs and (not self._of_run or self._fragments[path] in self._of_run):
                self._drop(path)
        standing = {getattr(_inside(element)[1], "id", "") for element in self.elements.values()}
        self._values = {name: state for name, state in self._values.items() if name in standing}
        self._runs += 1
        for name, kept in list(self._kept.items()):
            ours = not self._of_run or kept.message.delta.fragment_id in self._of_run
            if ours and self._runs - kept.run > KEPT_RUNS:
                del self._kept[name]
        return how != EARLY_FOR_RERUN


def _cookie(address: str) -> str:
    """What the server's first answer sets: _streamlit_xsrf=… ("" where it asks for none)."""
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=60) as answer:  # noqa: S310  our own server
        return str(answer.headers.get("Set-Cookie", "")).partition(";")[0]


def _inside(element: Element) -> tuple[str, Any]:
    """The kind of an element, and what is of that kind alone."""
    kind = element.WhichOneof("type") or ""
    return kind, getattr(element, kind) if kind else element


def _key(name: str) -> str:
    """The key in the app's code, of the id that Streamlit makes: $$ID-hash-key."""
    return name.split("-", 2)[2] if name.startswith("$$ID-") else ""


def _told(kind: str, widget: Any) -> WidgetState | None:
    """What the page says of a widget that nobody has touched; None of what is no widget."""
    if kind in TEXTS | {"checkbox", "number_input"}:
        return _state(widget.id, kind, widget.value if widget.set_value else widget.default)
    if kind == "selectbox":
        if widget.set_value:
            return _state(widget.id, kind, widget.raw_value if widget.HasField("raw_value") else None)
        return _state(widget.id, kind, widget.options[widget.default] if widget.HasField("default") else None)
    if kind in LISTS or (kind == "slider" and widget.options):
        options = [getattr(option, "content", option) for option in widget.options]
        said = list(widget.raw_value if kind == "slider" else widget.raw_values)
        return _state(widget.id, kind, said if widget.set_value else [options[int(at)] for at in widget.default])
    if kind == "slider":
        raise TypeError(f"a slider of numbers, {widget.label!r}: the app had none when this was written")
    return None


def _state(name: str, kind: str, value: str | bool | float | list[str] | None) -> WidgetState:
    state = WidgetState(id=name)
    if value is None:  # nothing is chosen
        return state
    if kind in TEXTS or kind == "selectbox":
        state.string_value = str(value)
    elif kind in LISTS or kind == "slider":
        state.string_array_value.data.extend(value if isinstance(value, list) else [str(value)])
    elif kind == "checkbox":
        state.bool_value = bool(value)
    elif kind == "number_input" and not isinstance(value, list):
        state.double_value = float(value)
    else:
        raise TypeError(f"{kind} is no widget that can be changed")
    return state


def _array(entry: dict[str, Any]) -> dict[str, Any] | NDArray[Any]:
    """Plotly's typed arrays."""
    if "bdata" not in entry:
        return entry
    values = np.frombuffer(base64.b64decode(entry["bdata"]), dtype=np.dtype(entry["dtype"]).newbyteorder("<"))
    shape = entry.get("shape")
    return values.reshape([int(side) for side in str(shape).split(",")]) if shape else values
