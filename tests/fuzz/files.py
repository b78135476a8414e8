"""Small files that are right, and what can become of them."""

import json
import struct
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.fuzz import texts

Change = Callable[[bytes], bytes]
LENGTHS = (
    0,
    1,
    2,
    7,
    8,
    9,
    2**16,
    2**31 - 1,
    2**31,
    2**32,
    10**8,
    10**8 + 1,
    2**62,
    2**63 - 1,
    2**63,
    2**64 - 8,
    2**64 - 1,
)
WHOLE = (
    -(10**30),
    -(2**63),
    -(10**9),
    -1,
    0,
    1,
    2,
    3,
    7,
    64,
    1_000,
    10**6,
    10**8,
    10**9,
    2**31,
    2**63 - 1,
    2**63,
    10**30,
)
KINDS = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F4", "I64", "I32", "I8", "U8", "BOOL", "C64", "X", "", "f32")
DEEP = (b"[" * 100_000, b'{"a":' * 100_000, b"[" * 500 + b"]" * 500, b'{"a":' * 900 + b"1" + b"}" * 900)
NO_JSON = (
    b"",
    b"null",
    b"[]",
    b"3",
    b'"x"',
    b"{",
    b"{}",
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b"NaN",
    b"1" * 10_000,
    b'{"a": 1e999}',
    *DEEP,
)

places = st.integers(0, 2**31)
values = st.one_of(
    st.sampled_from(WHOLE),
    st.sampled_from(
        [None, True, False, "", "x", [], {}, [[]], [None], {"": None}, 0.5, -0.0, 1e308, float("inf"), float("nan")]
    ),
    st.sampled_from(
        ["gelu", "auto", "1", "float16", "../../etc/passwd", "/dev/zero", "http://127.0.0.1:9/", "\0", "a" * 10_000]
    ),
    st.sampled_from(
        [[10**9] * 3, list(range(300)), {"a": {"b": {"c": [1]}}}, [{}], ["x"] * 50, {str(n): n for n in range(99)}]
    ),
    texts.short,
    st.integers(),
    st.floats(),
)

# -- any file ------------------------------------------------------------------------------------------------


def cut(at: int) -> Change:
    return lambda content: content[: at % (len(content) + 1)]


def flipped(at: int, put: bytes) -> Change:
    return lambda content: content[: at % (len(content) or 1)] + put + content[at % (len(content) or 1) + len(put) :]


def grown(put: bytes, times: int) -> Change:
    return lambda content: content + put * times


damages = st.one_of(
    st.builds(cut, places),
    st.builds(cut, st.integers(0, 200)),
    st.builds(flipped, places, st.binary(min_size=1, max_size=9)),
    st.builds(flipped, st.integers(0, 900), st.binary(min_size=1, max_size=4)),
    st.builds(grown, st.binary(min_size=1, max_size=4), st.sampled_from([1, 8, 5_000])),
    st.binary(max_size=40).map(lambda found: lambda _content: found),
)

# -- JSON ----------------------------------------------------------------------------------------------------


def _spots(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in it, by the way to it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value[:40]) if isinstance(value, list) else ()
    return [at, *(spot for name, found in inner for spot in _spots(found, (*at, name)))]


def replaced(value: Any, at: int, put: Any) -> Any:
    """With `put` at one of its places; where it is the first, in place of all."""
    spots = _spots(value)
    way = spots[at % len(spots)]
    if not way:
        return put
    within = value
    for name in way[:-1]:
        within = within[name]
    within[way[-1]] = put
    return value


def removed(value: Any, at: int) -> Any:
    names = list(value) if isinstance(value, dict) else []
    return {name: value[name] for name in names if name != names[at % len(names)]} if names else value


def _as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def in_json(change: Callable[[Any], Any]) -> Change:
    """On what is JSON no more nothing is changed."""

    def made(content: bytes) -> bytes:
        try:
            return _as_json(change(json.loads(content)))
        except (ValueError, RecursionError):
            return content

    return made


def of_json(names: st.SearchStrategy[str]) -> st.SearchStrategy[Change]:
    """`names` are entries that mean something."""
    return st.one_of(
        st.builds(lambda at, put: in_json(lambda value: replaced(value, at, put)), places, values),
        st.builds(
            lambda name, put: in_json(lambda value: value | {name: put} if isinstance(value, dict) else put),
            names,
            values,
        ),
        st.builds(lambda at: in_json(lambda value: removed(value, at)), places),
        st.sampled_from(NO_JSON).map(lambda found: lambda _content: found),
        damages,
    )


# -- safetensors ---------------------------------------------------------------------------------------------


def parted(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The header, and the numbers. Raises ValueError where there is none."""
    if len(content) < 8:
        raise ValueError("too short")
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    if not isinstance(header, dict):
        raise TypeError(header)
    return header, content[8 + length :]


def joined(header: bytes, numbers: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + numbers


def in_parts(change: Callable[[dict[str, Any], bytes], bytes]) -> Change:
    """`change` is given the header and the numbers; on what has none nothing is changed."""

    def made(content: bytes) -> bytes:
        try:
            return change(*parted(content))
        except (ValueError, TypeError, RecursionError):
            return content

    return made


def in_header(change: Callable[[dict[str, Any]], Any]) -> Change:
    return in_parts(lambda header, numbers: joined(_as_json(change(header)), numbers))


def in_tensor(at: int, name: str, put: Any) -> Change:
    """Another dtype, shape or place of one tensor."""

    def made(header: dict[str, Any]) -> Any:
        names = [found for found in header if isinstance(header[found], dict) and found != "__metadata__"]
        if names:
            header[names[at % len(names)]][name] = put
        return header

    return in_header(made)


def said_length(length: int) -> Change:
    return lambda content: struct.pack("<Q", length) + content[8:]


def twice(at: int) -> Change:
    """One name in the header twice."""

    def made(header: dict[str, Any], numbers: bytes) -> bytes:
        name = list(header)[at % (len(header) or 1)] if header else "x"
        again = _as_json(header)[:-1] + b"," + _as_json({name: header.get(name)})[1:]
        return joined(again, numbers)

    return in_parts(made)


def renamed(at: int, put: str) -> Change:
    def made(header: dict[str, Any]) -> Any:
        names = list(header)
        return {put if name == names[at % len(names)] else name: found for name, found in header.items()}

    return in_header(made)


def no_number(at: int, put: bytes) -> Change:
    """NaN or infinity among the numbers, or what is one."""

    def made(content: bytes) -> bytes:
        start = 8 + struct.unpack("<Q", content[:8])[0] if len(content) > 8 else 0
        place = start + at % max(len(content) - start, 1) // 4 * 4
        return content[:place] + put + content[place + len(put) :]

    return made


def padded(size: int) -> Change:
    return in_parts(lambda header, numbers: joined(_as_json(header) + b" " * size, numbers))


sizes = st.lists(st.sampled_from(WHOLE) | st.integers(0, 40), max_size=4)
of_safetensors = st.one_of(
    damages,
    damages,
    st.sampled_from(LENGTHS).map(said_length),
    st.builds(in_tensor, places, st.just("dtype"), st.sampled_from(KINDS) | values),
    st.builds(in_tensor, places, st.just("shape"), sizes | values),
    st.builds(in_tensor, places, st.just("data_offsets"), sizes | values),
    st.builds(twice, places),
    st.builds(
        renamed, places, texts.short | st.sampled_from(["__metadata__", "lm_head.weight", "transformer.wte.weight"])
    ),
    st.builds(
        no_number, places, st.sampled_from([b"\0\0\xc0\x7f", b"\0\0\x80\x7f", b"\xff\x7f\xff\x7f", b"\0\x7c\0\xfc"])
    ),
    st.sampled_from([1, 8, 10**6, 2 * 10**7]).map(padded),
    st.builds(lambda at, put: in_header(lambda header: replaced(header, at, put)), places, values),
    st.builds(lambda at: in_header(lambda header: removed(header, at)), places),
    st.builds(
        lambda put: in_header(lambda header: header | {"__metadata__": put}),
        values | st.dictionaries(texts.short, values, max_size=2),
    ),
    st.sampled_from(DEEP).map(lambda found: lambda content: joined(found, content[8:])),
)
