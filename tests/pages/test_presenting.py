"""Presenter mode through AppTest: figures are those of a projector, locks are kept, hostile addresses are not heard."""

import json
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import EVERY_PAGE, SENTENCE, opened
from viz_core.figures import attention_heatmap
from viz_core.figures.enlarged import LEAST_TYPE
from viz_core.ui import presenting
from viz_core.ui.presenting import locks

CHAIN = "pages/inside_one_head.py"


def layouts(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(found.proto.spec)["layout"] for found in app.get("plotly_chart")]


def limits(app: AppTest) -> list[float]:
    traces = [trace for found in app.get("plotly_chart") for trace in json.loads(found.proto.spec)["data"]]
    return [trace["zmax"] for trace in traces if trace["type"] == "heatmap" and trace.get("showscale", True)]


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_page_can_be_presented(page: str) -> None:
    app = opened(page, present="1")
    assert not app.exception
    assert all(layout["font"]["size"] >= LEAST_TYPE for layout in layouts(app))
    assert app.query_params.get("present") in (["1"], "1")


@pytest.mark.parametrize("said", ["", "0", "2", "yes", "<script>", "1" * 5000])
def test_anything_but_1_does_not_present(said: str) -> None:
    app = opened("app.py", present=said)
    assert not app.exception
    assert all(layout["font"]["size"] < LEAST_TYPE for layout in layouts(app))


def test_the_limits_of_the_moment_of_locking_hold_for_other_heads() -> None:
    where = {"text": SENTENCE, "layer": "1", "step": "scores", "present": "1"}
    first = opened(CHAIN, head="2", locked="1", **where)
    kept = first.session_state["view"].settings
    locked = dict(kept)["locked"]
    assert locked.startswith("1;inside_one_head.scores.")
    assert limits(opened(CHAIN, head="3", **where)) != pytest.approx(limits(first), rel=1e-3)
    other = opened(CHAIN, head="3", locked=locked, **where)
    assert limits(other)[0] == pytest.approx(limits(first)[0], rel=1e-4)
    desk = opened(CHAIN, head="3", **(where | {"locked": locked, "present": ""}))
    assert limits(desk)[0] != pytest.approx(limits(first)[0], rel=1e-3), "on a desk nothing is locked"


@pytest.mark.parametrize(
    "said",
    [
        "1;inside_one_head.scores.scores~nan",
        "1;inside_one_head.scores.scores~0",
        "1;~~;;x~-3",
        "1;a~1e99",
        "2",
        "1;" * 900,
    ],
)
def test_a_lock_that_is_none_is_not_heard(said: str) -> None:
    where = {"text": SENTENCE, "layer": "1", "head": "2", "step": "scores", "present": "1"}
    app = opened(CHAIN, locked=said, **where)
    assert not app.exception
    assert limits(app) == pytest.approx(limits(opened(CHAIN, **where)), rel=1e-4)


@pytest.mark.parametrize(
    ("said", "kept"),
    [([1920, 1080], (1920, 1080)), ([1, 99_999], (320, 8000)), ([1.5, 2], None), ("wide", None), ([True, 720], None)],
)
def test_the_size_of_a_screen(said: object, kept: tuple[int, int] | None) -> None:
    held: dict[str, Any] = {}
    with patch.object(presenting.st, "session_state", held):
        presenting.saw(said)
        assert presenting.screen() == (kept or presenting.PROJECTOR)


def test_only_so_many_maps_are_locked() -> None:
    with patch.object(locks.state, "setting", lambda _name: ";".join(["1", *(f"m{i}~{i + 1}" for i in range(99))])):
        assert locks.locked()
        assert len(locks._limits()) == 99  # what an address says is bounded by its length; what is added, by MOST


def test_large_limits_are_held_too() -> None:
    """They are written with a power of ten."""
    kept = {"locked": "1", "part": ""}
    values = [np.array([[0.0, most]], dtype=np.float32) for most in (2e6, 5e6)]
    rule = {"title": "Scores", "subtitle": "", "theme": "light", "unit": "score"}
    with (
        patch.object(locks.state, "setting", lambda name: kept.get(name, "")),
        patch.object(locks.state, "put_setting", kept.__setitem__),
        patch.object(locks.st, "session_state", {"page": "matrix_lab"}),
    ):
        ends = [locks.held_here(attention_heatmap(one, ["a", "b"], rows=["a"], **rule), "map") for one in values]
    assert [figure.data[-1].zmax for figure in ends] == [2e6, 2e6]
