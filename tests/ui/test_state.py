"""The view, and the address that mirrors it."""

from types import SimpleNamespace

import pytest

from viz_core.ui import state
from viz_core.ui.state import View, address_of


class Address(dict[str, str]):
    """Stands in for st.query_params."""

    def to_dict(self) -> dict[str, str]:
        return dict(self)

    def from_dict(self, address: dict[str, str]) -> None:
        self.clear()
        self.update(address)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(state.time, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace) -> Address:
    """The address a browser shows to a new session."""
    address = Address()
    monkeypatch.setattr(state, "st", SimpleNamespace(session_state={}, query_params=address))
    return address


def run(**changes: object) -> View:
    """One run of a page; with changes, the run that a click causes, whose callback comes first."""
    if changes:
        state.show(**changes)
    seen = state.view()
    state.mirror()
    return seen


def test_only_what_differs_from_the_default_is_in_the_address() -> None:
    assert address_of(View()) == {}
    assert address_of(View(layer=2, settings=(("step", "mask"),))) == {"layer": "2", "step": "mask"}


def test_an_empty_text_is_a_text() -> None:
    assert address_of(View(text="")) == {"text": ""}


def test_a_text_no_address_can_hold_stays_out() -> None:
    assert "text" in address_of(View(text="가" * 6_000))
    assert address_of(View(text="가" * 10_000, head=3)) == {"head": "3"}


def test_a_models_name_of_no_end_is_none(browser: Address) -> None:
    browser.from_dict({"model": "x" * 301, "head": "2"})
    assert (run().model, run().head) == (View().model, 2)
    browser.from_dict({"model": "x" * 300})
    assert run().model == "x" * 300


def test_a_link_is_adopted(browser: Address) -> None:
    browser.update(text="hello", layer="2", key="7", nonsense="x")
    assert run() == View(text="hello", layer=2, key=7)


@pytest.mark.parametrize("value", ["x", "-5", "7e9", "²", "", "9" * 5_000])
def test_a_number_that_is_none_is_not_chosen(browser: Address, value: str) -> None:
    browser.update(layer=value)
    assert run().layer == -1


def test_a_choice_is_kept_and_written(browser: Address) -> None:
    run()
    run(layer=3)
    assert browser == {"layer": "3"}
    assert run() == View(layer=3)


def test_back_restores_all_of_the_view_before(browser: Address, clock: SimpleNamespace) -> None:
    run(text="A")
    run(layer=1, head=2)
    clock.now += 60
    browser.from_dict({"text": "A"})
    assert run() == View(text="A")
    assert browser == {"text": "A"}


def test_back_to_the_bare_address_restores_the_start(browser: Address, clock: SimpleNamespace) -> None:
    run()
    run(text="A", layer=1)
    clock.now += 60
    browser.clear()
    assert run() == View()


def test_an_address_still_on_its_way_undoes_nothing(browser: Address, clock: SimpleNamespace) -> None:
    """Two quick clicks: the second is sent before the browser has taken the address of the first."""
    run(query=1)
    clock.now += 60
    run(query=2)
    clock.now += 5  # a slow network
    browser.from_dict({"query": "1"})
    assert run(query=3).query == 3
    assert browser == {"query": "3"}


def test_back_soon_after_a_click_is_back(browser: Address, clock: SimpleNamespace) -> None:
    run(query=1)
    run(query=2)
    clock.now += 0.6
    browser.from_dict({"query": "1"})
    assert run().query == 1


def test_a_text_too_long_for_the_address_survives(browser: Address) -> None:
    run(text="가" * 10_000)
    assert run(layer=1).text == "가" * 10_000
    assert browser == {"layer": "1"}
    assert run().text == "가" * 10_000


def test_what_is_typed_while_a_link_still_loads_is_kept(browser: Address) -> None:
    browser.update(text="from the link")
    state.view()  # the first run is interrupted before its end
    state.show(text="typed meanwhile")
    assert state.view().text == "typed meanwhile"


def test_a_setting_stands_in_the_address_and_is_adopted_from_it(browser: Address, clock: SimpleNamespace) -> None:
    run()
    state.show_setting("divisor", "2.0")
    run(layer=1)
    assert browser == {"layer": "1", "divisor": "2.0"}
    clock.now += 60
    browser.from_dict({"divisor": "4.0", "part": "why"})
    assert run().settings == (("divisor", "4.0"), ("part", "why"))
    assert state.setting("divisor") == "4.0"
    assert state.setting("temperature") == ""


def test_a_setting_back_at_its_default_leaves_the_address(browser: Address) -> None:
    state.show_setting("divisor", "2.0")
    run(layer=1)
    state.show_setting("divisor", "")
    run(layer=1)
    assert browser == {"layer": "1"}


def test_a_setting_of_an_address_is_bounded(browser: Address) -> None:
    browser.update(divisor="9" * (state.LONGEST_SETTING + 1), temperature="")
    assert run().settings == ()


def test_a_setting_too_long_for_an_address_stays_in_the_session(browser: Address) -> None:
    state.show_setting("english", "dog " * state.LONGEST_SETTING)
    run(layer=1)
    assert browser == {"layer": "1"}
    run()
    assert state.setting("english") == "dog " * state.LONGEST_SETTING


def test_no_setting_that_an_address_may_not_hold(browser: Address) -> None:
    with pytest.raises(KeyError, match="'nonsense' is no setting"):
        state.setting("nonsense")


def test_the_longest_goes_first_where_an_address_cannot_hold_all() -> None:
    """A proxy or a server would refuse it whole."""
    many = tuple((name, "가" * 3_900) for name in ("by", "one"))
    address = address_of(View(text="short", settings=many))
    assert "text" in address
    assert len(address) == 2
