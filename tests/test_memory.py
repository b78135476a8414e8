"""The allocator setting."""

import ctypes

import pytest

from viz_core.memory import keep_freed_memory


def test_it_is_taken_where_there_is_glibc() -> None:
    assert keep_freed_memory() == hasattr(ctypes.CDLL(None), "gnu_get_libc_version")


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())
    assert not keep_freed_memory()
