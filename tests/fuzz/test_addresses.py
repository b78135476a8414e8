"""Any view in an address and back; any address as a view, a link and a code."""

from dataclasses import asdict
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import strategies as st

from tests.fuzz import texts
from tests.fuzz.cases import fuzzed
from viz_core.figures.qr import QUIET, code_of
from viz_core.ui import state
from viz_core.ui.sharing import link

whole = st.integers(-2, 10**7) | st.integers()
names = st.sampled_from(sorted(state.SETTINGS))
views = st.builds(
    state.View,
    model=texts.texts,
    text=texts.texts,
    layer=whole,
    head=whole,
    query=whole,
    key=whole,
    settings=st.dictionaries(names, texts.texts, max_size=4).map(lambda found: tuple(sorted(found.items()))),
)
odd = st.one_of(texts.texts, st.integers().map(str), st.floats().map(str), st.text("0123456789-.,e+ _", max_size=12))
parameters = st.dictionaries(st.sampled_from([*asdict(state.View()), *sorted(state.SETTINGS)]) | texts.short, odd)


@fuzzed("addresses: views", few=50, many=2_000, view=views)
def test_a_view_returns_from_its_address(view: state.View) -> None:
    address = state.address_of(view)
    made = link._written("http://127.0.0.1:8501/masks", address)
    assert made.isascii()
    assert len(made) < state.LONGEST_URL + 3_000
    read = dict(parse_qsl(urlsplit(made).query, keep_blank_values=True))
    assert read == {name: value.encode("utf-8", "replace").decode() for name, value in address.items()}
    found = state.View(**(asdict(state.View()) | state._parsed(address)))
    for name in ("text", "model"):
        if name in address and len(address[name]) <= state.LONGEST_MODEL:
            assert getattr(found, name) == getattr(view, name)
    for name in ("layer", "head", "query", "key"):
        said = getattr(view, name)
        assert getattr(found, name) == (said if 0 <= said < 10 ** (state.MOST_DIGITS - 1) else -1)
    kept = {name: value for name, value in view.settings if 0 < len(value) <= state.LONGEST_SETTING}
    assert dict(found.settings).items() <= kept.items()


@fuzzed("addresses: of strangers", few=50, many=2_000, address=parameters)
def test_any_address_is_a_view(address: dict[str, str]) -> None:
    view = state.View(**(asdict(state.View()) | state._parsed(address)))
    assert all(
        isinstance(getattr(view, name), int) and getattr(view, name) >= -1 for name in ("layer", "head", "query", "key")
    )
    again = state._parsed(state.address_of(view))
    assert {name: again[name] for name in again if name != "text"} == {
        name: value for name, value in asdict(view).items() if name in again and name != "text"
    }


@fuzzed("addresses: QR codes", few=25, many=600, text=texts.texts)
def test_an_address_is_a_code_or_too_long_for_one(text: str) -> None:
    for address in (link._written("http://a/", {"text": text[:30_000]}), text[:30_000]):
        code = code_of(address)
        if code is None:
            assert len(address.encode("utf-8", "replace")) > 2_000
        else:
            assert code.side >= 21 + 2 * QUIET
            assert code.svg("x").count("<path") == 1


@pytest.mark.parametrize("url", ["", "http://h", "https://h:1/x", "http://[::1]:8501/p", "http://localhost/masks"])
@fuzzed("addresses: links", few=5, many=150, view=views)
def test_a_link_says_what_it_lacks(url: str, view: state.View) -> None:
    made = link._to(url, view)
    assert made.address.isascii()
    assert set(made.missing) <= {"text", "model", *(name for name, _value in view.settings)}
