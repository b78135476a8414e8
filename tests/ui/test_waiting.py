"""The bar over long work, and what it says while other work comes first."""

from unittest.mock import MagicMock

import pytest

from viz_core.ui import waiting
from viz_core.ui.workshop import Progress


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    found = MagicMock()
    monkeypatch.setattr(waiting, "st", found)
    return found


def test_the_bar_says_the_place_in_line_then_how_far_it_is(page: MagicMock) -> None:
    with waiting.shown(page, "x", lambda progress: f"{progress.done} of {progress.total}", lambda: None) as report:
        for progress in (Progress(ahead=2), Progress(ahead=1), Progress(3, 6)):
            report(progress)
    bar = page.progress.return_value
    said = [call.args for call in bar.progress.call_args_list]
    assert said == [(0.0, "Waiting: 2 before you"), (0.0, "Waiting: 1 before you"), (0.5, "3 of 6")]
    assert page.progress.call_args.args == (0.0, "Waiting: 2 before you")
    assert page.button.call_args.args == ("Cancel",), "there is a way out while it waits"


def test_work_without_a_place_says_beside_the_page_that_it_waits(page: MagicMock) -> None:
    report = waiting.aside()
    assert report is not None
    report(Progress(1, 2))
    assert not page.toast.called, "nothing is said of work that has begun"
    report(Progress(ahead=1))
    page.toast.assert_called_once_with("Waiting: 1 before you")
    report(Progress(ahead=1))
    page.toast.return_value.toast.assert_called_once_with("Waiting: 1 before you")


def test_outside_of_the_app_nothing_is_said(page: MagicMock) -> None:
    page.runtime.exists.return_value = False
    assert waiting.aside() is None
