"""The address of a view."""

from viz_core.ui.state import View, address_of


def test_only_what_differs_from_the_default_is_in_the_address() -> None:
    assert address_of(View()) == {}
    assert address_of(View(layer=2, step="mask")) == {"layer": "2", "step": "mask"}


def test_an_empty_text_is_a_text() -> None:
    assert address_of(View(text="")) == {"text": ""}


def test_a_text_no_address_can_hold_stays_out() -> None:
    assert "text" in address_of(View(text="가" * 6_000))
    assert "text" not in address_of(View(text="가" * 10_000))
    assert address_of(View(text="가" * 10_000, head=3)) == {"head": "3"}
